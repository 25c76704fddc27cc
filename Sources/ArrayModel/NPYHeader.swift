/// The bytes before the data of a `.npy` file.
///
/// Source: NumPy enhancement proposal 1 and `numpy.lib.format`: magic, version, header length, a
/// Python dictionary padded with spaces and a line feed so that the data begins at a multiple of
/// 64.
public struct NPYHeader: Hashable, Sendable {
    /// The version of the file format; they differ in the length field and the text's encoding.
    public enum Version: UInt8, Hashable, Sendable, CaseIterable {
        /// A 16-bit length; what NumPy writes whenever the header fits.
        case v1 = 1
        /// A 32-bit length.
        case v2 = 2
        /// A 32-bit length and UTF-8 text.
        case v3 = 3
    }

    /// The type of the elements; must have a NumPy name (``DataType/numPyDescription``).
    public let dataType: DataType
    /// The shape of the data, which follows in C order.
    public let shape: [Int]

    /// Makes a header.
    public init(dataType: DataType, shape: [Int]) {
        self.dataType = dataType
        self.shape = shape
    }

    /// The header's bytes in the given version.
    public func bytes(_ version: Version = .v1) -> [UInt8] {
        var text =
            "{'descr': '\(dataType.numPyDescription)', 'fortran_order': False, 'shape': \(tuple), }"
        if let first = shape.first {
            // Room for a shape that grows along its first axis, as NumPy leaves it.
            text += String(repeating: " ", count: max(0, 21 - String(first).utf8.count))
        }
        let lengthFieldBytes = version == .v1 ? 2 : 4
        let unpadded = 8 + lengthFieldBytes + text.utf8.count + 1
        let padding = 64 - unpadded % 64
        let length = UInt32(text.utf8.count + 1 + padding)
        var result: [UInt8] = [0x93] + Array("NUMPY".utf8) + [version.rawValue, 0]
        for index in 0..<lengthFieldBytes {
            result.append(UInt8(truncatingIfNeeded: length >> (8 * UInt32(index))))
        }
        result.append(contentsOf: text.utf8)
        result.append(contentsOf: repeatElement(0x20, count: padding))
        result.append(0x0A)
        return result
    }

    /// The shape as Python spells a tuple.
    private var tuple: String {
        let numbers = shape.map(String.init).joined(separator: ", ")
        return shape.count == 1 ? "(\(numbers),)" : "(\(numbers))"
    }
}
