import ArrayModel
import ArrayStorage
import NIOCore

/// The bytes of boxes of equal shapes, which come as one array with an axis more.
struct BoxBytes: ByteSource {
    let byteCount: Int
    private var header: ByteBuffer?
    private var boxes: BoxReader

    /// Begins; nil if the bytes cannot be counted.
    init?(_ boxes: BoxReader, header: [UInt8]) {
        guard let elementBytes = boxes.byteCount else { return nil }
        let (total, overflow) = elementBytes.addingReportingOverflow(header.count)
        guard !overflow else { return nil }
        byteCount = total
        self.header = header.isEmpty ? nil : ByteBuffer(bytes: header)
        self.boxes = boxes
    }

    var hasHeader: Bool { header != nil }

    mutating func next() async throws(ArrayReadError) -> ByteBuffer? {
        if let header = header.take() { return header }
        return try await boxes.next()
    }
}

/// The bytes of boxes of any shapes, each as an `.npy` file, one behind the other.
struct BoxSequenceBytes: ByteSource {
    let byteCount: Int
    private let reader: ArrayReader
    private let array: ResolvedArray
    private var remaining: ArraySlice<Selection>
    private var region: RegionReader?

    /// Begins; nil if the bytes cannot be counted.
    init?(_ array: ResolvedArray, boxes: [Selection], reader: ArrayReader) {
        self.reader = reader
        self.array = array
        remaining = boxes[...]
        var total = 0
        for box in boxes {
            let header = Self.header(of: box, array).count
            let (bytes, overflow) = box.elementCount.multipliedReportingOverflow(
                by: array.metadata.dataType.itemBytes
            )
            let (file, fileOverflow) = bytes.addingReportingOverflow(header)
            let (sum, sumOverflow) = total.addingReportingOverflow(file)
            guard !overflow, !fileOverflow, !sumOverflow else { return nil }
            total = sum
        }
        byteCount = total
    }

    var hasHeader: Bool { true }

    mutating func next() async throws(ArrayReadError) -> ByteBuffer? {
        if let slab = try await region?.next() { return slab }
        region = nil
        guard let box = remaining.popFirst() else { return nil }
        if box.elementCount > 0 { region = try reader.region(array, box) }
        return ByteBuffer(bytes: Self.header(of: box, array))
    }

    private static func header(of box: Selection, _ array: ResolvedArray) -> [UInt8] {
        NPYHeader(dataType: array.metadata.dataType, shape: box.shape).bytes()
    }
}
