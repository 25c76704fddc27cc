import StorageFormats
import StorageModel
import Synchronization

/// One volume of a set and what is known of it.
///
/// State: guarded by `state`.
final class VolumeMember: Sendable {
    /// The volume's identifier.
    let id: UniqueID
    /// Where it is; empty if it is missing.
    let directory: String
    /// Nil if it is missing or could not be opened.
    let volume: Volume?
    /// The reads of it that failed.
    let readFailures = ReadFailures()
    private let failure: Mutex<VolumeError?>

    init(id: UniqueID, directory: String, volume: Volume?, failure: VolumeError? = nil) {
        self.id = id
        self.directory = directory
        self.volume = volume
        self.failure = Mutex(failure)
    }

    /// The volume, if it takes writes.
    var writable: Volume? {
        guard let volume, volume.isWritable, failure.withLock({ $0 == nil }) else { return nil }
        return volume
    }

    /// Why it takes no writes.
    var whyFailed: VolumeError? { failure.withLock { $0 } }

    /// Notes that it takes no writes any more; false if that was known.
    func fail(_ error: VolumeError) -> Bool {
        failure.withLock { failure in
            guard failure == nil else { return false }
            failure = error
            return true
        }
    }
}
