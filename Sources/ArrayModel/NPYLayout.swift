/// How the elements of a `.npy` file lie: what the header before them says.
///
/// Source: `numpy.lib.format`: magic, version, header length, and a Python dictionary with exactly the
/// members `descr`, `fortran_order` and `shape`.
public struct NPYLayout: Hashable, Sendable {
    /// The longest header that is taken, in bytes; NumPy itself does not read longer ones.
    public static let headerBytesMax = 10_000
    /// The bytes after which the length of a header is known.
    public static let preambleBytes = 12

    /// The type of the elements.
    public let dataType: DataType
    /// The order of their bytes; nil where order has no meaning.
    public let byteOrder: ByteOrder?
    /// The shape of the data.
    public let shape: [Int]
    /// The order of the elements.
    public let order: MemoryOrder

    /// Makes a layout of its parts.
    public init(dataType: DataType, byteOrder: ByteOrder?, shape: [Int], order: MemoryOrder) {
        self.dataType = dataType
        self.byteOrder = byteOrder
        self.shape = shape
        self.order = order
    }

    /// The length of the whole header, of which the first bytes are given.
    ///
    /// - Parameter preamble: At least the first ``preambleBytes`` bytes of the file.
    /// - Returns: How many bytes come before the first element.
    /// - Throws: ``NPYError/magicMissing``, ``NPYError/versionUnknown(_:)`` or
    ///   ``NPYError/headerTooLong(bytes:)``.
    public static func headerBytes(_ preamble: [UInt8]) throws(NPYError) -> Int {
        guard preamble.count >= preambleBytes, preamble.starts(with: [0x93] + Array("NUMPY".utf8))
        else { throw .magicMissing }
        let length: Int
        switch preamble[6] {
        case 1: length = 10 + (Int(preamble[8]) | Int(preamble[9]) << 8)
        case 2, 3:
            length = 12 + preamble[8..<12].reversed().reduce(0) { $0 << 8 | Int($1) }
        default: throw .versionUnknown(Int(preamble[6]))
        }
        guard length <= headerBytesMax else { throw .headerTooLong(bytes: length) }
        return length
    }

    /// Reads a whole header.
    ///
    /// - Parameter header: The ``headerBytes(_:)`` bytes before the first element.
    /// - Throws: ``NPYError``, any case.
    public init(_ header: [UInt8]) throws(NPYError) {
        let length = try Self.headerBytes(header)
        guard header.count == length else { throw .dictionaryInvalid(offset: header.count) }
        let text = header[6] == 1 ? 10 : 12
        guard text <= length else { throw .dictionaryInvalid(offset: length) }
        var parser = NPYDictionaryParser(bytes: header, position: text)
        self = try parser.layout()
    }
}

/// Why bytes are no `.npy` file that can be read.
public enum NPYError: Error, Hashable, Sendable {
    /// They do not begin as one does.
    case magicMissing
    /// A version that is not known.
    case versionUnknown(Int)
    /// A header longer than ``NPYLayout/headerBytesMax``.
    case headerTooLong(bytes: Int)
    /// The dictionary of the header is malformed at a byte of the file.
    case dictionaryInvalid(offset: Int)
    /// The data type is none that an array can have: records, objects, or malformed.
    case dataTypeUnsupported(String)
}

extension NPYError: CustomStringConvertible {
    /// The error as a sentence.
    public var description: String {
        switch self {
        case .magicMissing: "The body is not a .npy file: it does not begin with \\x93NUMPY."
        case .versionUnknown(let version): "Version \(version) of the .npy format is not known."
        case .headerTooLong(let bytes):
            "The .npy header has \(bytes) bytes; at most \(NPYLayout.headerBytesMax) are taken."
        case .dictionaryInvalid(let offset):
            "The .npy header is malformed at byte \(offset)."
        case .dataTypeUnsupported(let name):
            "The .npy file has elements of type \(name), which no array here has."
        }
    }
}
