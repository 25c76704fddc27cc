import ArrayModel

/// A box of a chunk grid: a half-open range of chunk coordinates along each axis.
struct ChunkBox: Hashable, Sendable {
    private let ranges: [Range<Int>]

    /// Makes a box of its ranges.
    init(_ ranges: [Range<Int>]) {
        self.ranges = ranges
    }

    /// The smallest box with all chunks that a selection takes elements from; one of a list, or of steps longer
    /// than a chunk, has others in it, too.
    ///
    /// - Parameters:
    ///   - selection: A selection made for an array of the grid's shape.
    ///   - grid: The grid.
    init(touchedBy selection: Selection, grid: ChunkGrid) {
        ranges = selection.axes.enumerated().map { axis, taken in
            guard taken.count > 0 else { return 0..<0 }
            let extent = grid.chunkShape[axis]
            if let list = selection.list, list.axis == axis {
                let (least, most) = (list.indices.min() ?? 0, list.indices.max() ?? 0)
                return (least / extent)..<(most / extent + 1)
            }
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
