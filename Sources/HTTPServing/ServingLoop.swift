import Logging
import NIOCore

/// What the connections of one event loop share; confined to that loop.
///
/// Invariants:
/// - `output` is empty between the turns of connections;
/// - output is held by at most `holdingMax` connections, and by none between the turns of the loop;
/// - a sweep is scheduled exactly while there are connections;
/// - the loop goes on until the tasks that run on it have ended.
final class ServingLoop {
    let eventLoop: any EventLoop
    let responder: any HTTPResponder
    let configuration: HTTPServerConfiguration
    let counters: ServerCounters
    let logger: Logger
    /// The bytes that the connection whose turn it is will send; its memory is used again.
    var output = ByteBuffer()
    /// The connections whose output waits for the end of the loop's turn.
    private var holding: [ConnectionHandler] = []
    /// Memory of output that was sent.
    private var spareOutput: [ByteBuffer] = []
    private var date = HTTPDate()
    private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private var sweep: Scheduled<Void>?
    private var drained: EventLoopPromise<Void>?
    private let executor: EventLoopExecutor
    /// The tasks that run on this loop.
    private var taskCount = 0
    private let sweepInterval: TimeAmount

    init(
        eventLoop: any EventLoop,
        responder: any HTTPResponder,
        configuration: HTTPServerConfiguration,
        counters: ServerCounters,
        logger: Logger
    ) {
        self.eventLoop = eventLoop
        executor = EventLoopExecutor(eventLoop)
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

    /// How much of a body a connection pulls at once now.
    var pieceBounds: PieceBounds { PieceBounds(connections: connections.count) }

    /// The value of `Date` now.
    func dateText(at now: NIODeadline) -> String {
        date.text(at: now)
    }

    // MARK: Output

    /// How many connections may hold output; each holds little more than
    /// ``ConnectionHandler/joinedBytesMax`` bytes twice.
    private static let holdingMax = 64

    /// Has a connection send the output it holds at the end of this turn of the loop.
    ///
    /// A client that waits for one answer goes back to sleep before the next one is computed, and
    /// waking it is the dearest part of a small answer. What is computed in one turn is therefore
    /// sent in one go.
    func hold(_ connection: ConnectionHandler) {
        output = spareOutput.popLast() ?? ByteBuffer()
        holding.append(connection)
        if holding.count >= Self.holdingMax {
            releaseAll()
        } else if holding.count == 1 {
            let confined = NIOLoopBound(self, eventLoop: eventLoop)
            eventLoop.execute { confined.value.releaseAll() }
        }
    }

    /// Takes back the memory of output that was sent; the channel has let go of it, unless the
    /// client is slow.
    func takeBack(_ sent: consuming ByteBuffer) {
        guard spareOutput.count < Self.holdingMax else { return }
        sent.clear(minimumCapacity: 0)
        spareOutput.append(sent)
    }

    private func releaseAll() {
        // A connection that is told so may hold anew, behind the others.
        var next = 0
        while next < holding.count {
            holding[next].releaseOutput()
            next += 1
        }
        holding.removeAll(keepingCapacity: true)
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
        succeedIfDrained()
    }

    /// Where the steps of an answer's work run.
    enum WorkPlace {
        /// On this loop, which goes on until the work has ended.
        case loop
        /// On the threads for tasks.
        case elsewhere
    }

    /// The work of an answer that is under way.
    struct RunningWork {
        let response: EventLoopFuture<HTTPResponse>
        /// Asks the work to end, as nobody waits for it.
        let cancel: @Sendable () -> Void
    }

    /// Runs the work of an answer as a task.
    func run(
        at place: WorkPlace,
        _ work: @escaping @Sendable () async -> HTTPResponse
    ) -> RunningWork {
        let promise = eventLoop.makePromise(of: HTTPResponse.self)
        let executor: EventLoopExecutor? =
            switch place {
            case .loop: self.executor
            case .elsewhere: nil
            }
        let task = Task(executorPreference: executor) { promise.succeed(await work()) }
        if place == .loop {
            taskCount += 1
            promise.futureResult.assumeIsolated().whenComplete { _ in
                self.taskCount -= 1
                self.succeedIfDrained()
            }
        }
        return RunningWork(response: promise.futureResult, cancel: { task.cancel() })
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
    /// - Returns: A future that succeeds when the last connection is closed and the last task of
    ///   this loop has ended.
    func drain() -> EventLoopFuture<Void> {
        if let drained { return drained.futureResult }
        let promise = eventLoop.makePromise(of: Void.self)
        drained = promise
        for connection in Array(connections.values) {
            connection.drain()
        }
        succeedIfDrained()
        return promise.futureResult
    }

    private func succeedIfDrained() {
        if connections.isEmpty, taskCount == 0 { drained?.succeed() }
    }

    /// Cuts every connection.
    func abort() {
        for connection in Array(connections.values) {
            connection.abort()
        }
    }
}
