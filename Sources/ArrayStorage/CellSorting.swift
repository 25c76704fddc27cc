import ArrayModel
import CKernels

/// Percentiles of the cells of a block whose elements are gathered and put in order.
///
/// The chunks of the block are decoded once. Elements that are not stored take no room.
struct CellSorting: Sendable {
    let pass: CellPass
    let places: PercentilePlaces
    let order: ElementOrder
    let nan: StatisticOptions.NaNPolicy

    /// The bytes that a cell takes.
    static func cellBytes(elements: Int, itemBytes: Int) -> Int {
        elements * itemBytes + MemoryLayout<Int>.size
    }

    /// The bytes that it takes to put the elements of a cell in order.
    static func scratchBytes(elements: Int) -> Int { elements * 2 * MemoryLayout<UInt64>.size }

    /// Computes the percentiles.
    ///
    /// - Parameter use: Takes those of some cells, one cell after the other, on several threads at once.
    /// - Throws: ``ArrayReadError``, any case.
    func run(
        use: @escaping @Sendable (Range<Int>, [Double]) -> Void
    ) async throws(ArrayReadError) {
        let (itemBytes, kind) = (pass.itemBytes, pass.kind)
        let elements = pass.block.cellElements
        let stripes = CellStripes(cellCount: pass.block.cellCount) { count in
            CellElements(cellCount: count, capacity: elements, itemBytes: itemBytes)
        }
        try await pass.run { run in
            stripes.visit(run, itemBytes: itemBytes) { found, firstCell, part in
                found.append(part, kind, firstCell: firstCell)
            }
        }
        let fill = order.key(of: pass.fillValue)
        try await pass.engine.process(
            ListedParts(stripes.stripes),
            merge: { (_: Void) in },
            work: { stripe throws(ArrayReadError) -> Void in
                use(stripe.cells, stripe.with { percentiles($0, fill: fill) })
            }
        )
    }

    private func percentiles(_ found: CellElements, fill: UInt64) -> [Double] {
        var keys = [UInt64](repeating: 0, count: found.capacity)
        var scratch = keys
        var result: [Double] = []
        result.reserveCapacity(found.filled.count * places.percents.count)
        for cell in found.filled.indices {
            found.orderedKeys(of: cell, pass.kind, into: &keys, scratch: &scratch)
            let sorted = SortedKeys(
                keys: keys[..<found.filled[cell]],
                fill: fill,
                fillCount: found.capacity - found.filled[cell],
                order: order
            )
            let count = sorted.numberCount
            guard count > 0, count == found.capacity || nan == .skip else {
                result += places.percents.map { _ in .nan }
                continue
            }
            result += places.values(of: count, in: order) { sorted.key(at: $0) } ?? []
        }
        return result
    }
}

/// The stored elements of some cells, in the order in which they were met.
private struct CellElements: Sendable {
    /// The most elements of a cell.
    let capacity: Int
    /// How many of each cell there are.
    private(set) var filled: [Int]
    private let itemBytes: Int
    private var items: [UInt8]

    init(cellCount: Int, capacity: Int, itemBytes: Int) {
        self.capacity = capacity
        self.itemBytes = itemBytes
        filled = [Int](repeating: 0, count: cellCount)
        // Only what is written is read; pages that nothing is written to take no memory.
        let bytes = cellCount * capacity * itemBytes
        items = [UInt8](unsafeUninitializedCapacity: bytes) { _, count in count = bytes }
    }

    mutating func append(_ run: CellRun, _ kind: nave_item_kind, firstCell: Int) {
        run.cells.withUnsafeBufferPointer { cells in
            items.withUnsafeMutableBytes { items in
                nave_append_to_cells(
                    kind,
                    items.baseAddress,
                    capacity,
                    &filled,
                    cells.baseAddress,
                    cells.count,
                    firstCell,
                    run.items,
                    run.each
                )
            }
        }
    }

    /// Writes the keys of a cell's elements to the front of `keys`, in order.
    func orderedKeys(
        of cell: Int,
        _ kind: nave_item_kind,
        into keys: inout [UInt64],
        scratch: inout [UInt64]
    ) {
        items.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            let first = start + cell * capacity * itemBytes
            nave_order_keys(kind, first, filled[cell], &keys)
        }
        nave_sort_keys(&keys, &scratch, filled[cell], itemBytes)
    }
}

/// The keys of the elements of a cell in order, those of the fill value among them.
private struct SortedKeys {
    private let keys: ArraySlice<UInt64>
    private let fill: UInt64
    /// How many elements are the fill value because they are not stored.
    private let fillCount: Int
    /// How many of the keys come before those.
    private let keysBeforeFill: Int
    /// How many elements are no NaN; NaN comes last.
    let numberCount: Int

    init(keys: ArraySlice<UInt64>, fill: UInt64, fillCount: Int, order: ElementOrder) {
        self.keys = keys
        self.fill = fill
        self.fillCount = fillCount
        var numbers = keys.count
        while numbers > 0, order.isNaN(keys[keys.startIndex + numbers - 1]) { numbers -= 1 }
        var (first, count) = (0, keys.count)
        while count > 0 {
            let half = count / 2
            if keys[keys.startIndex + first + half] < fill {
                first += half + 1
                count -= half + 1
            } else {
                count = half
            }
        }
        keysBeforeFill = first
        numberCount = numbers + (order.isNaN(fill) ? 0 : fillCount)
    }

    func key(at rank: Int) -> UInt64 {
        if rank < keysBeforeFill { return keys[keys.startIndex + rank] }
        if rank < keysBeforeFill + fillCount { return fill }
        return keys[keys.startIndex + rank - fillCount]
    }
}
