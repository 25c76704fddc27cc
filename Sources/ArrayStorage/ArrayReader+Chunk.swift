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
        guard let made = try await madeChunk(key, of: stored, for: client) else { return nil }
        // What makes the chunk again must not keep it.
        let sequence = made.entry.sequence
        let bytes = ViewBytes(made.content, for: client, in: viewMemory) {
            () throws(ArrayReadError) in
            let again = try await self.madeChunk(key, of: stored, for: client)
            guard let again, again.entry.sequence == sequence else {
                throw .chunkUnstable(key: key)
            }
            return again.content
        }
        return DecodedChunk(entry: made.entry, bytes: bytes)
    }

    /// A chunk that was just decoded.
    private struct MadeChunk: Sendable {
        let entry: ObjectEntry
        let content: ViewBytes.Content
    }

    private func madeChunk(
        _ key: String,
        of array: StoredArray,
        for client: String
    ) async throws(ArrayReadError) -> MadeChunk? {
        let share: ViewMemory.Share
        do {
            share = try await viewMemory.reserve(array.decoder.chunkBytes, for: client)
        } catch {
            throw .cancelled
        }
        let loader = engine.loader
        return try await engine.blocking { () throws(ArrayReadError) -> MadeChunk? in
            guard let entry = try loader.entries([key], of: array)[0] else { return nil }
            var made: MadeChunk?
            // Kept beyond its use: the view's memory accounts for it, the loader no longer does.
            let isUsed = try loader.withChunk(
                key,
                entry: entry,
                of: array,
                retention: .keep,
                use: {
                    let content = ViewBytes.Content(bytes: $0, share: share)
                    made = MadeChunk(entry: $1, content: content)
                }
            )
            return isUsed ? made : nil
        }
    }
}

extension WorkAccount {
    /// The client of the current task's account; that of all work on no account is one.
    static var clientNow: String { current?.client ?? "" }
}
