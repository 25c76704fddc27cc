import DiskIO
import StorageModel
import Volumes

@testable import ObjectStorage

extension StoreLife {
    /// Something that a store does by itself now and then; false if it takes no further writes.
    func backgroundWork(_ subject: SimulatedStore, _ plan: SessionPlan) async -> Bool {
        let store = subject.store
        switch Int.random(in: 0..<12, using: &random) {
        case 0:
            return await attempt("snapshot", plan) { _ = try await store.takeSnapshot() }
        case 1, 2:
            return await attempt("deep cleaning", plan) {
                _ = try await store.reclaimer.perform(.clean(.deep))
            }
        case 3:
            return await attempt("shallow cleaning", plan) {
                _ = try await store.reclaimer.perform(.clean(.shallow))
            }
        case 4:
            clock.advance(days: 8)
            model.uploads = []
            return await attempt("expiry", plan) {
                _ = try await store.reclaimer.perform(.expireUploads)
            }
        case 5, 6:
            chronicle.note("repair")
            store.repairInTurn()
        case 7:
            return await attempt("index copied", plan) { [folder] in
                try await folder.copyIndex(of: store)
            }
        case 8 where isSpare && isHealthy && suspect == nil && !plan.isFaulty:
            flipBit()
        default: break
        }
        return true
    }

    private func attempt(
        _ what: String,
        _ plan: SessionPlan,
        _ body: () async throws -> Void
    ) async -> Bool {
        chronicle.count(what)
        do {
            try await body()
            chronicle.note(what)
        } catch {
            chronicle.note("\(what): \(error)")
            if !plan.isFaulty, suspect == nil { model.violate("\(what) failed: \(error)") }
            let stops = [StoreError.volumeFailed, .indexFailed]
            return !stops.contains { $0 == error as? StoreError }
        }
        return true
    }
}
