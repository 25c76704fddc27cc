import Checksums
import StorageModel
import Synchronization
import Volumes

/// Takes in the payloads of a ``WriteBatch``: shorter ones in memory up to a bound, what is more in blobs,
/// several short ones to a blob.
///
/// All methods block: call them on threads that may wait, several at a time if wanted. Blobs are flushed
/// some at a time, because one flush of the file system's journal serves all that were written before it.
///
/// A blob of several payloads is given back to the disk when its last object goes, so what is overwritten
/// alone keeps its room until then; ``StoreLimits/packBytesMax`` bounds how much that can be.
///
/// State: guarded by `state`.
public final class BatchStage: Sendable {
    /// A payload, and the entity tag that S3 gives its bytes.
    public struct Staged: Sendable {
        /// The payload.
        public let payload: StagedPayload
        /// The MD5 of the bytes in hexadecimal digits.
        public let entityTag: String
    }

    private struct OpenPack {
        let pack: PayloadPack
        var lengthBytes: Int64 = 0
    }

    private struct State {
        var inlineBytes = 0
        /// The blob that takes short payloads.
        var open: OpenPack?
        /// Blobs that are written and not flushed.
        var unflushed: [PayloadPack] = []
    }

    private let state = Mutex(State())
    private let volume: VolumeSet
    private let upkeep: Upkeep
    private let limits: StoreLimits

    init(volume: VolumeSet, upkeep: Upkeep, limits: StoreLimits) {
        self.volume = volume
        self.upkeep = upkeep
        self.limits = limits
    }

    /// Takes in a payload.
    ///
    /// Until ``seal()`` returned the payload must not be written.
    ///
    /// - Throws: ``StoreError/outOfSpace`` and other failures of the volume.
    public func stage(_ bytes: [UInt8]) throws(StoreError) -> Staged {
        Staged(
            payload: StagedPayload(try content(bytes), upkeep: upkeep),
            entityTag: Hexadecimal.encode(MD5.digest(of: bytes))
        )
    }

    /// Brings everything that was staged to the disk.
    ///
    /// - Throws: The failures of the volume; what was staged must then be given up.
    public func seal() throws(StoreError) {
        let packs = state.withLock { state in
            if let open = state.open.take() { state.unflushed.append(open.pack) }
            defer { state.unflushed = [] }
            return state.unflushed
        }
        try flush(packs)
    }

    private func content(_ bytes: [UInt8]) throws(StoreError) -> StagedPayload.Content {
        let isInline = state.withLock { state in
            guard bytes.count <= limits.batchedInlinePayloadBytesMax,
                bytes.count <= limits.batchedInlineBytesMax - state.inlineBytes
            else { return false }
            state.inlineBytes += bytes.count
            return true
        }
        if isInline { return .inline(LogPayload(bytes)) }
        return bytes.count > limits.inlineBytesMax ? try alone(bytes) : try packed(bytes)
    }

    /// A long payload, in a blob of its own.
    private func alone(_ bytes: [UInt8]) throws(StoreError) -> StagedPayload.Content {
        let pack = PayloadPack(try beginBlob(), upkeep: upkeep)
        try translating { () throws(VolumeError) in try pack.append(bytes) }
        try flush(state.withLock { written(pack, &$0) })
        let extent = Extent.blob(pack.id, offset: 0, lengthBytes: Int64(bytes.count))
        return .packed(pack, extent)
    }

    /// A short payload, behind others.
    private func packed(_ bytes: [UInt8]) throws(StoreError) -> StagedPayload.Content {
        let (result, due) = state.withLock { state in
            let result = Result { () throws(StoreError) in try add(bytes, &state) }
            guard let open = state.open, open.lengthBytes >= limits.packBytesMax else {
                return (result, [PayloadPack]())
            }
            state.open = nil
            return (result, written(open.pack, &state))
        }
        try flush(due)
        return try result.get()
    }

    /// Notes a blob that is written; gives those that are to be flushed now.
    private func written(_ pack: PayloadPack, _ state: inout State) -> [PayloadPack] {
        state.unflushed.append(pack)
        guard state.unflushed.count >= limits.unflushedBlobsMax else { return [] }
        defer { state.unflushed = [] }
        return state.unflushed
    }

    /// Flushes blobs; outside of the lock, as it takes its time.
    private func flush(_ packs: [PayloadPack]) throws(StoreError) {
        for pack in packs {
            try translating { () throws(VolumeError) in try pack.finish() }
        }
    }

    private func add(
        _ bytes: [UInt8],
        _ state: inout State
    ) throws(StoreError) -> StagedPayload.Content {
        var open: OpenPack
        if let current = state.open {
            open = current
        } else {
            open = OpenPack(pack: PayloadPack(try beginBlob(), upkeep: upkeep))
        }
        let offset = open.lengthBytes
        let pack = open.pack
        try translating { () throws(VolumeError) in try pack.append(bytes) }
        open.lengthBytes += Int64(bytes.count)
        state.open = open
        let extent = Extent.blob(pack.id, offset: offset, lengthBytes: Int64(bytes.count))
        return .packed(pack, extent)
    }

    private func beginBlob() throws(StoreError) -> BlobSetWriter {
        guard !volume.isNearlyFull(limits) else { throw .outOfSpace }
        return try translating { () throws(VolumeError) in try volume.createBlob() }
    }

    private func translating<Value>(
        _ body: () throws(VolumeError) -> Value
    ) throws(StoreError) -> Value {
        do throws(VolumeError) { return try body() } catch { throw StoreError(error) }
    }
}
