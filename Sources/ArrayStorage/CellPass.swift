import ArrayModel
import CKernels

/// One visit of the elements of a block of cells, chunk by chunk.
///
/// Chunks that are not stored are not visited: what a cell misses then is the fill value.
struct CellPass: Sendable {
    let block: CellBlock
    let kind: nave_item_kind
    let itemBytes: Int
    let fillValue: [UInt8]
    let engine: ReadEngine
    private let pass: ChunkPass
    private let gathering: PieceGathering

    /// Prepares a visit.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - part: What to visit: a part of the selection along the kept axes.
    ///   - kept: The axes of the array that are left, ascending.
    ///   - kind: The kind of the elements.
    ///   - engine: What runs it.
    init(
        _ array: StoredArray,
        _ part: Selection,
        kept: [Int],
        kind: nave_item_kind,
        engine: ReadEngine
    ) {
        block = CellBlock(
            counts: part.counts,
            kept: kept,
            reduced: part.axes.indices.filter { !kept.contains($0) }
        )
        self.kind = kind
        self.engine = engine
        itemBytes = array.itemBytes
        fillValue = array.metadata.fillValue.bytes
        pass = ChunkPass(array, part, engine: engine)
        gathering = PieceGathering(itemBytes: array.itemBytes)
    }

    /// Visits the elements.
    ///
    /// - Parameter visit: Takes elements, on several threads at once.
    /// - Throws: ``ArrayReadError``, any case.
    func run(visit: @escaping @Sendable (CellRun) -> Void) async throws(ArrayReadError) {
        let (pass, block, gathering) = (pass, block, gathering)
        try await pass.run(
            empty: (),
            merge: { (_: Void) in },
            visit: { chunk, entry, _ throws(ArrayReadError) in
                try pass.withBytes(of: chunk, entry) { bytes, _ in
                    for piece in chunk.pieces {
                        let cells = block.cells(of: piece)
                        let each = block.reduced.reduce(1) { $0 * piece.counts[$1] }
                        gathering.with(piece, of: bytes, axes: block.kept + block.reduced) {
                            items,
                            _ in
                            visit(CellRun(cells: cells[...], items: items, each: each))
                        }
                    }
                }
            }
        )
    }
}

/// Elements of some cells: as many of each, those of one cell behind those of the one before.
struct CellRun {
    /// The cells by their number in the block.
    let cells: ArraySlice<Int>
    /// The elements; good for the visit only.
    let items: UnsafeRawPointer
    /// How many are of each cell, at least 1.
    let each: Int
}
