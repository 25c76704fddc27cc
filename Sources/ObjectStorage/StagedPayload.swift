import StorageModel
import Synchronization
import Volumes

/// A payload that is stored and not yet an object's; dropping it frees it.
///
/// State: guarded by `owner`.
public final class StagedPayload: Sendable {
    enum Content: Sendable {
        /// Short: kept in memory, travels in the log record.
        case inline(LogPayload)
        /// In a blob of its own, flushed.
        case blob(BlobSetWriter, Extent)
        /// In a blob that holds others as well.
        case packed(PayloadPack, Extent)
    }

    private enum Owner {
        case stage
        case store
    }

    let content: Content
    private let upkeep: Upkeep
    private let owner = Mutex(Owner.stage)

    init(_ content: Content, upkeep: Upkeep) {
        self.content = content
        self.upkeep = upkeep
    }

    deinit {
        release()
    }

    /// Its length, in bytes.
    public var lengthBytes: Int64 {
        switch content {
        case .inline(let payload): Int64(payload.bytes.count)
        case .blob(_, let extent), .packed(_, let extent): extent.lengthBytes
        }
    }

    /// Says that a change names the blob now, or may: it is no longer this value's to free.
    func handOver() {
        if case .packed(let pack, _) = content { pack.handOver() }
        owner.withLock { $0 = .store }
    }

    /// Frees the blob, unless it was handed over.
    private func release() {
        guard case .blob(let writer, _) = content else { return }
        let isOurs = owner.withLock { owner in
            defer { owner = .store }
            return owner == .stage
        }
        if isOurs { upkeep.remove([writer.id]) }
    }
}
