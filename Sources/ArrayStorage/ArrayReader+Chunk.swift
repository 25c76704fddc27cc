import ArrayModel
import DiskIO
import NIOCore
import ObjectStorage
import StorageModel

/// A decoded chunk that is on its way to a client.
public struct DecodedChunk: Sendable {
    /// The object that was decoded.
    public let entry: ObjectEntry
    /// A full chunk, in C order, little-endian.
    public let bytes: ViewBytes
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
        let client = WorkAccount.clientNow
        let made = try await madeChunk(stored, for: client) {
            loader throws(ArrayReadError) -> MadeChunk? in
            guard let entry = try loader.entries([key], of: stored)[0] else { return nil }
            var made: MadeChunk?
            let isUsed = try loader.withChunk(
                key,
                entry: entry,
                of: stored,
                retention: .keep,
                use: { made = MadeChunk(entry: $1, bytes: $0) }
            )
            return isUsed ? made : nil
        }
        return made.map { decoded($0.chunk, $0.share, key, of: stored, for: client) }
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
        let client = WorkAccount.clientNow
        let content = try await content(of: entry, key, of: stored, for: client)
        let chunk = MadeChunk(entry: entry, bytes: content.bytes)
        return decoded(chunk, content.share, key, of: stored, for: client)
    }

    /// A chunk that was just decoded.
    private struct MadeChunk: Sendable {
        let entry: ObjectEntry
        let bytes: ByteBuffer
    }

    /// A chunk as the bytes that a client takes, and that are made again of the same entry.
    private func decoded(
        _ chunk: MadeChunk,
        _ share: ViewMemory.Share,
        _ key: String,
        of array: StoredArray,
        for client: String
    ) -> DecodedChunk {
        // What makes the chunk again must not keep it.
        let entry = chunk.entry
        let content = ViewBytes.Content(bytes: chunk.bytes, share: share)
        let bytes = ViewBytes(content, for: client, in: viewMemory) {
            () throws(ArrayReadError) in
            try await self.content(of: entry, key, of: array, for: client)
        }
        return DecodedChunk(entry: entry, bytes: bytes)
    }

    /// Decodes the chunk of an entry.
    private func content(
        of entry: ObjectEntry,
        _ key: String,
        of array: StoredArray,
        for client: String
    ) async throws(ArrayReadError) -> ViewBytes.Content {
        let made = try await madeChunk(array, for: client) {
            loader throws(ArrayReadError) -> MadeChunk? in
            var made: MadeChunk?
            _ = try loader.withChunk(of: entry, key, of: array, retention: .keep) {
                made = MadeChunk(entry: entry, bytes: $0)
            }
            return made
        }
        guard let made else { throw .chunkUnstable(key: key) }
        return ViewBytes.Content(bytes: made.chunk.bytes, share: made.share)
    }

    /// Waits for the memory that a decoded chunk takes, and decodes it.
    ///
    /// The chunk is kept beyond the use that the loader accounts for; the view's memory does that.
    private func madeChunk(
        _ array: StoredArray,
        for client: String,
        _ work: @escaping @Sendable (ChunkLoader) throws(ArrayReadError) -> MadeChunk?
    ) async throws(ArrayReadError) -> (chunk: MadeChunk, share: ViewMemory.Share)? {
        let share: ViewMemory.Share
        do {
            share = try await viewMemory.reserve(array.decoder.chunkBytes, for: client)
        } catch {
            throw .cancelled
        }
        let loader = engine.loader
        let chunk = try await engine.blocking { () throws(ArrayReadError) in try work(loader) }
        return chunk.map { ($0, share) }
    }
}

extension WorkAccount {
    /// The client of the current task's account; that of all work on no account is one.
    static var clientNow: String { current?.client ?? "" }
}
