import ArrayModel
import CKernels

/// The computation of statistics along axes: one reduction for every cell of the result, which are
/// computed a block at a time.
private struct AxisReduction: Sendable {
    private let array: StoredArray
    private let engine: ReadEngine
    private let selection: Selection
    private let kept: KeptAxes
    private let kind: nave_item_kind
    private let empty: Reduction
    private let cellElements: Int
    private let cellBytes: Int
    private let tiling: CellTiling

    /// Prepares a computation.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - selection: What to reduce; not empty.
    ///   - kept: The axes that are left.
    ///   - empty: The reduction of nothing.
    ///   - engine: What runs it.
    /// - Throws: ``ArrayReadError/dataTypeNotSliceable(_:)``.
    init(
        _ array: StoredArray,
        _ selection: Selection,
        kept: KeptAxes,
        empty: Reduction,
        engine: ReadEngine
    ) throws(ArrayReadError) {
        guard let kind = nave_item_kind(array.metadata.dataType) else {
            throw .dataTypeNotSliceable(array.metadata.dataType.name)
        }
        self.array = array
        self.engine = engine
        self.selection = selection
        self.kept = kept
        self.kind = kind
        self.empty = empty
        let cells = selection.part(axes: kept.axes)
        cellElements = selection.elementCount / cells.elementCount
        cellBytes = CellReductions.cellBytes(
            elements: cellElements,
            empty: empty,
            itemBytes: array.itemBytes
        )
        tiling = CellTiling(
            cells,
            chunkShape: kept.axes.map { array.grid.chunkShape[$0] },
            cellsMax: max(engine.limits.cellBlockBytesMax / cellBytes, 1)
        )
    }

    /// Computes all cells.
    ///
    /// - Parameters:
    ///   - gate: Where memory for a block is set aside.
    ///   - use: Takes the reductions of some cells of a box, on several threads at once.
    /// - Throws: ``ArrayReadError``, any case.
    func run(
        gate: MemoryGate,
        use:
            @escaping @Sendable (CellTiling.Box, Range<Int>, [Reduction]) throws(ArrayReadError)
            -> Void
    ) async throws(ArrayReadError) {
        let reservation: MemoryGate.Reservation
        do {
            reservation = try await gate.reserve(tiling.blockCells * cellBytes)
        } catch {
            throw .cancelled
        }
        let (tiling, cellElements) = (tiling, cellElements)
        let (empty, itemBytes) = (empty, array.itemBytes)
        let stripes = try await engine.blocking {
            () throws(ArrayReadError) -> CellStripes<CellReductions> in
            CellStripes(cellCount: tiling.blockCells) { count in
                CellReductions(
                    cellCount: count,
                    cellElements: cellElements,
                    empty: empty,
                    itemBytes: itemBytes
                )
            }
        }
        for number in 0..<tiling.blockCount {
            try await block(tiling.box(number), in: stripes, use: use)
        }
        withExtendedLifetime(reservation) {}
    }

    private func block(
        _ box: CellTiling.Box,
        in stripes: CellStripes<CellReductions>,
        use:
            @escaping @Sendable (CellTiling.Box, Range<Int>, [Reduction]) throws(ArrayReadError)
            -> Void
    ) async throws(ArrayReadError) {
        let pass = CellPass(
            array,
            selection.part(axes: kept.axes, lower: box.lower, counts: box.counts),
            kept: kept.axes,
            kind: kind,
            engine: engine
        )
        let itemBytes = array.itemBytes
        try await pass.run { run in
            stripes.visit(run, itemBytes: itemBytes) { cells, firstCell, part in
                cells.add(part, firstCell: firstCell)
            }
        }
        let (block, cellElements) = (0..<pass.block.cellCount, cellElements)
        try await engine.process(
            ListedParts(stripes.stripes),
            merge: { (_: Void) in },
            work: { stripe throws(ArrayReadError) -> Void in
                let cells = stripe.cells.clamped(to: block)
                let found = stripe.with { reductions in
                    reductions.take(
                        cells.count,
                        fill: pass.fillValue,
                        cellElements: cellElements
                    )
                }
                try use(box, cells, found)
            }
        )
    }
}

extension ArrayReader {
    /// The most values that statistics along axes give, of all statistics together.
    public static let axisValuesMax = 1 << 20

    /// Computes statistics of a selection along axes.
    ///
    /// Memory is bounded by a block of cells and by the result; who comes when others have that memory
    /// waits. A chunk is decoded once for every block that it lies in. Chunks are taken in as they come,
    /// so that the last digits of floats may be others the next time.
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
        let dataType = array.metadata.dataType
        let empty = try Reduction(dataType, parts: SummaryParts(statistics.map(\.parts)))
        let cells = CellStatistics(
            statistics,
            options,
            of: dataType,
            shape: selection.part(axes: kept.axes).counts
        )
        if selection.elementCount > 0 {
            let reduction = try AxisReduction(
                try StoredArray(array, limits: engine.limits),
                selection,
                kept: kept,
                empty: empty,
                engine: engine
            )
            try await reduction.run(gate: cellGate) {
                box,
                range,
                reductions throws(ArrayReadError) in
                try cells.put(reductions, of: range, in: box)
            }
        } else {
            try await engine.blocking { () throws(ArrayReadError) in try cells.fill(with: empty) }
        }
        return AxisStatistics(shape: kept.shape, values: cells.take())
    }
}
