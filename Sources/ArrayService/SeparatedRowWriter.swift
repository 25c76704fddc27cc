import ArrayModel

/// Spells elements as comma-separated rows, as `numpy.savetxt` lays them out: a result of two axes
/// by its rows, of one axis with an element on every line, of none on one line.
///
/// Every number is spelled so that it reads back as the same value of its type; booleans are 0 and 1,
/// NaN and the infinities `nan`, `inf`, `-inf`, complex numbers `(1+2j)` and raw bits hexadecimal
/// digits: what `numpy.loadtxt` reads. Lines end with a line feed.
struct SeparatedRowWriter: ElementWriter {
    private let dataType: DataType
    private let columns: Int
    private var column = 0

    var itemBytes: Int { dataType.itemBytes }

    var pieceElements: Int { max(ArrayServiceLimits.jsonPieceBytes / (itemBytes * 8 + 2), 1) }

    /// Makes a writer for a result of at most two axes.
    init(dataType: DataType, shape: [Int]) {
        precondition(shape.count <= 2, "rows have two axes at most")
        self.dataType = dataType
        columns = shape.count == 2 ? shape[1] : 1
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        for offset in stride(from: 0, to: bytes.count, by: itemBytes) {
            ElementText.appendField(dataType, bytes, at: offset, to: &text)
            column += 1
            let isLast = column == columns
            text.append(isLast ? UInt8(ascii: "\n") : UInt8(ascii: ","))
            if isLast { column = 0 }
        }
    }
}

extension ElementText {
    /// Appends the element at `offset` of little-endian bytes as a field of a row.
    fileprivate static func appendField(
        _ dataType: DataType,
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int,
        to text: inout [UInt8]
    ) {
        switch dataType {
        case .bool: text.append(bytes[offset] == 0 ? 0x30 : 0x31)
        case .float16, .bfloat16, .float32, .float64:
            text.append(contentsOf: field(dataType, bytes, offset).utf8)
        case .complex64: appendComplex(.float32, bytes, at: offset, to: &text)
        case .complex128: appendComplex(.float64, bytes, at: offset, to: &text)
        case .rawBits, .opaque:
            var quoted: [UInt8] = []
            append(dataType, bytes, at: offset, to: &quoted)
            text.append(contentsOf: quoted.dropFirst().dropLast())
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .datetime64,
            .timedelta64:
            append(dataType, bytes, at: offset, to: &text)
        }
    }

    private static func appendComplex(
        _ part: DataType,
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int,
        to text: inout [UInt8]
    ) {
        let real = field(part, bytes, offset)
        let imaginary = field(part, bytes, offset + part.itemBytes)
        let sign = imaginary.hasPrefix("-") ? "" : "+"
        text.append(contentsOf: "(\(real)\(sign)\(imaginary)j)".utf8)
    }

    /// A float in the shortest spelling that reads back as the same value of its type.
    private static func field(
        _ dataType: DataType,
        _ bytes: UnsafeRawBufferPointer,
        _ offset: Int
    ) -> String {
        let value = double(bytes, offset, dataType)
        guard value.isFinite else {
            return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
        }
        return dataType.itemBytes == 4 ? Float(value).description : value.description
    }
}
