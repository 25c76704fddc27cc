import DiskIO
import StorageModel
import Synchronization

/// What becomes of a request that a thread waits for.
///
/// State: guarded by `outcome`.
final class AwaitedOutcome: Sendable {
    private let outcome = Mutex<Result<Reclaimer.Outcome, StoreError>?>(nil)
    private let given: WakeupSignal

    init() throws(DiskError) { given = try WakeupSignal() }

    func give(_ result: Result<Reclaimer.Outcome, StoreError>) {
        outcome.withLock { $0 = result }
        given.post()
    }

    func wait() -> Result<Reclaimer.Outcome, StoreError> {
        given.wait()
        return outcome.withLock { $0 } ?? .failure(.closed)
    }
}
