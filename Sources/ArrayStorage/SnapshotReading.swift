import ArrayModel
import ObjectStorage

/// Copies pieces of chunks into memory, all of them as one state of the array has them.
struct SnapshotReading: Sendable {
    /// How often the reading is begun anew because a writer replaced a chunk.
    private static let attemptsMax = 16

    let array: StoredArray
    let engine: ReadEngine
    let retention: ChunkLoader.Retention

    /// Fills memory.
    ///
    /// - Parameters:
    ///   - memory: Where the pieces go; all of it is written.
    ///   - chunkCount: About how many chunks there are.
    ///   - touched: Gives the chunks with their pieces, each chunk once.
    /// - Throws: ``ArrayReadError``, ``ArrayReadError/chunkUnstable(key:)`` if writers were faster again
    ///   and again.
    func read(
        into memory: SlabMemory,
        chunkCount: Int,
        _ touched: @escaping @Sendable () -> [TouchedChunk]
    ) async throws(ArrayReadError) {
        var replaced: String?
        for _ in 0..<Self.attemptsMax {
            replaced = try await readOnce(into: memory, chunkCount, touched)
            if replaced == nil { return }
        }
        throw .chunkUnstable(key: replaced ?? "")
    }

    /// Looks the chunks up and reads them.
    ///
    /// - Returns: The key of a chunk that was replaced before it was read, if there is one; what is in
    ///   the memory is of no use then.
    private func readOnce(
        into memory: SlabMemory,
        _ chunkCount: Int,
        _ touched: @escaping @Sendable () -> [TouchedChunk]
    ) async throws(ArrayReadError) -> String? {
        let batchChunks = BatchSize(array, limits: engine.limits).chunksMax
        if chunkCount <= batchChunks {
            return try await engine.blocking { () throws(ArrayReadError) -> String? in
                let snapshot = try ChunkSnapshot(touched(), of: array, loader: engine.loader)
                return try copy(snapshot.chunks[...], into: memory)
            }
        }
        let snapshot = try await engine.blocking { () throws(ArrayReadError) -> ChunkSnapshot in
            try ChunkSnapshot(touched(), of: array, loader: engine.loader)
        }
        var replaced: String?
        try await engine.process(
            ListedParts(snapshot.parts(of: batchChunks)),
            merge: { (found: String?) in replaced = replaced ?? found },
            work: { part throws(ArrayReadError) -> String? in try copy(part, into: memory) }
        )
        return replaced
    }

    /// Copies chunks into memory, up to the first that was replaced, whose key is returned.
    private func copy(
        _ chunks: ArraySlice<ChunkSnapshot.Chunk>,
        into memory: SlabMemory
    ) throws(ArrayReadError) -> String? {
        for chunk in chunks {
            guard let entry = chunk.entry else {
                for piece in chunk.pieces { memory.putFillValue(piece) }
                continue
            }
            let isRead = try engine.loader.withPieces(
                chunk.pieces,
                of: entry,
                chunk.key,
                of: array,
                retention: retention
            ) { piece, bytes, first in memory.put(piece, of: bytes, from: first) }
            guard isRead else { return chunk.key }
        }
        return nil
    }
}
