import ArrayModel
import Compression
import Pictures

/// Makes a PNG file of elements that are pixels: every element is a sample, unchanged.
struct PictureRowWriter: ElementWriter {
    private var encoder: PNGEncoder
    private let rowBytes: Int
    private let head: [UInt8]
    /// The beginning of a row whose end is still to come.
    private var beginning: [UInt8] = []

    let itemBytes: Int

    var pieceElements: Int { max(ArrayServiceLimits.jsonPieceBytes / itemBytes, 1) }

    /// Makes a writer; nil if elements of this type and shape are no pixels.
    init?(dataType: DataType, shape: [Int]) {
        guard let layout = PictureLayout(dataType: dataType, shape: shape) else { return nil }
        encoder = PNGEncoder(layout)
        head = encoder.head
        rowBytes = layout.rowBytes
        itemBytes = dataType.itemBytes
    }

    func begin(to text: inout [UInt8]) { text += head }

    mutating func append(
        _ bytes: UnsafeRawBufferPointer,
        to text: inout [UInt8]
    ) throws(CompressionError) {
        var rest = bytes
        if !beginning.isEmpty {
            let missing = min(rowBytes - beginning.count, rest.count)
            beginning.append(contentsOf: rest[..<missing])
            rest = UnsafeRawBufferPointer(rebasing: rest[missing...])
            guard beginning.count == rowBytes else { return }
            try encoder.append(beginning, to: &text)
            beginning.removeAll(keepingCapacity: true)
        }
        let whole = rest.count - rest.count % rowBytes
        try encoder.append(UnsafeRawBufferPointer(rebasing: rest[..<whole]), to: &text)
        beginning.append(contentsOf: rest[whole...])
    }
}

extension PictureLayout {
    /// The layout of elements that are pixels: two axes, or three of which the last has one to four
    /// samples.
    init?(dataType: DataType, shape: [Int]) {
        let sample: Sample
        switch dataType {
        case .bool: sample = .bit
        case .uint8: sample = .byte
        case .uint16: sample = .word
        default: return nil
        }
        guard shape.count == 2 || shape.count == 3 else { return nil }
        self.init(
            height: shape[0],
            width: shape[1],
            channels: shape.count == 3 ? shape[2] : 1,
            sample: sample
        )
    }
}
