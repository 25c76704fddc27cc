import ArrayModel
import NIOCore
import ObjectStorage
import StorageModel

extension ChunkLoader {
    /// Uses pieces of one entry that was looked up.
    ///
    /// Of a chunk that is stored as it is decoded only the pieces are read, if they are long and a small part
    /// of it: a few images of a chunk of many. Any other chunk is read whole, and kept as `retention` says.
    ///
    /// - Parameters:
    ///   - pieces: The pieces.
    ///   - entry: What was looked up.
    ///   - key: The key in the line.
    ///   - array: The array that it is a chunk of.
    ///   - retention: What becomes of a chunk that is decoded.
    ///   - use: Takes each piece with decoded bytes that reach as far as the piece does, and the element of
    ///     the chunk that they begin with.
    /// - Returns: False if the chunk was replaced or deleted since the look-up; `use` may have run for some
    ///   of the pieces then.
    /// - Throws: ``ArrayReadError/chunkUnreadable(key:_:)`` or ``ArrayReadError/store(_:)``.
    func withPieces(
        _ pieces: [ChunkPiece],
        of entry: ObjectEntry,
        _ key: String,
        of array: StoredArray,
        retention: Retention,
        use: (ChunkPiece, ByteBuffer, Int) -> Void
    ) throws(ArrayReadError) -> Bool {
        guard let parts = readAlone(pieces, of: entry, array),
            cached(key, entry: entry, of: array) == nil
        else {
            return try withChunk(of: entry, key, of: array, retention: retention) { chunk in
                for piece in pieces { use(piece, chunk, 0) }
            }
        }
        for piece in parts {
            let elements = piece.sourceElements
            let bytes = elements.bytes(of: array)
            guard let found = try stored(bytes, of: entry) else { return false }
            use(piece, found, elements.lowerBound)
        }
        return true
    }

    /// The pieces in parts that are read by themselves; nil if the chunk is to be read whole.
    private func readAlone(
        _ pieces: [ChunkPiece],
        of entry: ObjectEntry,
        _ array: StoredArray
    ) -> [ChunkPiece]? {
        guard array.decoder.isIdentity else { return nil }
        let chunkBytes = array.decoder.chunkBytes
        guard entry.sizeBytes == Int64(chunkBytes) else { return nil }
        let bytesMax = min(Int64(chunkBytes) / 4, Int64(largeChunkBytes))
        // As many parts as there may be: each is at least so long, on the average.
        let elements = pieces.reduce(0) { $0 + $1.elementCount }
        guard Int64(elements * array.itemBytes) <= bytesMax else { return nil }
        var parts: [ChunkPiece] = []
        var total: Int64 = 0
        for part in pieces.lazy.flatMap(\.separated) {
            let bytes = part.sourceElements.bytes(of: array)
            total += bytes.upperBound - bytes.lowerBound
            parts.append(part)
            guard total <= bytesMax, total >= Int64(parts.count) * Int64(pieceBytesMin) else {
                return nil
            }
        }
        return parts.isEmpty ? nil : parts
    }

    /// Some stored bytes of an entry; nil if it was replaced since the look-up.
    private func stored(
        _ bytes: Range<Int64>,
        of entry: ObjectEntry
    ) throws(ArrayReadError) -> ByteBuffer? {
        do throws(StoreError) {
            return try store.readBlocking(entry, range: bytes)
        } catch {
            if error == .objectReplaced { return nil }
            throw .store(error)
        }
    }
}

extension Range<Int> {
    /// Elements of a chunk as bytes.
    fileprivate func bytes(of array: StoredArray) -> Range<Int64> {
        Int64(lowerBound * array.itemBytes)..<Int64(upperBound * array.itemBytes)
    }
}
