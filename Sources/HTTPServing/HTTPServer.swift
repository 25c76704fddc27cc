import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server for HTTP/1.1 and 1.0, plain or over TLS.
///
/// The responder is held as an existential: one dynamic call per request, so that no module
/// above has to be compiled together with this one to be fast.
///
/// State: guarded by `life`. A server starts once and stops once.
public final class HTTPServer: Sendable {
    private enum Life {
        case new
        case starting
        case running(Running)
        case stopping(EventLoopFuture<Void>)
        case ended
    }

    /// What a running server has to end.
    private struct Running {
        let group: MultiThreadedEventLoopGroup
        let listener: any Channel
        let loops: [NIOLoopBound<ServingLoop>]
    }

    /// How many connections the system queues before they are accepted.
    private static let backlog: Int32 = 1024
    /// How many connections are accepted in one turn.
    private static let acceptsPerTurn: UInt = 16

    private let configuration: HTTPServerConfiguration
    private let responder: any HTTPResponder
    private let logger: Logger
    private let counters = ServerCounters()
    private let life = Mutex(Life.new)

    /// Makes a server; nothing happens before ``start()``.
    public init(
        configuration: HTTPServerConfiguration,
        responder: any HTTPResponder,
        logger: Logger
    ) {
        self.configuration = configuration
        self.responder = responder
        self.logger = logger
    }

    /// What the server has done so far.
    public var statistics: HTTPServerStatistics {
        counters.snapshot
    }

    // MARK: Starting

    /// Starts to listen.
    ///
    /// - Returns: The address it listens on, with the port that was taken.
    /// - Throws: ``HTTPServerError``.
    public func start() async throws -> SocketAddress {
        let isFirst = life.withLock { life in
            guard case .new = life else { return false }
            life = .starting
            return true
        }
        guard isFirst else { throw HTTPServerError.alreadyStarted }
        do {
            let running = try await listen()
            life.withLock { $0 = .running(running) }
            guard let address = running.listener.localAddress else {
                throw HTTPServerError.bindFailed(
                    host: configuration.host,
                    port: configuration.port,
                    code: 0
                )
            }
            return address
        } catch {
            life.withLock { $0 = .ended }
            throw error
        }
    }

    private func listen() async throws -> Running {
        guard (0...65535).contains(configuration.port) else {
            throw HTTPServerError.portInvalid(configuration.port)
        }
        let security = try configuration.transportSecurity?.makeContext()
        let threads = configuration.eventLoopThreads ?? System.coreCount
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, threads))
        do {
            let loops = try await makeLoops(group)
            let listener = try await bootstrap(group, loops, security)
                .bind(host: configuration.host, port: configuration.port).get()
            return Running(group: group, listener: listener, loops: loops)
        } catch {
            try? await group.shutdownGracefully()
            throw HTTPServerError(
                bindError: error,
                host: configuration.host,
                port: configuration.port
            )
        }
    }

    private func makeLoops(
        _ group: MultiThreadedEventLoopGroup
    ) async throws -> [NIOLoopBound<ServingLoop>] {
        var loops: [NIOLoopBound<ServingLoop>] = []
        for eventLoop in group.makeIterator() {
            let loop = try await eventLoop.submit { [configuration, responder, counters, logger] in
                let loop = ServingLoop(
                    eventLoop: eventLoop,
                    responder: responder,
                    configuration: configuration,
                    counters: counters,
                    logger: logger
                )
                return NIOLoopBound(loop, eventLoop: eventLoop)
            }.get()
            loops.append(loop)
        }
        return loops
    }

    private func bootstrap(
        _ group: MultiThreadedEventLoopGroup,
        _ loops: [NIOLoopBound<ServingLoop>],
        _ security: NIOSSLContext?
    ) -> ServerBootstrap {
        let connectionsMax = configuration.limits.connectionsMax
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: Self.acceptsPerTurn)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptGate(connectionsMax: connectionsMax)
                    )
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // One read per turn: the bound on unread input is exact, and connections take turns.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: Self.receiveAllocator)
            .childChannelOption(.writeBufferWaterMark, value: Self.waterMark)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let loop = loops.first { $0.eventLoop === channel.eventLoop }
                    guard let loop else { throw ChannelError.inappropriateOperationForState }
                    let pipeline = channel.pipeline.syncOperations
                    if let security {
                        try pipeline.addHandler(NIOSSLServerHandler(context: security))
                    }
                    try pipeline.addHandler(ConnectionHandler(loop: loop.value))
                }
            }
    }

    private static var receiveAllocator: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 4096, maximum: 256 * 1024)
    }

    /// At most the high mark and one piece wait in a connection for its client.
    private static var waterMark: ChannelOptions.Types.WriteBufferWaterMark {
        ChannelOptions.Types.WriteBufferWaterMark(low: 32 * 1024, high: 128 * 1024)
    }

    // MARK: Stopping

    /// Stops accepting, ends idle connections at once, and lets requests in flight finish.
    ///
    /// Connections that are not done after `deadline` are cut. Returns when every connection is
    /// closed and the threads have ended; calling it again waits for the same end.
    public func shutdownGracefully(deadline: TimeAmount) async {
        enum Part {
            case stop(Running, EventLoopPromise<Void>)
            case wait(EventLoopFuture<Void>)
            case nothing
        }
        let part: Part = life.withLock { life in
            switch life {
            case .running(let running):
                // The promise outlives the server's own threads, so it is not one of theirs.
                let loop = MultiThreadedEventLoopGroup.singleton.next()
                let promise = loop.makePromise(of: Void.self)
                life = .stopping(promise.futureResult)
                return .stop(running, promise)
            case .stopping(let end): return .wait(end)
            case .new, .starting, .ended: return .nothing
            }
        }
        switch part {
        case .stop(let running, let promise):
            await stop(running, deadline: deadline)
            promise.succeed()
        case .wait(let end): try? await end.get()
        case .nothing: break
        }
    }

    private func stop(_ running: Running, deadline: TimeAmount) async {
        try? await running.listener.close().get()
        let ends = running.loops.map { loop in
            loop.eventLoop.flatSubmit { loop.value.drain() }
        }
        let cuts = running.loops.map { loop in
            loop.eventLoop.scheduleTask(in: deadline) { loop.value.abort() }
        }
        for end in ends {
            try? await end.get()
        }
        for cut in cuts {
            cut.cancel()
        }
        try? await running.group.shutdownGracefully()
        life.withLock { $0 = .ended }
    }
}
