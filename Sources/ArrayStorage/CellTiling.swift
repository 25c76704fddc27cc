import ArrayModel

/// A cut of the cells of a result into blocks that follow the borders of chunks as far as their size
/// allows it, so that chunks lie in few of them.
struct CellTiling: Sendable {
    /// A box of cells.
    struct Box: Hashable, Sendable {
        /// The first index along each axis of the result.
        let lower: [Int]
        /// How many indices are taken along each.
        let counts: [Int]

        /// Where a cell of the box, by its number in the box's C order, lies in the C order of a result
        /// of `shape`.
        func place(of cell: Int, in shape: [Int]) -> Int {
            var rest = cell
            var place = 0
            var stride = 1
            for axis in shape.indices.reversed() {
                place += (lower[axis] + rest % counts[axis]) * stride
                rest /= counts[axis]
                stride *= shape[axis]
            }
            return place
        }
    }

    /// In how many blocks a chunk lies at most.
    let blocksPerChunk: Int
    /// How many blocks there are.
    let blockCount: Int
    /// The cells of the largest block.
    let blockCells: Int
    /// The runs of indices along each axis; a block is one of each.
    private let runs: [[Range<Int>]]

    /// Cuts the cells.
    ///
    /// - Parameters:
    ///   - cells: The selection of the kept axes alone; not empty.
    ///   - chunkShape: The extents of a chunk along them.
    ///   - cellsMax: The most cells in a block, at least 1.
    init(_ cells: Selection, chunkShape: [Int], cellsMax: Int) {
        precondition(cellsMax >= 1, "a block has room for a cell")
        let borders = chunkShape.enumerated().map { axis, extent in
            Self.runs(cells, axis: axis, chunkExtent: extent)
        }
        let longest = borders.map { $0.lazy.map(\.count).max() ?? 1 }
        let tile = Self.tile(counts: cells.counts, longest: longest, cellsMax: cellsMax)
        let runs = borders.enumerated().map { axis, borders in
            Self.cut(borders, longest: longest[axis], atMost: tile[axis])
        }
        self.runs = runs
        blockCount = runs.reduce(1) { KeptAxes.clampedProduct($0, $1.count) }
        blockCells = runs.reduce(1) { product, runs in
            KeptAxes.clampedProduct(product, runs.lazy.map(\.count).max() ?? 1)
        }
        blocksPerChunk = runs.indices.reduce(1) { product, axis in
            // What a list takes of a chunk may be anywhere in it.
            let isListed = cells.list?.axis == axis
            let parts = isListed ? runs[axis].count : (longest[axis] - 1) / tile[axis] + 1
            return KeptAxes.clampedProduct(product, parts)
        }
    }

    /// A block; they are numbered in the C order of the result.
    func box(_ number: Int) -> Box {
        var rest = number
        var box: [Range<Int>] = []
        for runs in runs.reversed() {
            box.append(runs[rest % runs.count])
            rest /= runs.count
        }
        box.reverse()
        return Box(lower: box.map(\.lowerBound), counts: box.map(\.count))
    }

    /// The runs of indices along an axis that lie in one chunk each.
    private static func runs(_ cells: Selection, axis: Int, chunkExtent: Int) -> [Range<Int>] {
        let taken = cells.axes[axis]
        let list = cells.list?.axis == axis ? cells.list?.indices : nil
        var runs: [Range<Int>] = []
        var first = 0
        var chunk: Int?
        for index in 0..<taken.count {
            let element = list?[index] ?? taken.start + index * taken.step
            let next = element / chunkExtent
            if let chunk, chunk != next {
                runs.append(first..<index)
                first = index
            }
            chunk = next
        }
        runs.append(first..<taken.count)
        return runs
    }

    /// How many indices a block has along each axis: those of a chunk, less along the first axes if
    /// that is too much, and those of several chunks along the last ones if there is room.
    private static func tile(counts: [Int], longest: [Int], cellsMax: Int) -> [Int] {
        var tile = longest
        func others(than axis: Int) -> Int {
            tile.indices.reduce(1) { $1 == axis ? $0 : KeptAxes.clampedProduct($0, tile[$1]) }
        }
        for axis in tile.indices {
            tile[axis] = min(tile[axis], max(cellsMax / others(than: axis), 1))
        }
        for axis in tile.indices.reversed() where tile[axis] == longest[axis] {
            let chunks = max(cellsMax / others(than: axis) / longest[axis], 1)
            tile[axis] = min(counts[axis], KeptAxes.clampedProduct(chunks, longest[axis]))
        }
        return tile
    }

    /// Cuts runs that are longer than a bound, and joins neighbours as far as it reaches.
    private static func cut(
        _ borders: [Range<Int>],
        longest: Int,
        atMost bound: Int
    ) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for run in borders {
            if bound >= longest {
                if let last = result.last, run.upperBound - last.lowerBound <= bound {
                    result[result.count - 1] = last.lowerBound..<run.upperBound
                } else {
                    result.append(run)
                }
                continue
            }
            for first in stride(from: run.lowerBound, to: run.upperBound, by: bound) {
                result.append(first..<min(first + bound, run.upperBound))
            }
        }
        return result
    }
}
