import ArrayModel

/// Spells elements that come in C order as nested JSON lists, piece by piece.
///
/// Invariant: after all elements of `shape` the text is one JSON value; a result of no axes is a
/// bare element.
struct NestedListWriter: Sendable {
    private let dataType: DataType
    private let shape: [Int]
    /// The elements in one list of each nesting depth, the outermost first.
    private let listElements: [Int]
    private var nextElement = 0

    /// The length of one element, in bytes.
    var itemBytes: Int { dataType.itemBytes }

    /// How many elements make about ``ArrayServiceLimits/jsonPieceBytes`` of text, at least one: an
    /// element takes up to about eight characters a byte, and as many brackets as there are axes.
    var pieceElements: Int {
        max(ArrayServiceLimits.jsonPieceBytes / (itemBytes * 8 + shape.count * 2), 1)
    }

    /// Makes a writer for a result that has at least one element.
    init(dataType: DataType, shape: [Int]) {
        precondition(!shape.contains(0), "the result has elements")
        self.dataType = dataType
        self.shape = shape
        var elements = Array(repeating: 1, count: shape.count)
        var product = 1
        for axis in shape.indices.reversed() {
            product *= shape[axis]
            elements[axis] = product
        }
        listElements = elements
    }

    /// Spells the next elements, given as little-endian bytes.
    mutating func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        for offset in stride(from: 0, to: bytes.count, by: itemBytes) {
            if nextElement > 0 { text.append(UInt8(ascii: ",")) }
            for elements in listElements where nextElement % elements == 0 {
                text.append(UInt8(ascii: "["))
            }
            ElementText.append(dataType, bytes, at: offset, to: &text)
            nextElement += 1
            for elements in listElements where nextElement % elements == 0 {
                text.append(UInt8(ascii: "]"))
            }
        }
    }

    /// The lists of a result without elements: those of the axes before the first empty one.
    static func empty(shape: [Int]) -> JSONValue {
        guard let extent = shape.first, extent > 0 else { return .array([]) }
        let inner = empty(shape: Array(shape.dropFirst()))
        return .array(Array(repeating: inner, count: extent))
    }

    /// How many values and empty lists a result spells out; nil if that cannot be counted.
    static func entryCount(shape: [Int]) -> Int? {
        var count = 1
        for extent in shape {
            guard extent > 0 else { break }
            let (next, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow else { return nil }
            count = next
        }
        return count
    }
}
