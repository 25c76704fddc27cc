/// What the elements of a chunk that is not stored are.
public struct FillValue: Hashable, Sendable {
    /// One element, little-endian; of the data type's length.
    public let bytes: [UInt8]
    /// The value as the metadata spells it, for descriptions; `null` where none is named.
    public let spelling: JSONValue

    /// Makes a fill value of an element's bytes and its spelling.
    public init(bytes: [UInt8], spelling: JSONValue) {
        self.bytes = bytes
        self.spelling = spelling
    }

    /// Zeros, for a type of `itemBytes` bytes.
    public static func zero(itemBytes: Int, spelling: JSONValue = .null) -> FillValue {
        FillValue(bytes: [UInt8](repeating: 0, count: itemBytes), spelling: spelling)
    }

    /// Whether every byte is zero.
    public var isZero: Bool { bytes.allSatisfy { $0 == 0 } }
}
