import StorageModel
import Synchronization

/// The blobs of which nobody knows yet whether something will name them: those being written, and those
/// whose change is not committed.
///
/// State: guarded by `numbers`; never held while anything waits.
final class UnsettledBlobs: Sendable {
    private let numbers = Mutex<Set<BlobID>>([])

    /// All of them.
    var all: Set<BlobID> { numbers.withLock { $0 } }

    /// Whether a blob is one of them.
    func contains(_ id: BlobID) -> Bool { numbers.withLock { $0.contains(id) } }

    fileprivate func insert(_ id: BlobID) { numbers.withLock { _ = $0.insert(id) } }

    fileprivate func remove(_ id: BlobID) { numbers.withLock { _ = $0.remove(id) } }
}

/// Keeps a blob among the unsettled ones for as long as it lives.
///
/// Whoever commits a change that names the blob keeps this until the index shows the change.
final class BlobClaim: Sendable {
    let id: BlobID
    private let blobs: UnsettledBlobs

    init(_ id: BlobID, in blobs: UnsettledBlobs) {
        self.id = id
        self.blobs = blobs
        blobs.insert(id)
    }

    deinit {
        blobs.remove(id)
    }
}
