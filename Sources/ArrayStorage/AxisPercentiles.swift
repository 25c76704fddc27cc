import ArrayModel

extension ArrayReader {
    /// Finds percentiles of a selection along axes: exactly, whatever its size.
    ///
    /// Memory is bounded by a block of cells and by the result; who comes when others have that memory
    /// waits. Chunks are decoded as few times as ``CellPlan`` finds possible.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - selection: What to look at; made for the array's shape.
    ///   - axes: The axes of the selection's result that go.
    ///   - percents: Which percentiles, at least one, each from 0 to 100.
    ///   - nan: Whether NaN is skipped, or makes all percentiles of its cell NaN.
    /// - Returns: For each percentile a table of the cells, in the order of `percents`, as NumPy has it
    ///   of a list; NaN of no elements.
    /// - Throws: ``ArrayReadError``, any case; ``ArrayReadError/statisticUndefined(_:)`` for more than
    ///   ``axisValuesMax`` values, or if the elements change between two passes over them.
    ///
    /// Source: NumPy reference, `numpy.percentile`, method `linear`.
    public func percentiles(
        _ array: ResolvedArray,
        _ selection: Selection,
        along axes: Set<Int>,
        _ percents: [Double],
        nan: StatisticOptions.NaNPolicy
    ) async throws(ArrayReadError) -> ShapedStatistic {
        precondition(!percents.isEmpty, "something is asked for")
        let stored = try StoredArray(array, limits: engine.limits)
        let dataType = stored.metadata.dataType
        let order = ElementOrder(
            dataType: dataType,
            kind: try ElementPass.orderedKind(of: dataType, for: "percentile")
        )
        let kept = KeptAxes(of: selection, reducing: axes)
        try kept.check(valuesPerCell: percents.count)
        let cells = selection.part(axes: kept.axes)
        let values = CellValues(shape: cells.counts, valuesPerCell: percents.count)
        if selection.elementCount > 0 {
            let search = AxisPercentileSearch(
                array: stored,
                selection: selection,
                kept: kept,
                places: PercentilePlaces(percents: percents),
                order: order,
                nan: nan,
                engine: engine
            )
            try await search.run(gate: cellGate, into: values)
        }
        return try await engine.blocking { () throws(ArrayReadError) -> ShapedStatistic in
            ShapedStatistic(
                shape: [percents.count] + kept.shape,
                values: StatisticArray(values.take())
            )
        }
    }
}

/// A statistic of many cells.
public struct ShapedStatistic: Hashable, Sendable {
    /// The extents of the values.
    public let shape: [Int]
    /// The values in C order.
    public let values: StatisticArray
}

/// The search for percentiles of a selection along axes, block by block.
private struct AxisPercentileSearch: Sendable {
    let array: StoredArray
    let selection: Selection
    let kept: KeptAxes
    let places: PercentilePlaces
    let order: ElementOrder
    let nan: StatisticOptions.NaNPolicy
    let engine: ReadEngine

    /// Finds the percentiles of all cells.
    ///
    /// - Parameters:
    ///   - gate: Where memory for a block is set aside.
    ///   - values: Takes them.
    /// - Throws: ``ArrayReadError``, any case.
    func run(gate: MemoryGate, into values: CellValues) async throws(ArrayReadError) {
        let work = CellPlan.Work(
            array: array,
            selection: selection,
            kept: kept,
            cellElements: selection.elementCount
                / selection.part(axes: kept.axes).elementCount,
            ranks: places.ranksMax
        )
        let limits = engine.limits
        let plan = try await engine.blocking { () throws(ArrayReadError) -> CellPlan in
            CellPlan(work, limits: limits)
        }
        let reservation: MemoryGate.Reservation
        do {
            reservation = try await gate.reserve(plan.bytes)
        } catch {
            throw .cancelled
        }
        for number in 0..<plan.tiling.blockCount {
            let box = plan.tiling.box(number)
            try await block(box, by: plan.method) { cells, found in
                values.put(found, of: cells, in: box)
            }
        }
        withExtendedLifetime(reservation) {}
    }

    private func block(
        _ box: CellTiling.Box,
        by method: CellPlan.Method,
        use: @escaping @Sendable (Range<Int>, [Double]) -> Void
    ) async throws(ArrayReadError) {
        let pass = CellPass(
            array,
            selection.part(axes: kept.axes, lower: box.lower, counts: box.counts),
            kept: kept.axes,
            kind: order.kind,
            engine: engine
        )
        switch method {
        case .sorting:
            let sorting = CellSorting(pass: pass, places: places, order: order, nan: nan)
            try await sorting.run(use: use)
        case .counting(let digitBits):
            let search = CellRankSearch(
                pass: pass,
                places: places,
                order: order,
                nan: nan,
                digitBits: digitBits
            )
            try await search.run(use: use)
        }
    }
}
