import ArrayModel
import CKernels

/// How many elements of every cell lie in each of some bins, which are the same for all cells.
public struct AxisHistogram: Hashable, Sendable {
    /// The edges, one more than bins, ascending.
    public let edges: [Double]
    /// The counts: the axes of the cells, and behind them that of the bins.
    public let counts: ShapedStatistic
}

extension ArrayReader {
    /// Counts the elements of a selection in bins, along axes.
    ///
    /// Every chunk is read once, and before that for the extrema if there is no range.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - selection: What to count; made for the array's shape.
    ///   - axes: The axes of the selection's result that go.
    ///   - bins: How many bins, 1 to ``ArrayHistogram/binsMax``.
    ///   - range: The outer edges; nil for the least and the greatest element of the whole selection that
    ///     is not NaN.
    /// - Returns: Edges and counts.
    /// - Throws: ``ArrayReadError``, any case; ``ArrayReadError/statisticUndefined(_:)`` for more than
    ///   ``axisValuesMax`` counts, if there is no range and an element is infinite, or if doubles are too
    ///   far apart for so many bins.
    public func histogram(
        _ array: ResolvedArray,
        _ selection: Selection,
        along axes: Set<Int>,
        bins: Int,
        range: ClosedRange<Double>?
    ) async throws(ArrayReadError) -> AxisHistogram {
        precondition((1...ArrayHistogram.binsMax).contains(bins), "bins are within their bound")
        let stored = try StoredArray(array, limits: engine.limits)
        let kind = try ElementPass.orderedKind(of: stored.metadata.dataType, for: "histogram")
        let kept = KeptAxes(of: selection, reducing: axes)
        try kept.check(valuesPerCell: bins)
        let edges = try await edges(of: array, selection, bins: bins, range: range)
        var counts = StatisticArray([] as [Int])
        if selection.part(axes: kept.axes).elementCount > 0 {
            let pass = CellPass(stored, selection, kept: kept.axes, kind: kind, engine: engine)
            counts = try await self.counts(pass, edges: edges)
        }
        return AxisHistogram(
            edges: edges,
            counts: ShapedStatistic(shape: kept.shape + [bins], values: counts)
        )
    }

    private func counts(
        _ pass: CellPass,
        edges: [Double]
    ) async throws(ArrayReadError) -> StatisticArray {
        let reservation: MemoryGate.Reservation
        do {
            let cellBytes = (edges.count + 1) * MemoryLayout<UInt64>.size
            reservation = try await cellGate.reserve(pass.block.cellCount * cellBytes * 2)
        } catch {
            throw .cancelled
        }
        let stripes = CellStripes(cellCount: pass.block.cellCount) { count in
            CellHistograms(cellCount: count, edges: edges, kind: pass.kind)
        }
        let itemBytes = pass.itemBytes
        try await pass.run { run in
            stripes.visit(run, itemBytes: itemBytes) { histograms, firstCell, part in
                histograms.count(part, firstCell: firstCell, itemBytes: itemBytes)
            }
        }
        let (elements, fill) = (pass.block.cellElements, pass.fillValue)
        let result = try await engine.blocking { () throws(ArrayReadError) -> StatisticArray in
            var counts: [Int] = []
            for stripe in stripes.stripes {
                counts += stripe.with { $0.finished(fill: fill, cellElements: elements) }
            }
            return StatisticArray(counts)
        }
        withExtendedLifetime(reservation) {}
        return result
    }
}

/// The counts of some cells.
private struct CellHistograms: Sendable {
    private let edges: [Double]
    private let kind: nave_item_kind
    private var counts: [UInt64]
    /// How many elements of a cell were met.
    private var met: [Int]

    init(cellCount: Int, edges: [Double], kind: nave_item_kind) {
        self.edges = edges
        self.kind = kind
        counts = Array(repeating: 0, count: cellCount * (edges.count - 1))
        met = Array(repeating: 0, count: cellCount)
    }

    mutating func count(_ run: CellRun, firstCell: Int, itemBytes: Int) {
        let bins = edges.count - 1
        counts.withUnsafeMutableBufferPointer { counts in
            guard let start = counts.baseAddress else { return }
            var items = run.items
            for cell in run.cells {
                let own = start + (cell - firstCell) * bins
                nave_histogram(kind, items, run.each, edges, bins, own)
                items += run.each * itemBytes
            }
        }
        for cell in run.cells { met[cell - firstCell] += run.each }
    }

    /// The counts with those of the fill value where nothing is stored.
    func finished(fill: [UInt8], cellElements: Int) -> [Int] {
        let bins = edges.count - 1
        var one = [UInt64](repeating: 0, count: bins)
        fill.withUnsafeBytes { item in
            if let item = item.baseAddress { nave_histogram(kind, item, 1, edges, bins, &one) }
        }
        var result = counts.map { Int($0) }
        guard let bin = one.firstIndex(of: 1) else { return result }
        for cell in met.indices { result[cell * bins + bin] += max(cellElements - met[cell], 0) }
        return result
    }
}
