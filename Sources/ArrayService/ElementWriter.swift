import ArrayModel
import Compression

/// Makes text or a picture of elements that come in C order, piece by piece.
protocol ElementWriter: Sendable {
    /// The length of one element, in bytes.
    var itemBytes: Int { get }
    /// How many elements make about ``ArrayServiceLimits/jsonPieceBytes`` of the result, at least one;
    /// pieces are so long, but for the last.
    var pieceElements: Int { get }

    /// What comes before the first element.
    mutating func begin(to text: inout [UInt8])

    /// Takes in the next elements, given as little-endian bytes.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer,
        to text: inout [UInt8]
    ) throws(CompressionError)

    /// What comes after the last element.
    mutating func end(to text: inout [UInt8])
}

extension ElementWriter {
    mutating func begin(to text: inout [UInt8]) {}

    mutating func end(to text: inout [UInt8]) {}
}

extension NestedListWriter: ElementWriter {
    mutating func end(to text: inout [UInt8]) { text.append(UInt8(ascii: "\n")) }
}
