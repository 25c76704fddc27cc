import Synchronization

/// Memory of a fixed size that requests take pieces of, in the order in which they come.
///
/// Who comes when there is not enough waits; whoever bounds the callers bounds how many wait. What is
/// longer than the whole is given all of it.
///
/// Invariants:
/// - `taken` is the sum of what is reserved, at most `bytesMax`;
/// - the first of `waiting` does not fit beside what is taken.
///
/// State: guarded by `state`.
final class MemoryGate: Sendable {
    private struct Waiter {
        let number: Int
        let bytes: Int
        /// Resumed with whether the memory was given.
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var taken = 0
        var lastNumber = 0
        var waiting: [Waiter] = []
        /// Waiters that were cancelled before they began to wait.
        var cancelled: Set<Int> = []
    }

    private let bytesMax: Int
    private let state = Mutex(State())

    /// Makes a gate to `bytesMax` bytes.
    init(bytesMax: Int) {
        precondition(bytesMax > 0, "there is memory to give")
        self.bytesMax = bytesMax
    }

    /// The bytes that are reserved now.
    var takenBytes: Int { state.withLock { $0.taken } }

    /// How many wait.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Sets memory aside for as long as the result lives; waits until there is enough.
    ///
    /// - Throws: `CancellationError` if the task is cancelled before.
    func reserve(_ bytes: Int) async throws(CancellationError) -> Reservation {
        let bytes = min(max(bytes, 0), bytesMax)
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        let isGiven = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if state.cancelled.remove(number) != nil { return false }
                    if state.waiting.isEmpty, state.taken + bytes <= bytesMax {
                        state.taken += bytes
                        return true
                    }
                    state.waiting.append(
                        Waiter(number: number, bytes: bytes, continuation: continuation)
                    )
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            cancel(number)
        }
        // A cancellation that came after the answer is forgotten.
        state.withLock { _ = $0.cancelled.remove(number) }
        guard isGiven else { throw CancellationError() }
        return Reservation(gate: self, bytes: bytes)
    }

    /// Sets memory aside for as long as the result lives, if there is enough and nobody waits.
    func reserveNow(_ bytes: Int) -> Reservation? {
        let bytes = min(max(bytes, 0), bytesMax)
        return state.withLock { state in
            guard state.waiting.isEmpty, state.taken + bytes <= bytesMax else { return nil }
            state.taken += bytes
            return Reservation(gate: self, bytes: bytes)
        }
    }

    private func cancel(_ number: Int) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else {
                state.cancelled.insert(number)
                return nil
            }
            return state.waiting.remove(at: index)
        }
        waiter?.continuation.resume(returning: false)
        // Who was behind it may fit.
        give(back: 0)
    }

    /// Takes memory back and gives it to those who wait, in their order.
    private func give(back bytes: Int) {
        let served = state.withLock { state in
            state.taken -= bytes
            var served: [Waiter] = []
            while let next = state.waiting.first, state.taken + next.bytes <= bytesMax {
                state.taken += next.bytes
                served.append(state.waiting.removeFirst())
            }
            return served
        }
        for waiter in served { waiter.continuation.resume(returning: true) }
    }

    /// Memory that is set aside; given back when the last reference goes.
    ///
    /// State: how much it is, guarded by `bytes`.
    final class Reservation: Sendable {
        private let bytes: Mutex<Int>
        private let gate: MemoryGate

        fileprivate init(gate: MemoryGate, bytes: Int) {
            self.gate = gate
            self.bytes = Mutex(bytes)
        }

        /// Gives back what is more than `count` bytes.
        func shrink(to count: Int) {
            let surplus = bytes.withLock { bytes in
                let surplus = max(bytes - max(count, 0), 0)
                bytes -= surplus
                return surplus
            }
            gate.give(back: surplus)
        }

        deinit {
            gate.give(back: bytes.withLock { $0 })
        }
    }
}
