import ArrayModel
import ObjectStorage

/// The computation of statistics along axes: one reduction for every cell of the result, which are
/// computed a block at a time.
struct AxisReduction: Sendable {
    /// The most bytes that one cell takes while it is computed, with its copies in parts.
    private static let cellBytes = 800

    private let array: StoredArray
    private let engine: ReadEngine
    private let selection: Selection
    private let kept: [Int]
    private let reduced: [Int]
    private let empty: Reduction
    private let gathering: PieceGathering

    /// Prepares a computation.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - selection: What to reduce.
    ///   - kept: The axes of the array that are left, ascending.
    ///   - parts: What to compute.
    ///   - engine: What runs it.
    /// - Throws: ``ArrayReadError/dataTypeNotSliceable(_:)``.
    init(
        _ array: StoredArray,
        _ selection: Selection,
        kept: [Int],
        parts: SummaryParts,
        engine: ReadEngine
    ) throws(ArrayReadError) {
        self.array = array
        self.engine = engine
        self.selection = selection
        self.kept = kept
        reduced = selection.axes.indices.filter { !kept.contains($0) }
        empty = try Reduction(array.metadata.dataType, parts: parts)
        gathering = PieceGathering(itemBytes: array.itemBytes)
    }

    /// Computes all cells in the C order of the result.
    ///
    /// - Parameters:
    ///   - budget: Where memory for a block is set aside.
    ///   - use: Takes the cells, block by block.
    /// - Throws: ``ArrayReadError``, any case.
    func run(
        budget: SlabBudget,
        use: ([Reduction]) throws(ArrayReadError) -> Void
    ) async throws(ArrayReadError) {
        let cells = selection.part(axes: kept)
        let cellsWanted = min(cells.elementCount, engine.limits.reductionCellsMax)
        let reservation = budget.reserve(
            preferred: cellsWanted * Self.cellBytes,
            minimum: min(cellsWanted, 4096) * Self.cellBytes
        )
        let plan = ReadPlan(
            selection: cells,
            grid: ChunkGrid(
                shape: kept.map { array.grid.shape[$0] },
                chunkShape: kept.map { array.grid.chunkShape[$0] }
            ),
            slabElementsMax: max(reservation.bytes / Self.cellBytes, 1)
        )
        for slab in plan.slabs { try use(try await block(lower: slab.lower, counts: slab.counts)) }
        withExtendedLifetime(reservation) {}
    }

    /// One block of cells.
    private func block(
        lower: [Int],
        counts: [Int]
    ) async throws(ArrayReadError) -> [Reduction] {
        let part = selection.part(axes: kept, lower: lower, counts: counts)
        let block = CellBlock(counts: part.counts, kept: kept, reduced: reduced)
        var cells = Array(repeating: empty, count: block.cellCount)
        let pass = ChunkPass(array, part, engine: engine)
        let chunkCells = kept.reduce(1) { $0 * min(array.grid.chunkShape[$1], part.counts[$1]) }
        try await pass.run(
            chunksMax: max(16_384 / max(chunkCells, 1), 1),
            empty: [CellPart](),
            merge: { parts in
                for part in parts {
                    for (cell, found) in zip(part.cells, part.reductions) {
                        cells[cell].merge(found)
                    }
                }
            },
            visit: { chunk, entry, parts throws(ArrayReadError) in
                try pass.withBytes(of: chunk, entry) { bytes, _ in
                    for piece in chunk.pieces { parts.append(self.part(piece, bytes, block)) }
                }
            }
        )
        let fill = array.metadata.fillValue.bytes
        for cell in cells.indices where cells[cell].count < block.cellElements {
            cells[cell].add(fill, repeated: block.cellElements - cells[cell].count)
        }
        return cells
    }

    /// What a piece of a chunk gives to its cells.
    private func part(
        _ piece: ChunkPiece,
        _ bytes: UnsafeRawBufferPointer,
        _ block: CellBlock
    ) -> CellPart {
        let cells = block.cells(of: piece)
        let inner = reduced.reduce(1) { $0 * piece.counts[$1] }
        var reductions = Array(repeating: empty, count: cells.count)
        gathering.with(piece, of: bytes, axes: kept + reduced) { items, _ in
            for index in reductions.indices {
                reductions[index].add(items + index * inner * array.itemBytes, count: inner)
            }
        }
        return CellPart(cells: cells, reductions: reductions)
    }
}

/// What one piece gives to cells.
private struct CellPart: Sendable {
    let cells: [Int]
    let reductions: [Reduction]
}

extension ArrayReader {
    /// The most values that statistics along axes give, of all statistics together.
    public static let axisValuesMax = 1 << 20

    /// Computes statistics of a selection along axes.
    ///
    /// Memory is bounded by a block of cells and by the result; a chunk is read once for every block
    /// that it lies in.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - selection: What to reduce; made for the array's shape.
    ///   - axes: The axes of the selection's result that go.
    ///   - statistics: Which statistics.
    ///   - options: How they are computed.
    /// - Returns: An array for each of them.
    /// - Throws: ``ArrayReadError``, any case; ``ArrayReadError/statisticUndefined(_:)`` for more than
    ///   ``axisValuesMax`` values and for the extrema of nothing.
    public func statistics(
        _ array: ResolvedArray,
        _ selection: Selection,
        along axes: Set<Int>,
        _ statistics: Set<Statistic>,
        _ options: StatisticOptions
    ) async throws(ArrayReadError) -> AxisStatistics {
        try Self.check(statistics, array)
        let kept = KeptAxes(of: selection, reducing: axes)
        try kept.check(valuesPerCell: statistics.count)
        var values: [Statistic: StatisticArray] = [:]
        for statistic in statistics {
            values[statistic] = StatisticArray(statistic, of: array.metadata.dataType)
        }
        let reduction = try AxisReduction(
            try StoredArray(array, limits: engine.limits),
            selection,
            kept: kept.axes,
            parts: SummaryParts(statistics.map(\.parts)),
            engine: engine
        )
        try await reduction.run(budget: budget) { cells throws(ArrayReadError) in
            for statistic in statistics {
                for cell in cells {
                    guard let value = cell.value(statistic, options) else {
                        throw .statisticUndefined(.noElements)
                    }
                    values[statistic]?.append(value)
                }
            }
        }
        return AxisStatistics(shape: kept.shape, values: values)
    }
}
