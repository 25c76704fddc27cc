import ArrayStorage
import NIOCore

/// Where the bytes of an answer come from.
protocol ByteSource: Sendable {
    /// How many bytes there are in all.
    var byteCount: Int { get }
    /// Whether the first piece is what comes before the elements.
    var hasHeader: Bool { get }

    /// The next bytes, or nil after the last; never none.
    mutating func next() async throws(ArrayReadError) -> ByteBuffer?
}

/// The bytes of an answer that is a header and elements as they are, or some of them.
///
/// Memory is that of the reader of slabs, and is set aside until the last copy of this goes.
struct RegionBytes: ByteSource {
    /// How many bytes it gives.
    let byteCount: Int

    private var header: ByteBuffer?
    private var slabs: RegionReader?
    private var isDone = false
    private let itemBytes: Int
    /// Which bytes of the elements are wanted.
    private let wanted: Range<Int>

    var hasHeader: Bool { header != nil }

    /// Begins.
    ///
    /// - Parameters:
    ///   - region: What to read.
    ///   - reader: Reads it.
    ///   - range: Which bytes of header and elements together; nil for all.
    /// - Throws: ``ArrayReadError``, about the type or the codecs.
    init(
        _ region: Region,
        _ reader: ArrayReader,
        range: Range<Int>? = nil
    ) throws(ArrayReadError) {
        let header = region.header
        let headerBytes = header.readableBytes
        let elementBytes = region.selection.elementCount * region.dataType.itemBytes
        let range = range ?? 0..<(headerBytes + elementBytes)
        byteCount = range.count
        itemBytes = region.dataType.itemBytes
        wanted = max(range.lowerBound - headerBytes, 0)..<max(range.upperBound - headerBytes, 0)
        if range.lowerBound < headerBytes {
            let upper = min(range.upperBound, headerBytes)
            self.header = header.getSlice(
                at: header.readerIndex + range.lowerBound,
                length: upper - range.lowerBound
            )
        }
        guard !wanted.isEmpty else { return }
        let isPart = wanted.count < elementBytes
        let elements = (wanted.lowerBound / itemBytes)..<((wanted.upperBound - 1) / itemBytes + 1)
        slabs = try reader.region(
            region.array,
            region.selection,
            elements: isPart ? elements : nil
        )
    }

    /// The next bytes, or nil after the last; never none.
    ///
    /// - Throws: ``ArrayReadError``.
    mutating func next() async throws(ArrayReadError) -> ByteBuffer? {
        if let header = header.take() { return header }
        while !isDone, let slab = try await slabs?.nextPlaced() {
            let first = slab.firstElement * itemBytes
            let lower = max(wanted.lowerBound - first, 0)
            let upper = min(wanted.upperBound - first, slab.bytes.readableBytes)
            guard lower < upper else {
                if first >= wanted.upperBound { break }
                continue
            }
            // The reader stays, and with it what is set aside for the slab that is sent now.
            isDone = first + upper == wanted.upperBound
            return slab.bytes.getSlice(at: slab.bytes.readerIndex + lower, length: upper - lower)
        }
        return nil
    }
}
