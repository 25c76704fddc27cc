import ArrayModel

/// The running statistics of some cells.
///
/// A reduction takes some dozens of elements in about the time of one. So those that come a few at a
/// time, as where chunks are thin along the axes that go, are gathered first.
struct CellReductions: Sendable {
    private static let gatheredMax = 64

    private let empty: Reduction
    private let itemBytes: Int
    private var reductions: [Reduction]
    private var gathered: CellElements

    /// Begins with no elements.
    ///
    /// - Parameters:
    ///   - cellCount: How many cells there are.
    ///   - cellElements: How many elements a cell is made of, at least 1.
    ///   - empty: The reduction of nothing.
    ///   - itemBytes: The length of an element.
    init(cellCount: Int, cellElements: Int, empty: Reduction, itemBytes: Int) {
        self.empty = empty
        self.itemBytes = itemBytes
        reductions = Array(repeating: empty, count: cellCount)
        gathered = CellElements(
            cellCount: cellCount,
            capacity: min(cellElements, Self.gatheredMax),
            itemBytes: itemBytes
        )
    }

    /// The bytes that a cell takes.
    static func cellBytes(elements: Int, empty: Reduction, itemBytes: Int) -> Int {
        // Complex ones lie in a box of their own.
        let boxed =
            if case .complex = empty { MemoryLayout<ComplexReduction>.size + 32 } else { 0 }
        return MemoryLayout<Reduction>.stride + boxed + MemoryLayout<Int>.size
            + min(elements, gatheredMax) * itemBytes
    }

    /// Takes in elements of cells, counted from `firstCell`.
    mutating func add(_ run: CellRun, firstCell: Int) {
        guard run.each <= gathered.capacity / 2 else {
            var items = run.items
            for cell in run.cells {
                reductions[cell - firstCell].add(items, count: run.each)
                items += run.each * itemBytes
            }
            return
        }
        for cell in run.cells
        where gathered.filled[cell - firstCell] + run.each > gathered.capacity {
            reduce(cell - firstCell)
        }
        gathered.append(run, firstCell: firstCell)
    }

    /// Finishes the first cells, and leaves them empty.
    ///
    /// - Parameters:
    ///   - cellCount: How many.
    ///   - fill: The element that stands for each that was not met.
    ///   - cellElements: How many elements a cell is made of.
    /// - Returns: What they come to.
    mutating func take(_ cellCount: Int, fill: [UInt8], cellElements: Int) -> [Reduction] {
        var result: [Reduction] = []
        result.reserveCapacity(cellCount)
        for cell in 0..<cellCount {
            reduce(cell)
            var reduction = reductions[cell]
            if reduction.count < cellElements {
                reduction.add(fill, repeated: cellElements - reduction.count)
            }
            result.append(reduction)
            reductions[cell] = empty
        }
        return result
    }

    /// Takes in what was gathered of a cell.
    private mutating func reduce(_ cell: Int) {
        var reduction = reductions[cell]
        gathered.empty(cell) { reduction.add($0, count: $1) }
        reductions[cell] = reduction
    }
}
