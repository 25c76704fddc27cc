import Synchronization

/// The queue that a pool's threads take their work from; outlives the pool while they drain it.
///
/// State: guarded by `state`.
final class BlockingQueue: Sendable {
    /// One piece of work and what becomes of its caller.
    struct Job: Sendable {
        let ticket: Ticket
        /// Whose work it is; nil for nobody's in particular.
        let account: WorkAccount?
        let perform: @Sendable () -> Void
        let refuse: @Sendable (any Error) -> Void
    }

    /// Decides once whether a piece of work begins or was cancelled before.
    final class Ticket: Sendable {
        private let isTaken = Atomic(false)

        /// True for the first caller of ``begin()`` and ``cancel()`` only.
        func begin() -> Bool {
            !isTaken.exchange(true, ordering: .acquiringAndReleasing)
        }

        func cancel() {
            isTaken.store(true, ordering: .releasing)
        }
    }

    private struct State {
        var jobs = TurnQueue<Job>()
        /// Threads that wait for `wakeup` and that no post is under way for.
        var idleThreads = 0
        var liveThreads: Int
        var isClosed = false
        var onEnd: [@Sendable () -> Void] = []

        mutating func endIfDrained() -> [@Sendable () -> Void] {
            guard isClosed, liveThreads == 0 else { return [] }
            defer { onEnd = [] }
            return onEnd
        }
    }

    private enum Step {
        case work(Job)
        case wait
        case end([@Sendable () -> Void])
    }

    private let state: Mutex<State>
    private let wakeup: WakeupSignal

    init(wakeup: WakeupSignal, threadCount: Int) {
        self.wakeup = wakeup
        state = Mutex(State(liveThreads: threadCount))
    }

    /// Puts work into the queue; false if the queue is closed.
    func enqueue(_ job: Job) -> Bool {
        let (isTaken, wakes) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.jobs.append(
                job,
                client: job.account?.client,
                level: job.account?.level ?? 0
            )
            guard state.idleThreads > 0 else { return (true, false) }
            state.idleThreads -= 1
            return (true, true)
        }
        if wakes { wakeup.post() }
        return isTaken
    }

    /// The life of one thread: takes work until the queue is closed and empty.
    func workUntilClosed() {
        while true {
            let step = state.withLock { state -> Step in
                if let job = state.jobs.next() { return .work(job) }
                if state.isClosed {
                    state.liveThreads -= 1
                    return .end(state.endIfDrained())
                }
                state.idleThreads += 1
                return .wait
            }
            switch step {
            case .work(let job): Self.run(job)
            case .wait: wakeup.wait()
            case .end(let actions):
                for action in actions { action() }
                return
            }
        }
    }

    private static func run(_ job: Job) {
        guard job.ticket.begin() else { return job.refuse(CancellationError()) }
        guard let account = job.account else { return job.perform() }
        account.charge(ContinuousClock().measure { job.perform() })
    }

    /// Takes no more work; `onEnd` runs when the queue is empty and all threads have ended.
    ///
    /// - Parameters:
    ///   - missing: How many of the threads were never started.
    ///   - onEnd: Called once, from any thread.
    func close(withoutThreads missing: Int, onEnd: @escaping @Sendable () -> Void) {
        let (waiting, actions) = state.withLock { state in
            state.isClosed = true
            state.liveThreads -= missing
            state.onEnd.append(onEnd)
            defer { state.idleThreads = 0 }
            return (state.idleThreads, state.endIfDrained())
        }
        for _ in 0..<waiting { wakeup.post() }
        for action in actions { action() }
    }
}
