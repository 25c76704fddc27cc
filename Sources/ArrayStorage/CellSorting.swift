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

    /// What the elements are gathered in, which has room for those of the largest block; empty.
    let stripes: CellStripes<CellElements>

    /// The bytes that a cell takes.
    static func cellBytes(elements: Int, itemBytes: Int) -> Int {
        elements * itemBytes + MemoryLayout<Int>.size
    }

    /// The bytes that it takes to put the elements of a cell in order.
    static func scratchBytes(elements: Int) -> Int { elements * 2 * MemoryLayout<UInt64>.size }

    /// Computes the percentiles, and leaves the stripes empty for the next block.
    ///
    /// - Parameter use: Takes those of some cells, one cell after the other, on several threads at once.
    /// - Throws: ``ArrayReadError``, any case.
    func run(
        use: @escaping @Sendable (Range<Int>, [Double]) -> Void
    ) async throws(ArrayReadError) {
        let (stripes, itemBytes) = (stripes, pass.itemBytes)
        try await pass.run { run in
            stripes.visit(run, itemBytes: itemBytes) { found, firstCell, part in
                found.append(part, firstCell: firstCell)
            }
        }
        let (fill, block) = (order.key(of: pass.fillValue), 0..<pass.block.cellCount)
        try await pass.engine.process(
            ListedParts(stripes.stripes),
            merge: { (_: Void) in },
            work: { stripe throws(ArrayReadError) -> Void in
                let cells = stripe.cells.clamped(to: block)
                let values = stripe.with { found in
                    let values = percentiles(found, cellCount: cells.count, fill: fill)
                    found.clear()
                    return values
                }
                use(cells, values)
            }
        )
    }

    private func percentiles(
        _ found: CellElements,
        cellCount: Int,
        fill: UInt64
    ) -> [Double] {
        var keys = [UInt64](repeating: 0, count: found.capacity)
        var scratch = keys
        var result: [Double] = []
        result.reserveCapacity(cellCount * places.percents.count)
        for cell in 0..<cellCount {
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
