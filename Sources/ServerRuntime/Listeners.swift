import HTTPServing
import Logging
import NIOCore
import ServiceLifecycle

/// The sockets a server listens on: the one for clients and, where that one speaks TLS or is not on
/// loopback, one on loopback for commands of this machine.
struct Listeners: Service {
    /// How long requests in flight may go on after the server was told to stop.
    static let shutdownDeadline = TimeAmount.seconds(30)

    private let configuration: ServerConfiguration
    private let clients: HTTPServer
    private let commands: HTTPServer?

    /// Where the sockets ended up.
    struct Bound {
        /// The URL for clients on this machine.
        let endpoint: String
        /// The plain loopback address for commands.
        let control: ListenAddress
    }

    init(configuration: ServerConfiguration, router: Router, logger: Logger) {
        self.configuration = configuration
        let tls = configuration.tls.map {
            HTTPTransportSecurity(certificatePath: $0.certificate, keyPath: $0.key)
        }
        clients = HTTPServer(
            configuration: HTTPServerConfiguration(
                host: configuration.address.host,
                port: configuration.address.port,
                transportSecurity: tls,
                errorResponse: router.refusal
            ),
            responder: router,
            logger: logger
        )
        let reachesLoopback = ["127.0.0.1", "0.0.0.0", "localhost"]
            .contains(configuration.address.host)
        commands =
            tls == nil && reachesLoopback
            ? nil
            : HTTPServer(
                configuration: HTTPServerConfiguration(
                    host: "127.0.0.1",
                    port: 0,
                    eventLoopThreads: 1,
                    errorResponse: router.refusal
                ),
                responder: router,
                logger: logger
            )
    }

    /// What both sockets have done so far.
    var statistics: HTTPServerStatistics {
        var sum = clients.statistics
        if let commands {
            let more = commands.statistics
            sum.connectionsOpen += more.connectionsOpen
            sum.connectionsAccepted += more.connectionsAccepted
            sum.requestsAnswered += more.requestsAnswered
            sum.requestsRefused += more.requestsRefused
        }
        return sum
    }

    /// Starts to listen.
    ///
    /// - Throws: ``ServerError``, among them ``ServerError/portTaken(_:)``.
    func start() async throws(ServerError) -> Bound {
        do {
            let port = try await clients.start().port ?? configuration.address.port
            let bound = ListenAddress(host: configuration.address.host, port: port)
            let control = try await commands?.start().port ?? port
            let scheme = configuration.tls == nil ? "http" : "https"
            return Bound(
                endpoint: "\(scheme)://\(bound.reachable)",
                control: ListenAddress(host: "127.0.0.1", port: control)
            )
        } catch let error as HTTPServerError {
            throw ServerError(error)
        } catch {
            throw .addressUnusable(configuration.address, cause: "\(error)")
        }
    }

    func run() async throws {
        try? await gracefulShutdown()
        await stop()
    }

    func stop() async {
        await clients.shutdownGracefully(deadline: Self.shutdownDeadline)
        await commands?.shutdownGracefully(deadline: Self.shutdownDeadline)
    }
}

extension ServerError {
    /// Puts the reason why a server does not listen in words for a person.
    init(_ error: HTTPServerError) {
        switch error {
        case .addressInUse(let host, let port):
            self = .portTaken(ListenAddress(host: host, port: port))
        case .addressUnavailable(let host, let port):
            self = .addressUnusable(
                ListenAddress(host: host, port: port),
                cause: "this machine has no such address"
            )
        case .permissionDenied(let host, let port):
            self = .addressUnusable(
                ListenAddress(host: host, port: port),
                cause: "ports below 1024 need a privilege; choose a higher one"
            )
        case .portInvalid(let port): self = .listenAddressInvalid(":\(port)")
        case .bindFailed(let host, let port, let code):
            self = .addressUnusable(
                ListenAddress(host: host, port: port),
                cause: DataFolder.systemCause(of: code)
            )
        case .certificateUnreadable(let path), .keyUnreadable(let path):
            self = .tlsUnusable(cause: "\(path) cannot be read")
        case .certificateInvalid(let path):
            self = .tlsUnusable(cause: "\(path) holds no PEM certificate")
        case .keyInvalid(let path):
            self = .tlsUnusable(cause: "\(path) holds no PEM private key without a passphrase")
        case .keyMismatch(let certificatePath, let keyPath):
            self = .tlsUnusable(cause: "the key \(keyPath) is not that of \(certificatePath)")
        case .alreadyStarted: self = .tlsUnusable(cause: "the server was started twice")
        }
    }
}
