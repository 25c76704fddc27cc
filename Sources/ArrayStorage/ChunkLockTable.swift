import StorageModel
import Synchronization

/// Lets one writer at a time change a chunk, and nobody write below a folder that one clears.
///
/// A writer names all that it needs at once, and waits until no earlier writer holds or waits for any of
/// it, unless both share it. So writers of one chunk go in the order of arrival, writers of different
/// chunks do not wait for each other, and nobody waits in a circle.
///
/// S3 clients take no locks; the expectations of the change guard against them.
///
/// State: guarded by `state`.
final class ChunkLockTable: Sendable {
    /// What is locked in a line.
    struct Key: Hashable, Sendable {
        enum Scope: Hashable, Sendable {
            /// One object.
            case object
            /// A folder with all that is below it: writers share it, who takes things away has it alone.
            case folder
        }

        let line: LineID
        let scope: Scope
        let path: String
    }

    fileprivate struct Ticket {
        let keys: [Key]
        /// The keys for which an earlier ticket stands in this one's way.
        var blocked = 0
        var waiter: CheckedContinuation<Void, Never>?
    }

    fileprivate struct State {
        var queues: [Key: LockQueue] = [:]
        var tickets: [Int: Ticket] = [:]
        var next = 0
    }

    private let state = Mutex(State())
    private let ticketsMax: Int

    init(ticketsMax: Int) {
        self.ticketsMax = ticketsMax
    }

    /// How many writers hold or wait for something.
    var count: Int { state.withLock { $0.tickets.count } }

    /// Runs a body while nobody holds what it needs.
    ///
    /// - Parameters:
    ///   - keys: What nobody else holds meanwhile, no one twice.
    ///   - shared: What only those hold who share it too; none of `keys`, no one twice.
    ///   - body: What to run.
    /// - Returns: What the body returns.
    /// - Throws: ``ArrayWriteError/overloaded`` if too many wait, ``ArrayReadError/cancelled`` if the
    ///   task is cancelled while it waits, and what the body throws.
    func withLocks<Value: Sendable>(
        _ keys: [Key],
        shared: [Key] = [],
        _ body: () async throws(ArrayWriteError) -> Value
    ) async throws(ArrayWriteError) -> Value {
        let ticket = state.withLock { $0.enter(keys, shared, ticketsMax: ticketsMax) }
        guard let ticket else { throw .overloaded }
        defer { leave(ticket) }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    guard !Task.isCancelled, state.tickets[ticket]?.blocked != 0 else {
                        return true
                    }
                    state.tickets[ticket]?.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.tickets[ticket]?.waiter.take() }?.resume()
        }
        // Who was cancelled may not hold everything.
        guard !Task.isCancelled else { throw .read(.cancelled) }
        return try await body()
    }

    private func leave(_ ticket: Int) {
        for waiter in state.withLock({ $0.leave(ticket) }) { waiter.resume() }
    }
}

extension ChunkLockTable.State {
    fileprivate mutating func enter(
        _ keys: [ChunkLockTable.Key],
        _ shared: [ChunkLockTable.Key],
        ticketsMax: Int
    ) -> Int? {
        guard tickets.count < ticketsMax else { return nil }
        next += 1
        var ticket = ChunkLockTable.Ticket(keys: keys + shared)
        for key in keys where !queues[key, default: LockQueue()].enter(next, .alone) {
            ticket.blocked += 1
        }
        for key in shared where !queues[key, default: LockQueue()].enter(next, .shared) {
            ticket.blocked += 1
        }
        tickets[next] = ticket
        return next
    }

    /// Takes a ticket out of all queues; gives those that it was the last to block.
    fileprivate mutating func leave(_ number: Int) -> [CheckedContinuation<Void, Never>] {
        guard let ticket = tickets.removeValue(forKey: number) else { return [] }
        var ready: [CheckedContinuation<Void, Never>] = []
        for key in ticket.keys {
            guard var queue = queues.removeValue(forKey: key) else { continue }
            let served = queue.leave(number)
            if !queue.isEmpty { queues[key] = queue }
            for next in served {
                tickets[next]?.blocked -= 1
                guard tickets[next]?.blocked == 0 else { continue }
                if let waiter = tickets[next]?.waiter.take() { ready.append(waiter) }
            }
        }
        return ready
    }
}
