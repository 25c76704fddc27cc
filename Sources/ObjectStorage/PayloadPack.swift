import StorageModel
import Synchronization
import Volumes

/// A blob that holds the payloads of several objects, one behind the other; dropping the last of them
/// before a change names one frees it.
///
/// State: guarded by `owner`.
final class PayloadPack: Sendable {
    private enum Owner {
        /// The file is being written.
        case writer
        /// It is whole, and nothing names it.
        case stage
        case store
    }

    /// The blob.
    var id: BlobID { writer.id }

    private let writer: BlobSetWriter
    private let upkeep: Upkeep
    private let owner = Mutex(Owner.writer)

    init(_ writer: BlobSetWriter, upkeep: Upkeep) {
        self.writer = writer
        self.upkeep = upkeep
    }

    deinit {
        switch owner.withLock({ $0 }) {
        case .writer: writer.discard()
        case .stage: upkeep.remove([id])
        case .store: break
        }
    }

    /// Adds a payload; blocks.
    func append(_ bytes: [UInt8]) throws(VolumeError) {
        try writer.append(bytes)
    }

    /// Ends the blob, which is on the disk when this returns; blocks.
    func finish() throws(VolumeError) {
        _ = try writer.finish()
        owner.withLock { $0 = .stage }
    }

    /// Says that a change names the blob now, or may: it is no longer this value's to free.
    func handOver() {
        owner.withLock { $0 = .store }
    }
}
