import StorageModel
import Synchronization

/// Lets one writer at a time change a chunk, and nobody write below a folder that one clears.
///
/// A writer names all that it needs at once, and waits until no earlier writer holds or waits for any of
/// it, unless both can have it. So writers of one chunk go in the order of arrival, writers of different
/// chunks do not wait for each other, and nobody waits in a circle. However many chunks a writer names, they
/// are one box.
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
            /// The chunks of an array, by its folder.
            case chunks
            /// A folder with all that is below it: writers share it, who takes things away has it alone.
            case folder
        }

        let line: LineID
        let scope: Scope
        let path: String
    }

    /// What a writer needs.
    enum Claim: Hashable, Sendable {
        /// Nobody else holds it meanwhile.
        case alone(Key)
        /// Only those hold it who share it too.
        case shared(Key)
        /// Nobody else holds one of these chunks of an array.
        case chunks(Key, ChunkBox)

        var key: Key {
            switch self {
            case .alone(let key), .shared(let key), .chunks(let key, _): key
            }
        }

        var mode: LockQueue.Mode {
            switch self {
            case .alone: .alone
            case .shared: .shared
            case .chunks(_, let box): .chunks(box)
            }
        }
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
    ///   - claims: What it needs, no key twice.
    ///   - body: What to run.
    /// - Returns: What the body returns.
    /// - Throws: ``ArrayWriteError/overloaded`` if too many wait, ``ArrayReadError/cancelled`` if the
    ///   task is cancelled while it waits, and what the body throws.
    func withLocks<Value: Sendable>(
        _ claims: [Claim],
        _ body: () async throws(ArrayWriteError) -> Value
    ) async throws(ArrayWriteError) -> Value {
        let ticket = state.withLock { $0.enter(claims, ticketsMax: ticketsMax) }
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
        _ claims: [ChunkLockTable.Claim],
        ticketsMax: Int
    ) -> Int? {
        guard tickets.count < ticketsMax else { return nil }
        next += 1
        var ticket = ChunkLockTable.Ticket(keys: claims.map(\.key))
        for claim in claims where !queues[claim.key, default: LockQueue()].enter(next, claim.mode) {
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
