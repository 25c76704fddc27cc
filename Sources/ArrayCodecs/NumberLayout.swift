import ArrayModel

/// How numbers lie in memory: their type and the order of their bytes.
struct NumberLayout: Hashable, Sendable {
    /// The types that NumPy can cast into one another.
    enum Kind: Hashable, Sendable {
        case bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64
        case float16, float32, float64
    }

    let kind: Kind
    /// `nil` where numbers are single bytes.
    let byteOrder: ByteOrder?
    /// How many of them an element has: 2 in a complex number, else 1.
    let partCount: Int

    /// The type of an element.
    let dataType: DataType

    /// Reads a type as numcodecs and NumPy spell it; nil for one that is no number.
    init?(_ value: JSONValue?) {
        guard let text = value?.string, let type = NumPyType(anyName: text) else { return nil }
        self.init(type.dataType, byteOrder: type.byteOrder)
    }

    /// The layout of a type in an order; nil for one that is no number.
    init?(_ dataType: DataType, byteOrder: ByteOrder?) {
        switch dataType {
        case .bool: kind = .bool
        case .int8: kind = .int8
        case .int16: kind = .int16
        case .int32: kind = .int32
        case .int64: kind = .int64
        case .uint8: kind = .uint8
        case .uint16: kind = .uint16
        case .uint32: kind = .uint32
        case .uint64: kind = .uint64
        case .float16: kind = .float16
        case .float32, .complex64: kind = .float32
        case .float64, .complex128: kind = .float64
        case .bfloat16, .rawBits, .datetime64, .timedelta64, .opaque: return nil
        }
        self.dataType = dataType
        self.byteOrder = byteOrder
        partCount = dataType == .complex64 || dataType == .complex128 ? 2 : 1
    }

    /// The length of an element.
    var itemBytes: Int { dataType.itemBytes }

    /// Whether it is a float of one part.
    var isFloat: Bool {
        switch kind {
        case .float16, .float32, .float64: partCount == 1
        case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: false
        }
    }
}
