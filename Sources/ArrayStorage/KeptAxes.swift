import ArrayModel

/// The axes of a selection that are left when others are reduced.
struct KeptAxes: Sendable {
    /// The extents of the result.
    let shape: [Int]
    /// The axes of the array that they are, ascending; new ones are none.
    let axes: [Int]

    /// Leaves axes out.
    ///
    /// - Parameters:
    ///   - selection: What is reduced.
    ///   - reduced: Axes of its result.
    init(of selection: Selection, reducing reduced: Set<Int>) {
        let (extents, origins) = (selection.shape, selection.resultAxes)
        let remaining = extents.indices.filter { !reduced.contains($0) }
        shape = remaining.map { extents[$0] }
        axes = remaining.compactMap { origins[$0] }
    }

    /// How many cells the result has, or the greatest number if that does not fit.
    var cellCount: Int {
        shape.contains(0) ? 0 : shape.reduce(1, Self.clampedProduct)
    }

    /// Makes sure that the result is not too large.
    ///
    /// - Parameter valuesPerCell: How many values every cell has.
    /// - Throws: ``ArrayReadError/statisticUndefined(_:)`` with ``StatisticObstacle/tooManyCells(limit:)``.
    func check(valuesPerCell: Int) throws(ArrayReadError) {
        let limit = ArrayReader.axisValuesMax / max(valuesPerCell, 1)
        guard cellCount <= limit else { throw .statisticUndefined(.tooManyCells(limit: limit)) }
    }

    /// A product, or the greatest number if that does not fit.
    static func clampedProduct(_ left: Int, _ right: Int) -> Int {
        let (product, overflow) = left.multipliedReportingOverflow(by: right)
        return overflow ? .max : product
    }
}
