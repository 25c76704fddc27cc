/// Chooses the shape of chunks where nobody names one.
///
/// Chunks have some megabytes: large enough that a request for one is not mostly overhead, small enough
/// that a small slice does not read much more than it wants. They are about cubes, so that slices along
/// every axis read about as many; short axes, such as colour channels, are taken whole.
public enum ChunkShapeChoice {
    /// The most bytes of a chunk that is chosen; such chunks have at least a quarter of it, unless the
    /// array is smaller.
    public static let chunkBytesMax = 4 << 20
    /// Axes of up to so many elements are not cut.
    static let shortExtentMax = 4
    /// What an axis without elements is taken to grow to.
    static let growingExtent = 1 << 20

    /// The shape of the chunks of an array.
    ///
    /// - Parameters:
    ///   - shape: The array's extents; an axis of none is expected to grow.
    ///   - itemBytes: The bytes of an element.
    /// - Returns: An extent of at least 1 per axis, never more than the array's where that is not 0.
    public static func chunkShape(for shape: [Int], itemBytes: Int) -> [Int] {
        let wanted = shape.map { $0 == 0 ? growingExtent : $0 }
        // Whole, if that is small; else powers of two, halved until they fit.
        if isSmall(wanted, itemBytes) { return wanted }
        var edges = wanted.map { $0 <= shortExtentMax ? $0 : powerOfTwo(atMost: $0) }
        while !isSmall(edges, itemBytes) {
            // Of equal edges the first is cut: rows of the last axes lie together.
            guard let extent = edges.max(), extent > 1, let longest = edges.firstIndex(of: extent)
            else { break }
            edges[longest] = extent / 2
        }
        // Few chunks along an axis become equal ones, so that the last is not mostly beyond the edge.
        return zip(wanted, edges).map { extent, edge in
            let count = (extent - 1) / edge + 1
            return count <= 8 ? (extent - 1) / count + 1 : edge
        }
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
