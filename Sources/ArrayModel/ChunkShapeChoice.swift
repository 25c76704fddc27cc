/// Chooses the shape of chunks where nobody names one.
///
/// Chunks have some megabytes: large enough that a request for one is not mostly overhead, small enough
/// that a small slice does not read much more than it wants. They are about cubes, so that slices along
/// every axis read about as many; short axes, such as colour channels, are taken whole.
public enum ChunkShapeChoice {
    /// The most bytes of a chunk that is chosen; those of larger arrays have at least a quarter of it.
    public static let chunkBytesMax = 4 << 20
    /// What an axis without elements is taken to grow to.
    static let growingExtent = 1 << 20
    /// Chunks along an axis up to which they are made equal, so that the last is not mostly beyond the
    /// edge; of more, powers of two are easier on people.
    private static let equalChunksMax = 8

    /// The shape of the chunks of an array.
    ///
    /// - Parameters:
    ///   - shape: The array's extents; an axis of none is expected to grow.
    ///   - itemBytes: The bytes of an element.
    /// - Returns: An extent of at least 1 per axis, never more than the array's where that is not 0.
    public static func chunkShape(for shape: [Int], itemBytes: Int) -> [Int] {
        let wanted = shape.map { $0 == 0 ? growingExtent : $0 }
        var edges = wanted
        while !isSmall(edges, itemBytes) {
            // Of equal edges the first is cut: rows of the last axes lie together.
            guard let longest = edges.max(), longest > 1,
                let axis = edges.firstIndex(of: longest)
            else { break }
            edges[axis] = powerOfTwo(atMost: longest - 1)
        }
        for axis in edges.indices {
            let count = (wanted[axis] - 1) / edges[axis] + 1
            if count <= equalChunksMax { edges[axis] = (wanted[axis] - 1) / count + 1 }
        }
        while let larger = grown(edges, within: wanted, itemBytes) { edges = larger }
        return edges
    }

    /// The shape with its shortest cut axis twice as long, if that is not too much.
    private static func grown(_ edges: [Int], within shape: [Int], _ itemBytes: Int) -> [Int]? {
        let cut = edges.indices.filter { edges[$0] < shape[$0] }.sorted { edges[$0] < edges[$1] }
        for axis in cut {
            var larger = edges
            larger[axis] = min(edges[axis] * 2, shape[axis])
            if isSmall(larger, itemBytes) { return larger }
        }
        return nil
    }

    private static func isSmall(_ shape: [Int], _ itemBytes: Int) -> Bool {
        var bytes = itemBytes
        for extent in shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
            guard !overflow, product <= chunkBytesMax else { return false }
            bytes = product
        }
        return true
    }

    private static func powerOfTwo(atMost extent: Int) -> Int {
        1 << (Int.bitWidth - 1 - extent.leadingZeroBitCount)
    }
}
