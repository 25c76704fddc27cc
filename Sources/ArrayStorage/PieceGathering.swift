import ArrayModel
import CKernels

/// Hands the elements of a piece of a decoded chunk on as adjacent, aligned items.
struct PieceGathering: Sendable {
    let itemBytes: Int

    /// Uses the elements of a piece in its C order.
    ///
    /// - Parameters:
    ///   - piece: The piece.
    ///   - chunk: The decoded chunk.
    ///   - use: Takes the items and how many they are.
    func with(
        _ piece: ChunkPiece,
        of chunk: UnsafeRawBufferPointer,
        use: (UnsafeRawPointer, Int) -> Void
    ) {
        guard let start = chunk.baseAddress else { return }
        let items = start + piece.sourceOffset * itemBytes
        if Self.isContiguous(piece), Int(bitPattern: items) % 8 == 0 || itemBytes == 1 {
            return use(items, piece.elementCount)
        }
        with(piece, of: chunk, axes: Array(piece.counts.indices), use: use)
    }

    /// Uses the elements of a piece with its axes in another order, the last varying fastest.
    func with(
        _ piece: ChunkPiece,
        of chunk: UnsafeRawBufferPointer,
        axes: [Int],
        use: (UnsafeRawPointer, Int) -> Void
    ) {
        guard let start = chunk.baseAddress else { return }
        let count = piece.elementCount
        let gathered = UnsafeMutableRawPointer.allocate(
            byteCount: max(count * itemBytes, 1),
            alignment: 64
        )
        defer { gathered.deallocate() }
        let counts = axes.map { piece.counts[$0] }
        nave_copy_box(
            gathered,
            StoredArray.strides(of: counts, itemBytes: itemBytes),
            start + piece.sourceOffset * itemBytes,
            axes.map { piece.sourceStrides[$0] * itemBytes },
            counts,
            counts.count,
            itemBytes
        )
        use(gathered, count)
    }

    /// Whether the elements of a piece are neighbours in the chunk, in C order.
    private static func isContiguous(_ piece: ChunkPiece) -> Bool {
        var expected = 1
        for axis in piece.counts.indices.reversed() where piece.counts[axis] > 1 {
            guard piece.sourceStrides[axis] == expected else { return false }
            expected *= piece.counts[axis]
        }
        return true
    }
}
