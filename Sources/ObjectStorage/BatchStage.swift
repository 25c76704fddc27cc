import Checksums
import StorageModel
import Synchronization
import Volumes

/// Takes in the payloads of a ``WriteBatch``: short ones in memory up to a bound, more of them packed
/// into blobs, long ones in blobs of their own.
///
/// All methods block: call them on threads that may wait, several at a time if wanted.
///
/// A pack is given back to the disk when its last object goes, so what is overwritten alone keeps its
/// room until then; ``StoreLimits/packBytesMax`` bounds how much that can be.
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
        var open: OpenPack?
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
        let open = state.withLock { $0.open.take() }
        guard let open else { return }
        try translating { () throws(VolumeError) in try open.pack.finish() }
    }

    private func content(_ bytes: [UInt8]) throws(StoreError) -> StagedPayload.Content {
        guard bytes.count <= limits.inlineBytesMax else {
            let writer = try beginBlob()
            return try translating { () throws(VolumeError) in
                try writer.append(bytes)
                return .blob(writer.id, try writer.finish())
            }
        }
        let isInline = state.withLock { state in
            guard bytes.count <= limits.batchedInlineBytesMax - state.inlineBytes else {
                return false
            }
            state.inlineBytes += bytes.count
            return true
        }
        return isInline ? .inline(LogPayload(bytes)) : try packed(bytes)
    }

    private func packed(_ bytes: [UInt8]) throws(StoreError) -> StagedPayload.Content {
        let (result, full) = state.withLock { state in
            let result = Result { () throws(StoreError) in try add(bytes, &state) }
            guard let open = state.open, open.lengthBytes >= limits.packBytesMax else {
                return (result, nil as PayloadPack?)
            }
            state.open = nil
            return (result, open.pack)
        }
        // Outside of the lock: a flush takes its time.
        if let full { try translating { () throws(VolumeError) in try full.finish() } }
        return try result.get()
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
