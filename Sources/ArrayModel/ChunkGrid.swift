/// A regular chunk grid: the partition of an array's index space into equal boxes.
///
/// Chunk `k` along axis `d` covers elements `[k * chunkShape[d], (k + 1) * chunkShape[d])`, clipped
/// to `shape[d]` at the far edge. The chunk *object* is always stored at full `chunkShape`;
/// clipping is the reader's duty.
///
/// Source: Zarr core specification v3, section "Regular grids".
public struct ChunkGrid: Hashable, Sendable {
    /// The extent per axis, in elements; ≥ 0.
    public let shape: [Int]
    /// The extent of a chunk per axis, in elements; ≥ 1.
    public let chunkShape: [Int]

    /// Makes a grid of an array's shape and its chunk shape, which have the same count.
    public init(shape: [Int], chunkShape: [Int]) {
        precondition(shape.count == chunkShape.count, "a chunk has as many axes as its array")
        precondition(shape.allSatisfy { $0 >= 0 }, "extents are not negative")
        precondition(chunkShape.allSatisfy { $0 >= 1 }, "chunk extents are positive")
        self.shape = shape
        self.chunkShape = chunkShape
    }

    /// The number of axes.
    public var rank: Int { shape.count }

    /// How many chunks there are along `axis`.
    public func chunkCount(axis: Int) -> Int {
        let extent = shape[axis]
        return extent == 0 ? 0 : (extent - 1) / chunkShape[axis] + 1
    }

    /// How many chunks there are along every axis.
    public var chunkCounts: [Int] { (0..<rank).map(chunkCount) }

    /// How many chunks the array has, stored or not; 1 for a scalar.
    ///
    /// Never more than the array has elements, so it fits where the element count does.
    public var chunkCount: Int {
        chunkCounts.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    }

    /// Whether `coordinates` name a chunk of this grid.
    public func contains(_ coordinates: [Int]) -> Bool {
        coordinates.count == rank
            && (0..<rank).allSatisfy { (0..<chunkCount(axis: $0)).contains(coordinates[$0]) }
    }

    /// The element indices that a chunk covers along `axis`, clipped to the array.
    ///
    /// - Parameters:
    ///   - coordinate: The chunk's coordinate along the axis, `0..<chunkCount(axis: axis)`.
    ///   - axis: The axis number, `0..<rank`.
    /// - Returns: A half-open range, never empty.
    public func elements(ofChunk coordinate: Int, axis: Int) -> Range<Int> {
        precondition((0..<chunkCount(axis: axis)).contains(coordinate), "no such chunk")
        let lower = coordinate * chunkShape[axis]
        return lower..<(lower + min(chunkShape[axis], shape[axis] - lower))
    }
}
