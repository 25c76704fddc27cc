import DiskIO
import StorageModel
import Synchronization

/// Proposals on their way to the committer.
///
/// While one batch is flushed the next one gathers here, so the length of a batch follows the load
/// and a lone writer waits for about one flush.
///
/// Light proposals and heavy ones wait in a line each, in order of arrival: a batch takes the light
/// ones first and of the heavy ones no more than a few milliseconds' work, but one at least. So a
/// small write waits for about one batch however many large deletions are queued, and those
/// go on whatever else is written. Who waits for an answer has one proposal here, so nobody's own order
/// is changed.
///
/// State: guarded by `state`.
final class CommitQueue: Sendable {
    /// A proposal and who waits for its outcome.
    struct Waiting: Sendable {
        let proposal: Proposal
        /// Who asks for it; nil for the server itself.
        let actor: PrincipalName?
        let answer: @Sendable (Result<CommitOutcome, StoreError>) -> Void

        var payloadBytes: Int { proposal.payload.bytes.count }
        var keyCount: Int { proposal.changedKeyCount }
    }

    /// Proposals of one weight, those before `next` taken.
    private struct Line {
        var items: [Waiting] = []
        var next = 0

        var count: Int { items.count - next }
        var first: Waiting? { next < items.count ? items[next] : nil }

        mutating func removeFirst() {
            next += 1
            // Moved in one go, now and then.
            if next == items.count || next == 1024 {
                items.removeFirst(next)
                next = 0
            }
        }
    }

    private struct State {
        var light = Line()
        var heavy = Line()
        var waitingBytes = 0
        /// Proposals of the next batch, which the committer took while it had the one before flushed.
        var gatheredCount = 0
        var isThreadIdle = false
        var isHeld = false
        var isLookWanted = false
        var isClosed = false
        var onDrained: [@Sendable () -> Void] = []

        var count: Int { light.count + heavy.count }
        /// All that is not being decided yet.
        var waitingCount: Int { count + gatheredCount }
    }

    private let state = Mutex(State())
    private let wakeup: WakeupSignal
    private let limits: StoreLimits

    init(limits: StoreLimits) throws(DiskError) {
        self.limits = limits
        wakeup = try WakeupSignal()
    }

    /// Has a proposal decided, and waits until its change is durable.
    func submit(
        _ proposal: Proposal,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> CommitOutcome {
        let result = await withCheckedContinuation { continuation in
            submit(proposal, actor: actor) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Has a proposal decided; `answer` is called once its change is durable, or it was refused.
    func submit(
        _ proposal: Proposal,
        actor: PrincipalName? = nil,
        _ answer: @escaping @Sendable (Result<CommitOutcome, StoreError>) -> Void
    ) {
        add(Waiting(proposal: proposal, actor: actor, answer: answer))
    }

    private func add(_ item: Waiting) {
        let (refusal, wakes) = state.withLock { state -> (StoreError?, Bool) in
            guard !state.isClosed else { return (.closed, false) }
            let bytes = state.waitingBytes + item.payloadBytes
            guard state.waitingCount < limits.queuedChangesMax,
                bytes <= limits.queuedBytesMax || state.count == 0
            else { return (.overloaded, false) }
            if isHeavy(item) {
                state.heavy.items.append(item)
            } else {
                state.light.items.append(item)
            }
            state.waitingBytes = bytes
            if state.isHeld { return (nil, false) }
            defer { state.isThreadIdle = false }
            return (nil, state.isThreadIdle)
        }
        if wakes { wakeup.post() }
        if let refusal { item.answer(.failure(refusal)) }
    }

    /// How many proposals wait now.
    var count: Int { state.withLock { $0.waitingCount } }

    /// Has the committer look after the index, before the next batch; never waits.
    func wantLook() {
        let wakes = state.withLock { state in
            state.isLookWanted = true
            defer { state.isThreadIdle = false }
            return state.isThreadIdle
        }
        if wakes { wakeup.post() }
    }

    /// Takes the next batch; waits for one.
    ///
    /// An empty one says that a look after the index is wanted; nil, that the queue is closed and empty.
    /// For the committer's thread alone.
    func take() -> CommitBatch? {
        while true {
            switch state.withLock({ state in next(&state) }) {
            case .batch(let batch): return batch
            case .look: return CommitBatch()
            case .end: return nil
            case .wait: wakeup.wait()
            }
        }
    }

    /// Takes what waits now for the batch after this one, if it is so many; never waits.
    ///
    /// They count as waiting until ``complete(_:)``. For the committer's thread alone.
    func gather(_ batch: inout CommitBatch, least count: Int) {
        state.withLock { state in
            guard state.count >= count, !state.isHeld else { return }
            fill(&batch, &state)
            state.gatheredCount = batch.items.count
        }
    }

    /// Adds to a batch that was gathered what waits besides, as far as it has room; never waits.
    ///
    /// For the committer's thread alone.
    ///
    /// - Returns: Whether the batch is to be decided; false if a look after the index comes first.
    func complete(_ batch: inout CommitBatch) -> Bool {
        state.withLock { state in
            if state.isLookWanted {
                state.isLookWanted = false
                return false
            }
            if !state.isHeld { fill(&batch, &state) }
            state.gatheredCount = 0
            return true
        }
    }

    /// What the committer does next.
    private enum Step {
        case batch(CommitBatch), look, end, wait
    }

    private func next(_ state: inout State) -> Step {
        if state.isLookWanted {
            state.isLookWanted = false
            return .look
        }
        if state.count > 0, !state.isHeld {
            var batch = CommitBatch()
            fill(&batch, &state)
            return .batch(batch)
        }
        if state.isClosed { return .end }
        state.isThreadIdle = true
        return .wait
    }

    private func isHeavy(_ item: Waiting) -> Bool {
        item.payloadBytes > limits.lightBytesMax || item.keyCount > limits.lightKeysMax
    }

    private func fill(_ batch: inout CommitBatch, _ state: inout State) {
        while let next = state.light.first, batch.takesLight(next, limits) {
            state.waitingBytes -= next.payloadBytes
            batch.addLight(next)
            state.light.removeFirst()
        }
        while let next = state.heavy.first, batch.takesHeavy(next, limits) {
            state.waitingBytes -= next.payloadBytes
            batch.addHeavy(next)
            state.heavy.removeFirst()
        }
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
