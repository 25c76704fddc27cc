import Synchronization

/// Memory that requests share, given out in the order of arrival; who comes when it is taken waits.
///
/// State: guarded by `state`.
final class MemoryBudget: Sendable {
    private struct Waiter {
        let number: Int
        let bytes: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var available: Int
        var waiters: [Waiter] = []
        /// Waiters that got their memory; else they were cancelled.
        var granted: Set<Int> = []
        var next = 0
    }

    private let state: Mutex<State>
    private let waitersMax: Int

    /// Makes a budget of some bytes for which a bounded number may wait.
    init(bytes: Int, waitersMax: Int) {
        state = Mutex(State(available: bytes))
        self.waitersMax = waitersMax
    }

    /// How many wait.
    var waiterCount: Int { state.withLock { $0.waiters.count } }

    /// Sets memory aside for as long as the result lives.
    ///
    /// - Parameter bytes: At most the budget's bytes.
    /// - Returns: The memory.
    /// - Throws: ``ArrayWriteError/overloaded`` if too many wait, ``ArrayReadError/cancelled``.
    func reserve(_ bytes: Int) async throws(ArrayWriteError) -> Reservation {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let isTaken = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isDecided = state.withLock { state in
                    guard !Task.isCancelled, state.waiters.count < waitersMax else { return true }
                    guard state.waiters.isEmpty, bytes <= state.available else {
                        state.waiters.append(
                            Waiter(number: number, bytes: bytes, continuation: continuation)
                        )
                        return false
                    }
                    state.available -= bytes
                    state.granted.insert(number)
                    return true
                }
                if isDecided { continuation.resume() }
            }
            return state.withLock { $0.granted.remove(number) != nil }
        } onCancel: {
            cancel(number)
        }
        guard isTaken else { throw Task.isCancelled ? .read(.cancelled) : .overloaded }
        return Reservation(budget: self, bytes: bytes)
    }

    private func cancel(_ number: Int) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.number == number }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume()
    }

    private func giveBack(_ bytes: Int) {
        let ready = state.withLock { state in
            state.available += bytes
            var ready: [Waiter] = []
            while let first = state.waiters.first, first.bytes <= state.available {
                state.available -= first.bytes
                state.granted.insert(first.number)
                ready.append(state.waiters.removeFirst())
            }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// Memory that is set aside; given back when the last reference goes.
    final class Reservation: Sendable {
        private let budget: MemoryBudget
        private let bytes: Int

        fileprivate init(budget: MemoryBudget, bytes: Int) {
            self.budget = budget
            self.bytes = bytes
        }

        deinit {
            budget.giveBack(bytes)
        }
    }
}
