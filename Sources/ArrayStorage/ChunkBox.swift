import ArrayModel

/// A box of a chunk grid: a half-open range of chunk coordinates along each axis.
struct ChunkBox: Hashable, Sendable {
    private let ranges: [Range<Int>]

    /// Makes a box of its ranges.
    init(_ ranges: [Range<Int>]) {
        self.ranges = ranges
    }

    /// The smallest box with all chunks that a selection takes elements from; one of steps longer than a
    /// chunk has others in it, too.
    ///
    /// - Parameters:
    ///   - selection: A selection without a list, made for an array of the grid's shape.
    ///   - grid: The grid.
    init(touchedBy selection: Selection, grid: ChunkGrid) {
        precondition(selection.list == nil, "the places along an axis are evenly spaced")
        ranges = selection.axes.enumerated().map { axis, taken in
            guard taken.count > 0 else { return 0..<0 }
            let extent = grid.chunkShape[axis]
            let first = taken.start / extent
            let last = (taken.start + (taken.count - 1) * taken.step) / extent
            return min(first, last)..<(max(first, last) + 1)
        }
    }

    /// Whether a chunk is in both; of arrays without axes there is one chunk.
    func intersects(_ other: ChunkBox) -> Bool {
        zip(ranges, other.ranges).allSatisfy { $0.overlaps($1) }
    }
}
