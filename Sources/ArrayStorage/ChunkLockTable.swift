import StorageModel
import Synchronization

/// Lets one writer at a time change a chunk.
///
/// A writer names all the chunks that it changes at once, and waits until no earlier writer holds or
/// waits for any of them. So writers of one chunk go in the order of arrival, writers of different
/// chunks do not wait for each other, and nobody waits in a circle.
///
/// S3 clients take no locks; the expectations of the change guard against them.
///
/// State: guarded by `state`.
final class ChunkLockTable: Sendable {
    /// A key in a line.
    struct Key: Hashable, Sendable {
        let line: LineID
        let key: String
    }

    fileprivate struct Ticket {
        let keys: [Key]
        /// The keys for which an earlier ticket stands before this one.
        var blocked = 0
        var waiter: CheckedContinuation<Void, Never>?
    }

    fileprivate struct State {
        /// The tickets that hold (the first) or wait for each key.
        var queues: [Key: [Int]] = [:]
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

    /// Runs a body while nobody else holds any of some keys.
    ///
    /// - Parameters:
    ///   - keys: The keys, no one twice.
    ///   - body: What to run.
    /// - Returns: What the body returns.
    /// - Throws: ``ArrayWriteError/overloaded`` if too many wait, ``ArrayReadError/cancelled`` if the
    ///   task is cancelled while it waits, and what the body throws.
    func withLocks<Value: Sendable>(
        _ keys: [Key],
        _ body: () async throws(ArrayWriteError) -> Value
    ) async throws(ArrayWriteError) -> Value {
        let ticket = state.withLock { $0.enter(keys, ticketsMax: ticketsMax) }
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
    fileprivate mutating func enter(_ keys: [ChunkLockTable.Key], ticketsMax: Int) -> Int? {
        guard tickets.count < ticketsMax else { return nil }
        next += 1
        var ticket = ChunkLockTable.Ticket(keys: keys)
        for key in keys {
            queues[key, default: []].append(next)
            if queues[key]?.first != next { ticket.blocked += 1 }
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
            let wasFirst = queue.first == number
            queue.removeAll { $0 == number }
            guard let first = queue.first else { continue }
            queues[key] = queue
            guard wasFirst, var blocked = tickets[first] else { continue }
            blocked.blocked -= 1
            if blocked.blocked == 0, let waiter = blocked.waiter.take() { ready.append(waiter) }
            tickets[first] = blocked
        }
        return ready
    }
}
