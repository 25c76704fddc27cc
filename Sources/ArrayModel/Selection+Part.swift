extension Selection {
    /// The selection of some axes alone, in their order: as of an array that has no others.
    ///
    /// - Parameter kept: Axes of the array, ascending.
    /// - Returns: A selection of an array of these axes.
    public func part(axes kept: [Int]) -> Selection {
        var list: IndexList?
        if let whole = self.list, let place = kept.firstIndex(of: whole.axis) {
            list = IndexList(axis: place, indices: whole.indices)
        }
        return Selection(axes: kept.map { axes[$0] }, list: list)
    }

    /// A part of the selection along some axes; the others are taken as they are.
    ///
    /// - Parameters:
    ///   - named: Axes of the array.
    ///   - lower: The first index that is taken along each of them, counted in the selection.
    ///   - counts: How many are taken; within the selection.
    /// - Returns: A selection of the same array.
    public func part(axes named: [Int], lower: [Int], counts: [Int]) -> Selection {
        var axes = axes
        var list = list
        for (place, axis) in named.enumerated() {
            let whole = axes[axis]
            let (first, count) = (lower[place], counts[place])
            var start = whole.start + first * whole.step
            if let indices = list?.indices, list?.axis == axis {
                let part = Array(indices[first..<(first + count)])
                list = IndexList(axis: axis, indices: part)
                start = part.min() ?? 0
            }
            axes[axis] = Axis(
                start: start,
                step: whole.step,
                count: count,
                isSqueezed: whole.isSqueezed
            )
        }
        return Selection(axes: axes, list: list)
    }
}
