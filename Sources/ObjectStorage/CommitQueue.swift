import DiskIO
import StorageModel
import Synchronization

/// Proposals on their way to the committer, in order of arrival.
///
/// While one batch is flushed the next one gathers here, so the length of a batch follows the load
/// and a lone writer waits for about one flush.
///
/// State: guarded by `state`.
final class CommitQueue: Sendable {
    /// A proposal and who waits for its outcome.
    struct Waiting: Sendable {
        let proposal: Proposal
        let answer: @Sendable (Result<CommitOutcome, StoreError>) -> Void

        var payloadBytes: Int { proposal.payload.bytes.count }
    }

    private struct State {
        var waiting: [Waiting] = []
        var waitingBytes = 0
        var isThreadIdle = false
        var isHeld = false
        var isClosed = false
        var onDrained: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let wakeup: WakeupSignal
    private let limits: StoreLimits

    init(limits: StoreLimits) throws(DiskError) {
        self.limits = limits
        wakeup = try WakeupSignal()
    }

    /// Has a proposal decided, and waits until its change is durable.
    func submit(_ proposal: Proposal) async throws(StoreError) -> CommitOutcome {
        let result = await withCheckedContinuation { continuation in
            submit(proposal) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Has a proposal decided; `answer` is called once its change is durable, or it was refused.
    func submit(
        _ proposal: Proposal,
        _ answer: @escaping @Sendable (Result<CommitOutcome, StoreError>) -> Void
    ) {
        add(Waiting(proposal: proposal, answer: answer))
    }

    private func add(_ item: Waiting) {
        let (refusal, wakes) = state.withLock { state -> (StoreError?, Bool) in
            guard !state.isClosed else { return (.closed, false) }
            let bytes = state.waitingBytes + item.payloadBytes
            guard state.waiting.count < limits.queuedChangesMax,
                bytes <= limits.queuedBytesMax || state.waiting.isEmpty
            else { return (.overloaded, false) }
            state.waiting.append(item)
            state.waitingBytes = bytes
            if state.isHeld { return (nil, false) }
            defer { state.isThreadIdle = false }
            return (nil, state.isThreadIdle)
        }
        if wakes { wakeup.post() }
        if let refusal { item.answer(.failure(refusal)) }
    }

    /// How many proposals wait now.
    var count: Int { state.withLock { $0.waiting.count } }

    /// Takes the next batch; waits for one.
    ///
    /// Nil when the queue is closed and empty. For the committer's thread alone.
    func take() -> [Waiting]? {
        while true {
            let taken = state.withLock { state -> [Waiting]? in
                if !state.waiting.isEmpty, !state.isHeld { return takeBatch(&state) }
                if state.isClosed { return [] }
                state.isThreadIdle = true
                return nil
            }
            guard let taken else {
                wakeup.wait()
                continue
            }
            return taken.isEmpty ? nil : taken
        }
    }

    private func takeBatch(_ state: inout State) -> [Waiting] {
        var count = 0
        var bytes = 0
        while count < min(state.waiting.count, limits.batchChangesMax) {
            let next = state.waiting[count].payloadBytes
            if count > 0, bytes + next > limits.batchBytesMax { break }
            bytes += next
            count += 1
        }
        let batch = Array(state.waiting[..<count])
        state.waiting.removeFirst(count)
        state.waitingBytes -= bytes
        return batch
    }

    /// Lets proposals gather until ``release()``, so that a test decides what is in a batch.
    func hold() {
        state.withLock { $0.isHeld = true }
    }

    /// Ends a ``hold()``.
    func release() {
        let wakes = state.withLock { state in
            state.isHeld = false
            defer { state.isThreadIdle = false }
            return state.isThreadIdle
        }
        if wakes { wakeup.post() }
    }

    /// Takes no more; `onDrained` runs once the committer's thread has ended.
    func close(onDrained: @escaping @Sendable () -> Void) {
        let wakes = state.withLock { state in
            state.isClosed = true
            state.isHeld = false
            state.onDrained.append(onDrained)
            defer { state.isThreadIdle = false }
            return state.isThreadIdle
        }
        if wakes { wakeup.post() }
    }

    /// Says that the committer's thread has ended.
    func drained() {
        let actions = state.withLock { state in
            defer { state.onDrained = [] }
            return state.onDrained
        }
        for action in actions { action() }
    }
}
