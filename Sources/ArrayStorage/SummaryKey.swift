import ArrayModel
import Checksums
import ObjectStorage
import StorageModel

/// What the statistics of a whole chunk are kept under: the first 128 bits of a SHA-256 of all that
/// decides them.
struct SummaryKey: Hashable, Sendable {
    let high: UInt64
    let low: UInt64
}

/// Makes the keys of the chunks of one array.
struct SummaryKeys: Sendable {
    /// The digest of the line and of all that decides how a chunk decodes; chunks follow.
    private let beginning: SHA256
    private let chunkStrides: [Int]
    private let array: StoredArray

    init(_ array: StoredArray) {
        self.array = array
        chunkStrides = StoredArray.strides(of: array.grid.chunkShape, itemBytes: 1)
        var digest = SHA256()
        let metadata = array.metadata
        let decoding = "\(metadata.codecs) \(metadata.chunkShape) \(metadata.dataType)"
        digest.update(Array("\(array.line.number) \(decoding)\n".utf8) + metadata.fillValue.bytes)
        beginning = digest
    }

    /// How much of a chunk lies within the array, if the pieces are exactly that, in its order.
    func wholeCounts(of pieces: [ChunkPiece]) -> [Int]? {
        guard pieces.count == 1, let piece = pieces.first, piece.sourceOffset == 0 else {
            return nil
        }
        for axis in piece.counts.indices {
            let extent = array.grid.elements(ofChunk: piece.chunk[axis], axis: axis).count
            guard piece.counts[axis] == extent else { return nil }
            guard extent == 1 || piece.sourceStrides[axis] == chunkStrides[axis] else {
                return nil
            }
        }
        return piece.counts
    }

    /// The key of a chunk.
    func key(_ key: String, _ entry: ObjectEntry, _ counts: [Int]) -> SummaryKey {
        var digest = beginning
        let chunk = "\(key)\n\(entry.sequence) \(entry.entityTag) \(entry.sizeBytes) \(counts)"
        digest.update(Array(chunk.utf8))
        return digest.finalize().withUnsafeBytes { bytes in
            SummaryKey(
                high: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self).bigEndian,
                low: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self).bigEndian
            )
        }
    }
}
