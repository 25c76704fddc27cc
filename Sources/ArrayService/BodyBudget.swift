import Synchronization

/// Memory that requests of one kind share, such as for bodies that are read as a whole.
///
/// State: guarded by `taken`.
final class BodyBudget: Sendable {
    private let taken = Mutex(0)
    private let bytesMax: Int

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// Sets memory aside for as long as the result lives; nil if others hold it.
    func reserve(_ bytes: Int) -> Reservation? {
        taken.withLock { taken in
            guard taken + bytes <= bytesMax else { return nil }
            taken += bytes
            return Reservation(budget: self, bytes: bytes)
        }
    }

    /// Memory that is set aside; given back when the last reference goes.
    final class Reservation: Sendable {
        private let budget: BodyBudget
        private let bytes: Int

        fileprivate init(budget: BodyBudget, bytes: Int) {
            self.budget = budget
            self.bytes = bytes
        }

        deinit {
            budget.taken.withLock { $0 -= bytes }
        }
    }
}
