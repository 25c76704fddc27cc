import ArrayModel

/// How percentiles of many cells are computed with the least work that memory allows.
///
/// Work is counted in visits of chunks. Gathering decodes a chunk once for every block of cells that it
/// lies in; counting takes little memory a cell, so that blocks are large, but several passes. With
/// the shortest digits the cells of the largest result are one block, so a chunk is never decoded much
/// more often than half as many times as an element has bits.
struct CellPlan: Sendable {
    /// A way to compute.
    enum Method: Hashable, Sendable {
        /// ``CellSorting``.
        case sorting
        /// ``CellRankSearch`` with digits of so many bits.
        case counting(digitBits: Int)
    }

    let method: Method
    let tiling: CellTiling
    /// The memory that a block takes.
    let bytes: Int

    /// What there is to compute.
    struct Work: Sendable {
        let array: StoredArray
        let selection: Selection
        let kept: KeptAxes
        /// The elements of a cell, at least 1.
        let cellElements: Int
        /// The ranks that are looked for in every cell.
        let ranks: Int
    }

    /// Finds the cheapest way.
    init(_ work: Work, limits: ArrayReaderLimits) {
        let plans = Self.methods(work, limits).map { Self($0, work, limits) }
        var best = plans[0]
        var bestCost = best.cost(work, limits)
        for plan in plans.dropFirst() {
            let cost = plan.cost(work, limits)
            if cost < bestCost { (best, bestCost) = (plan, cost) }
        }
        self = best
    }

    private init(_ method: Method, _ work: Work, _ limits: ArrayReaderLimits) {
        self.method = method
        let cellBytes = Self.cellBytes(method, work)
        tiling = CellTiling(
            work.selection.part(axes: work.kept.axes),
            chunkShape: work.kept.axes.map { work.array.grid.chunkShape[$0] },
            cellsMax: max(limits.cellBlockBytesMax / cellBytes, 1)
        )
        let scratch =
            method == .sorting
            ? CellSorting.scratchBytes(elements: work.cellElements) * limits.parallelism : 0
        bytes = tiling.blockCells * cellBytes + scratch
    }

    /// The ways that there are, the one that is taken among equals first.
    private static func methods(_ work: Work, _ limits: ArrayReaderLimits) -> [Method] {
        let counting = [8, 4, 2].map { Method.counting(digitBits: $0) }
        let isSortable =
            work.cellElements <= limits.sortedCellElementsMax
            && cellBytes(.sorting, work) <= limits.cellBlockBytesMax
        return isSortable ? [.sorting] + counting : counting
    }

    private static func cellBytes(_ method: Method, _ work: Work) -> Int {
        switch method {
        case .sorting:
            CellSorting.cellBytes(elements: work.cellElements, itemBytes: work.array.itemBytes)
        case .counting(let digitBits):
            CellRanks.cellBytes(ranks: work.ranks, digitBits: digitBits)
        }
    }

    /// The visits of chunks, and as much for every block.
    private func cost(_ work: Work, _ limits: ArrayReaderLimits) -> Double {
        let whole = ReadPlan(
            selection: work.selection,
            grid: work.array.grid,
            slabElementsMax: 1
        )
        // A list takes several pieces of a chunk.
        let touched = Double(whole.everything.pieceCount) * Double(tiling.blocksPerChunk)
        let stored = Double(work.array.storedChunkCount ?? .max)
        let blocks = Double(tiling.blockCount)
        // As `ChunkPass` does it: beyond some look-ups, what is stored is listed if it is less.
        let each = touched / blocks
        let visits = each <= max(Double(limits.lookUpsMax), stored) ? each : stored
        let passes =
            switch method {
            case .sorting: 1
            case .counting(let digitBits): work.array.itemBytes * 8 / digitBits
            }
        return Double(passes) * blocks * (visits + 1)
    }
}
