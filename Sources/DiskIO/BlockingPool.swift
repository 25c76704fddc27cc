/// Threads of its own for calls that block, so that neither the cooperative pool nor an event loop
/// ever waits for a disk.
///
/// Back-pressure: a caller is suspended from handing in its work until the work is done, so it has
/// one piece of work here at a time and its own pace follows the disk's. The queue is therefore
/// never longer than the number of suspended callers; whoever bounds its callers (connections, requests
/// in flight) bounds the queue.
///
/// Order: work runs in the order of its arrival, unless it is handed in on an account. Then clients take
/// turns, and what little was spent on comes before what took long already, without keeping that from
/// its share.
public final class BlockingPool: Sendable {
    /// How many pieces of work run at once.
    public let threadCount: Int

    private let queue: BlockingQueue

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - name: Shown as the threads' name by the system's tools; at most 12 bytes are kept.
    ///   - threadCount: How many pieces of work run at once; at least 1.
    /// - Throws: ``DiskError`` when the system has no threads or descriptors left.
    public init(name: String, threadCount: Int) throws(DiskError) {
        precondition(threadCount >= 1, "a pool has at least one thread")
        let queue = BlockingQueue(wakeup: try WakeupSignal(), threadCount: threadCount)
        self.queue = queue
        self.threadCount = threadCount
        for number in 0..<threadCount {
            do {
                try BlockingThread.start(name: "\(name.prefix(12))-\(number)") {
                    queue.workUntilClosed()
                }
            } catch {
                queue.close(withoutThreads: threadCount - number) {}
                throw error
            }
        }
    }

    deinit {
        queue.close(withoutThreads: 0) {}
    }

    /// Runs work on one of the threads and gives its result.
    ///
    /// Work that has begun is always waited for. If the caller's task is cancelled before that, the
    /// work does not run.
    ///
    /// - Parameters:
    ///   - account: On whose account it runs, which is charged with the time; nil for nobody's in
    ///     particular.
    ///   - work: What the thread does.
    /// - Returns: What the work returns.
    /// - Throws: What the work throws; `CancellationError`; ``BlockingPoolError``.
    public func run<Value: Sendable>(
        on account: WorkAccount? = nil,
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let ticket = BlockingQueue.Ticket()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let job = BlockingQueue.Job(
                    ticket: ticket,
                    account: account,
                    perform: { continuation.resume(with: Result { try work() }) },
                    refuse: { continuation.resume(throwing: $0) }
                )
                if !queue.enqueue(job) { job.refuse(BlockingPoolError.shutDown) }
            }
        } onCancel: {
            ticket.cancel()
        }
    }

    /// Queues work that nobody waits for; the caller bounds how much of it there is at a time.
    ///
    /// - Returns: False if the pool was shut down; the work then never runs.
    public func enqueue(_ work: @escaping @Sendable () -> Void) -> Bool {
        queue.enqueue(
            BlockingQueue.Job(
                ticket: BlockingQueue.Ticket(),
                account: nil,
                perform: work,
                refuse: { _ in }
            )
        )
    }

    /// Refuses new work, waits until all that was queued has run, and ends the threads.
    public func shutdown() async {
        await withCheckedContinuation { continuation in
            queue.close(withoutThreads: 0) { continuation.resume() }
        }
    }
}

/// Work that a pool did not take.
public enum BlockingPoolError: Error, Hashable, Sendable {
    /// The pool was shut down before.
    case shutDown
}
