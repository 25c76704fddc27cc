import ArrayModel
import CKernels

/// A chunk that a write changes, and what it changes of it.
struct ChunkChange: Sendable {
    /// What is done to a chunk.
    enum Edit: Sendable {
        /// Elements of a region take the place of those of pieces, which have none in common.
        case put([ChunkPiece], RegionSource)
        /// Only so many elements along each axis stay; the fill value takes the place of the others.
        case trim(kept: [Int])
    }

    /// How much of the chunk's elements within the array the edit replaces.
    enum Coverage: Hashable, Sendable {
        /// All: what was stored does not matter.
        case whole
        /// Some: the others stay as they are.
        case part
    }

    /// The chunk's key in the array's line.
    let key: String
    let edit: Edit
    let coverage: Coverage
    /// Whether the chunk has elements beyond the edge of the array.
    let isClipped: Bool

    /// Puts elements of a region.
    ///
    /// - Parameters:
    ///   - chunk: The chunk's coordinates.
    ///   - pieces: What the region takes of it, no element twice.
    ///   - source: Has the elements.
    ///   - array: The array.
    init(
        _ chunk: [Int],
        _ pieces: [ChunkPiece],
        of source: RegionSource,
        in array: StoredArray
    ) {
        let extents = chunk.indices.map { axis in
            array.grid.elements(ofChunk: chunk[axis], axis: axis).count
        }
        key = array.key(chunk)
        edit = .put(pieces, source)
        let elements = pieces.reduce(0) { $0 + $1.elementCount }
        coverage = elements == extents.reduce(1, *) ? .whole : .part
        isClipped = extents != array.grid.chunkShape
    }

    /// Keeps what a smaller grid has of a chunk.
    init(trimming chunk: StoredChunk, to smaller: ChunkGrid) {
        key = chunk.key
        edit = .trim(
            kept: chunk.coordinates.indices.map { axis in
                smaller.elements(ofChunk: chunk.coordinates[axis], axis: axis).count
            }
        )
        coverage = .part
        isClipped = true
    }

    /// Changes a decoded chunk.
    func apply(to chunk: UnsafeMutableRawBufferPointer, of array: StoredArray) {
        switch edit {
        case .put(let pieces, let source):
            for piece in pieces { source.copy(piece, into: chunk) }
        case .trim(let kept):
            for axis in kept.indices { Self.trim(chunk, axis, keeping: kept[axis], of: array) }
        }
    }

    /// Writes the fill value to all indices along an axis but the first ones.
    private static func trim(
        _ chunk: UnsafeMutableRawBufferPointer,
        _ axis: Int,
        keeping kept: Int,
        of array: StoredArray
    ) {
        let strides = StoredArray.strides(of: array.grid.chunkShape, itemBytes: array.itemBytes)
        var extents = array.grid.chunkShape
        guard let start = chunk.baseAddress, kept < extents[axis] else { return }
        extents[axis] -= kept
        nave_copy_box(
            start + kept * strides[axis],
            strides,
            array.metadata.fillValue.bytes,
            extents.map { _ in 0 },
            extents,
            extents.count,
            array.itemBytes
        )
    }
}

extension FillValue {
    /// Writes the value into every element of a chunk.
    func fill(_ chunk: UnsafeMutableRawBufferPointer) {
        guard let start = chunk.baseAddress, !bytes.isEmpty else { return }
        nave_copy_box(
            start,
            [bytes.count],
            bytes,
            [0],
            [chunk.count / bytes.count],
            1,
            bytes.count
        )
    }
}
