import CKernels

/// What one chunk gives to the cells of a smaller plane: sums, and of how many elements.
struct PlaneTile: Sendable {
    /// The rows of cells that it touches.
    let rows: Range<Int>
    /// The columns of cells that it touches.
    let columns: Range<Int>
    /// Row by row, the channels of a cell together.
    private(set) var sums: [Double]
    /// How many elements each sum is of, NaN left out.
    private(set) var counts: [UInt32]

    /// About how much memory it takes.
    var bytes: Int { sums.count * 12 + 128 }

    /// Adds up the elements of a box of the plane.
    ///
    /// - Parameters:
    ///   - items: The elements, row by row.
    ///   - kind: Their type.
    ///   - box: The rows of the plane in which they lie.
    ///   - boxColumns: The columns.
    ///   - shape: How the plane is made smaller.
    ///   - channels: How many items a pixel has.
    ///   - itemBytes: The length of an item.
    init(
        _ items: UnsafeRawPointer,
        kind: nave_item_kind,
        rows box: Range<Int>,
        columns boxColumns: Range<Int>,
        shape: PlaneShape,
        channels: Int,
        itemBytes: Int
    ) {
        rows = box.lowerBound / shape.rowFactor..<(box.upperBound - 1) / shape.rowFactor + 1
        columns =
            boxColumns.lowerBound / shape.columnFactor..<(boxColumns.upperBound - 1)
            / shape.columnFactor + 1
        let rowItems = columns.count * channels
        sums = Array(repeating: 0, count: rows.count * rowItems)
        counts = Array(repeating: 0, count: rows.count * rowItems)
        let first = boxColumns.lowerBound % shape.columnFactor
        let rowBytes = boxColumns.count * channels * itemBytes
        for (index, row) in box.enumerated() {
            let cell = (row / shape.rowFactor - rows.lowerBound) * rowItems
            sums.withUnsafeMutableBufferPointer { sums in
                counts.withUnsafeMutableBufferPointer { counts in
                    guard let sum = sums.baseAddress, let count = counts.baseAddress else { return }
                    nave_shrink_row(
                        kind,
                        items + index * rowBytes,
                        boxColumns.count,
                        channels,
                        first,
                        shape.columnFactor,
                        sum + cell,
                        count + cell
                    )
                }
            }
        }
    }
}
