import Logging
import NIOCore

/// What the connections of one event loop share; confined to that loop.
///
/// Invariants:
/// - `output` is empty between the turns of connections;
/// - a sweep is scheduled exactly while there are connections.
final class ServingLoop {
    let eventLoop: any EventLoop
    let responder: any HTTPResponder
    let configuration: HTTPServerConfiguration
    let counters: ServerCounters
    let logger: Logger
    /// The bytes that the connection whose turn it is will send; its memory is used again.
    var output = ByteBuffer()
    private var date = HTTPDate()
    private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private var sweep: Scheduled<Void>?
    private var drained: EventLoopPromise<Void>?
    private let sweepInterval: TimeAmount

    init(
        eventLoop: any EventLoop,
        responder: any HTTPResponder,
        configuration: HTTPServerConfiguration,
        counters: ServerCounters,
        logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.responder = responder
        self.configuration = configuration
        self.counters = counters
        self.logger = logger
        let limits = configuration.limits
        let shortest = min(
            limits.headTimeout,
            limits.bodyIdleTimeout,
            limits.keepAliveTimeout,
            limits.writeStallTimeout,
            limits.lingerTimeout
        )
        let eighth = shortest.nanoseconds / 8
        sweepInterval = .nanoseconds(min(max(eighth, 5_000_000), 1_000_000_000))
    }

    /// The value of `Date` now.
    func dateText(at now: NIODeadline) -> String {
        date.text(at: now)
    }

    // MARK: Connections

    func connectionOpened(_ connection: ConnectionHandler) {
        connections[ObjectIdentifier(connection)] = connection
        counters.connectionOpened()
        if drained != nil { connection.drain() }
        scheduleSweep()
    }

    func connectionClosed(_ connection: ConnectionHandler) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        counters.connectionClosed()
        guard connections.isEmpty else { return }
        sweep?.cancel()
        sweep = nil
        drained?.succeed()
    }

    private func scheduleSweep() {
        guard sweep == nil, !connections.isEmpty else { return }
        let confined = NIOLoopBound(self, eventLoop: eventLoop)
        sweep = eventLoop.scheduleTask(in: sweepInterval) {
            confined.value.sweepNow()
        }
    }

    private func sweepNow() {
        sweep = nil
        let now = NIODeadline.now()
        for connection in Array(connections.values) {
            connection.checkDeadlines(at: now)
        }
        scheduleSweep()
    }

    // MARK: Stopping

    /// Ends idle connections and lets the others finish.
    ///
    /// - Returns: A future that succeeds when the last connection is closed.
    func drain() -> EventLoopFuture<Void> {
        if let drained { return drained.futureResult }
        let promise = eventLoop.makePromise(of: Void.self)
        drained = promise
        for connection in Array(connections.values) {
            connection.drain()
        }
        if connections.isEmpty { promise.succeed() }
        return promise.futureResult
    }

    /// Cuts every connection.
    func abort() {
        for connection in Array(connections.values) {
            connection.abort()
        }
    }
}
