import ArrayModel

/// The cells of a block: the C order of the kept axes of a part of the selection.
struct CellBlock: Sendable {
    let counts: [Int]
    let kept: [Int]
    let reduced: [Int]

    var cellCount: Int { kept.reduce(1) { $0 * counts[$1] } }

    /// How many elements a cell is made of; the bytes of the array fit, and so does this.
    var cellElements: Int { reduced.reduce(1) { $0 * counts[$1] } }

    /// The cells of a piece, in the C order of its kept axes.
    func cells(of piece: ChunkPiece) -> [Int] {
        let slabStrides = StoredArray.strides(of: counts, itemBytes: 1)
        var cells = [0]
        for axis in kept {
            let first =
                counts[axis] == 0 ? 0 : piece.targetOffset / slabStrides[axis] % counts[axis]
            let step = piece.targetStrides[axis] / slabStrides[axis]
            var inner: [Int] = []
            inner.reserveCapacity(cells.count * piece.counts[axis])
            for outer in cells {
                for index in 0..<piece.counts[axis] {
                    inner.append(outer * counts[axis] + first + index * step)
                }
            }
            cells = inner
        }
        return cells
    }
}
