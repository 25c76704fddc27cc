import ArrayModel
import ObjectStorage
import StorageModel

/// The chunks that a slab touches, as one state of the line has them.
struct ChunkSnapshot: Sendable {
    /// A chunk with what the store knows of it.
    struct Chunk: Sendable {
        let key: String
        let pieces: [ChunkPiece]
        /// Nil if it is not stored.
        let entry: ObjectEntry?
    }

    let chunks: [Chunk]

    /// Looks up chunks at one state of the line; blocks.
    ///
    /// - Throws: ``ArrayReadError/store(_:)``.
    init(
        _ touched: [TouchedChunk],
        of array: StoredArray,
        loader: ChunkLoader
    ) throws(ArrayReadError) {
        let keys = touched.map { array.key($0.coordinates) }
        let entries = try loader.entries(keys, of: array)
        chunks = zip(zip(keys, touched), entries).map { pair, entry in
            Chunk(key: pair.0, pieces: pair.1.pieces, entry: entry)
        }
    }

    /// The chunks in parts of at most `size` each.
    func parts(of size: Int) -> [ArraySlice<Chunk>] {
        stride(from: 0, to: chunks.count, by: max(size, 1)).map {
            chunks[$0..<min($0 + max(size, 1), chunks.count)]
        }
    }
}
