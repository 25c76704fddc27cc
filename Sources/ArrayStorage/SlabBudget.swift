import Synchronization

/// The memory that the slabs of all requests share.
///
/// Nobody waits for memory: who comes when it is taken gets less, or a small slab, which is slower because
/// chunks are decoded more often, but needs little. Who comes when those are many as well gets a
/// sixteenth of that, so that the number of connections bounds what is taken beyond the budget.
///
/// State: guarded by `taken`.
final class SlabBudget: Sendable {
    private let taken = Mutex(0)
    private let bytesMax: Int

    /// Makes a budget of `bytesMax` bytes.
    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// What is set aside now.
    var takenBytes: Int { taken.withLock { $0 } }

    /// Sets memory aside for as long as the result lives: what is preferred, or less if that is not left.
    func reserve(preferred: Int, otherwise: Int = 0, minimum: Int) -> Reservation {
        let bytes = taken.withLock { taken in
            let granted =
                if taken + preferred <= bytesMax {
                    preferred
                } else if otherwise > minimum, taken + otherwise <= bytesMax {
                    otherwise
                } else if taken + minimum <= bytesMax + bytesMax / 2 {
                    min(minimum, preferred)
                } else {
                    min(minimum / 16, preferred)
                }
            taken += granted
            return granted
        }
        return Reservation(budget: self, bytes: bytes)
    }

    /// Memory that is set aside; given back when the last reference goes.
    final class Reservation: Sendable {
        let bytes: Int
        private let budget: SlabBudget

        fileprivate init(budget: SlabBudget, bytes: Int) {
            self.budget = budget
            self.bytes = bytes
        }

        deinit {
            budget.taken.withLock { $0 -= bytes }
        }
    }
}
