import ArrayModel
import NIOCore
import ObjectStorage
import StorageModel

/// A decoded chunk that is on its way to a client.
public struct DecodedChunk: Sendable {
    /// The object that was decoded.
    public let entry: ObjectEntry
    /// A full chunk, in C order, little-endian.
    public let bytes: ByteBuffer
    /// What accounts for the memory of the bytes while it lives.
    public let memory: any Sendable

    init(entry: ObjectEntry, bytes: ByteBuffer, memory: MemoryGate.Reservation) {
        self.entry = entry
        self.bytes = bytes
        self.memory = memory
    }
}

extension ArrayReader {
    /// The length of a decoded chunk of an array, in bytes.
    ///
    /// - Throws: ``ArrayReadError/dataTypeNotSliceable(_:)`` or ``ArrayReadError/notDecodable(_:)``.
    public func decodedChunkBytes(_ array: ResolvedArray) throws(ArrayReadError) -> Int {
        try StoredArray(array, limits: engine.limits).decoder.chunkBytes
    }

    /// Decodes a whole chunk.
    ///
    /// Waits while many others are being sent (``ArrayReaderLimits/viewBytesMax``). A chunk that
    /// was decoded lately is not decoded again.
    ///
    /// - Parameters:
    ///   - key: The chunk's key in the array's line.
    ///   - array: The array.
    /// - Returns: The chunk, or nil if it is not stored.
    /// - Throws: ``ArrayReadError``, any case but those about statistics.
    public func decodedChunk(
        _ key: String,
        of array: ResolvedArray
    ) async throws(ArrayReadError) -> DecodedChunk? {
        let stored = try StoredArray(array, limits: engine.limits)
        let memory = try await viewMemory(stored)
        let loader = engine.loader
        return try await engine.blocking { () throws(ArrayReadError) -> DecodedChunk? in
            guard let entry = try loader.entries([key], of: stored)[0] else { return nil }
            var decoded: DecodedChunk?
            // Kept beyond its use: the gate accounts for it, the loader no longer does.
            let isUsed = try loader.withChunk(
                key,
                entry: entry,
                of: stored,
                retention: .keep,
                use: { decoded = DecodedChunk(entry: $1, bytes: $0, memory: memory) }
            )
            return isUsed ? decoded : nil
        }
    }

    /// Decodes a whole chunk that was looked up; otherwise as ``decodedChunk(_:of:)``.
    ///
    /// - Throws: ``ArrayReadError``, any case but those about statistics;
    ///   ``ArrayReadError/chunkUnstable(key:)`` if the chunk was replaced since, and its bytes are gone.
    public func decodedChunk(
        _ key: String,
        entry: ObjectEntry,
        of array: ResolvedArray
    ) async throws(ArrayReadError) -> DecodedChunk {
        let stored = try StoredArray(array, limits: engine.limits)
        let memory = try await viewMemory(stored)
        let loader = engine.loader
        return try await engine.blocking { () throws(ArrayReadError) -> DecodedChunk in
            var decoded: DecodedChunk?
            _ = try loader.withChunk(of: entry, key, of: stored, retention: .keep) {
                decoded = DecodedChunk(entry: entry, bytes: $0, memory: memory)
            }
            guard let decoded else { throw .chunkUnstable(key: key) }
            return decoded
        }
    }

    /// Waits for the memory that a decoded chunk takes until it is sent.
    private func viewMemory(
        _ array: StoredArray
    ) async throws(ArrayReadError) -> MemoryGate.Reservation {
        do {
            return try await viewGate.reserve(array.decoder.chunkBytes)
        } catch {
            throw .cancelled
        }
    }
}
