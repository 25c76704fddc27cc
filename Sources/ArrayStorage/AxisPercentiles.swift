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
        let memory = try await memory(plan, cellElements: work.cellElements)
        for number in 0..<plan.tiling.blockCount {
            let box = plan.tiling.box(number)
            try await block(box, in: memory) { cells, found in
                values.put(found, of: cells, in: box)
            }
        }
        withExtendedLifetime(reservation) {}
    }

    /// What is known of the cells of a block; the same for all blocks, one after the other.
    private enum Memory {
        case sorting(CellStripes<CellElements>)
        case counting(digitBits: Int, CellStripes<CellRanks>)
    }

    /// Makes memory for the largest block, which takes a while to write.
    private func memory(
        _ plan: CellPlan,
        cellElements: Int
    ) async throws(ArrayReadError) -> Memory {
        let (places, order, itemBytes) = (places, order, array.itemBytes)
        return try await engine.blocking { () throws(ArrayReadError) -> Memory in
            switch plan.method {
            case .sorting:
                .sorting(
                    CellStripes(cellCount: plan.tiling.blockCells) { count in
                        CellElements(
                            cellCount: count,
                            capacity: cellElements,
                            itemBytes: itemBytes
                        )
                    }
                )
            case .counting(let digitBits):
                .counting(
                    digitBits: digitBits,
                    CellStripes(cellCount: plan.tiling.blockCells) { count in
                        CellRanks(
                            cellCount: count,
                            cellElements: cellElements,
                            places: places,
                            order: order,
                            digitBits: digitBits
                        )
                    }
                )
            }
        }
    }

    private func block(
        _ box: CellTiling.Box,
        in memory: Memory,
        use: @escaping @Sendable (Range<Int>, [Double]) -> Void
    ) async throws(ArrayReadError) {
        let pass = CellPass(
            array,
            selection.part(axes: kept.axes, lower: box.lower, counts: box.counts),
            kept: kept.axes,
            kind: order.kind,
            engine: engine
        )
        switch memory {
        case .sorting(let stripes):
            let sorting = CellSorting(
                pass: pass,
                places: places,
                order: order,
                nan: nan,
                stripes: stripes
            )
            try await sorting.run(use: use)
        case .counting(let digitBits, let stripes):
            let search = CellRankSearch(
                pass: pass,
                places: places,
                order: order,
                nan: nan,
                digitBits: digitBits,
                stripes: stripes
            )
            try await search.run(use: use)
        }
    }
}
