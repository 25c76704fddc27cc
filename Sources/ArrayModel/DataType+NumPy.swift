/// A data type together with the order of its bytes, as NumPy's type strings say both.
public struct NumPyType: Hashable, Sendable {
    /// The type.
    public let dataType: DataType
    /// The order of its bytes, or `nil` where order has no meaning.
    public let byteOrder: ByteOrder?

    init(dataType: DataType, byteOrder: ByteOrder?) {
        self.dataType = dataType
        self.byteOrder = byteOrder
    }

    /// Finds a type by whatever name NumPy's `dtype` or Zarr v3 knows it: `<f4`, `f4`, `float32`, `r16`.
    ///
    /// One without an order is little-endian, as it is on every machine that Nave runs on.
    public init?(anyName text: String) {
        if let type = try? NumPyType(typeString: text) {
            self = type
        } else if let type = try? DataType(zarrV3: .string(text)), type.isSliceable {
            self.init(dataType: type, byteOrder: type.swapUnitBytes > 1 ? .little : nil)
        } else if let type = (try? NumPyType(typeString: "<\(text)"))
            ?? (try? NumPyType(typeString: "|\(text)"))
        {
            self = type
        } else {
            return nil
        }
    }
}

extension DataType {
    /// The type string of the type in little-endian order, as `.npy` files carry it; `|V2` for
    /// `bfloat16`, which NumPy does not have.
    ///
    /// Source: NumPy reference, "The array interface protocol", `typestr`.
    public var numPyDescription: String {
        switch self {
        case .bool: "|b1"
        case .int8: "|i1"
        case .int16: "<i2"
        case .int32: "<i4"
        case .int64: "<i8"
        case .uint8: "|u1"
        case .uint16: "<u2"
        case .uint32: "<u4"
        case .uint64: "<u8"
        case .float16: "<f2"
        case .bfloat16: "|V2"
        case .float32: "<f4"
        case .float64: "<f8"
        case .complex64: "<c8"
        case .complex128: "<c16"
        case .rawBits(let bytes): "|V\(bytes)"
        case .datetime64(let unit): "<M8[\(unit)]"
        case .timedelta64(let unit): "<m8[\(unit)]"
        case .opaque(_, let itemBytes): "|V\(itemBytes)"
        }
    }

    /// Finds a type by the name that NumPy's `dtype.name` gives, as the original Hub client writes
    /// it; a name that is not known is an opaque type.
    init(numPyName name: String) {
        if let type = DataType(coreName: name) {
            self = type
        } else if let (kind, unit) = Self.timeUnit(name) {
            self = kind == "datetime64" ? .datetime64(unit: unit) : .timedelta64(unit: unit)
        } else {
            self = .opaque(name: name, itemBytes: 0)
        }
    }

    /// Finds one of the types that Zarr v3 and NumPy call by the same name.
    init?(coreName name: String) {
        let match = Self.coreTypes.first { $0.name.utf8.elementsEqual(name.utf8) }
        guard let match else { return nil }
        self = match
    }

    private static let coreTypes: [DataType] = [
        .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16,
        .bfloat16, .float32, .float64, .complex64, .complex128,
    ]

    private static func timeUnit(_ name: String) -> (kind: String, unit: String)? {
        for kind in ["datetime64", "timedelta64"] where name.hasPrefix(kind) {
            let rest = name.dropFirst(kind.count)
            guard rest.hasPrefix("["), rest.hasSuffix("]") else { continue }
            return (kind, String(rest.dropFirst().dropLast()))
        }
        return nil
    }
}

extension NumPyType {
    /// Reads the `dtype` of Zarr v2 metadata: a type string such as `<f4`, or a list of fields.
    ///
    /// - Throws: ``MetadataError/dataTypeInvalid(_:)``.
    ///
    /// Source: Zarr specification v2, section "Data type encoding"; NumPy reference, "The array
    /// interface protocol".
    init(_ value: JSONValue) throws(MetadataError) {
        switch value {
        case .string(let text):
            try self.init(typeString: text)
        case .array(let fields):
            let itemBytes = try Self.recordBytes(fields)
            self.init(
                dataType: .opaque(name: "structured", itemBytes: itemBytes),
                byteOrder: nil
            )
        case .null, .bool, .number, .object:
            throw .memberInvalid("dtype")
        }
    }

    /// Reads a type string.
    ///
    /// - Throws: ``MetadataError/dataTypeInvalid(_:)``.
    init(typeString text: String) throws(MetadataError) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 2 else { throw .dataTypeInvalid(text) }
        let order: ByteOrder?
        switch bytes[0] {
        case UInt8(ascii: "<"), UInt8(ascii: "="): order = .little
        case UInt8(ascii: ">"): order = .big
        case UInt8(ascii: "|"): order = nil
        default: throw .dataTypeInvalid(text)
        }
        let size = bytes[2...].prefix { (0x30...0x39).contains($0) }
        let unit = String(decoding: bytes[(2 + size.count)...], as: UTF8.self)
        let number = size.isEmpty ? 0 : Int(String(decoding: size, as: UTF8.self))
        guard let number, number <= ArrayLimits.itemBytesMax else { throw .dataTypeInvalid(text) }
        let kind = Character(Unicode.Scalar(bytes[1]))
        guard let type = Self.type(kind: kind, size: number, unit: unit, text: text) else {
            throw .dataTypeInvalid(text)
        }
        guard type.swapUnitBytes > 1 else {
            self.init(dataType: type, byteOrder: nil)
            return
        }
        guard let order else { throw .dataTypeInvalid(text) }
        self.init(dataType: type, byteOrder: order)
    }

    private static func type(
        kind: Character,
        size: Int,
        unit: String,
        text: String
    ) -> DataType? {
        if kind == "M" || kind == "m" {
            guard size == 8 else { return nil }
            let unit =
                unit.hasPrefix("[") && unit.hasSuffix("]")
                ? String(unit.dropFirst().dropLast()) : "generic"
            return kind == "M" ? .datetime64(unit: unit) : .timedelta64(unit: unit)
        }
        guard unit.isEmpty else { return nil }
        switch (kind, size) {
        case ("b", 1): return .bool
        case ("i", 1): return .int8
        case ("i", 2): return .int16
        case ("i", 4): return .int32
        case ("i", 8): return .int64
        case ("u", 1): return .uint8
        case ("u", 2): return .uint16
        case ("u", 4): return .uint32
        case ("u", 8): return .uint64
        case ("f", 2): return .float16
        case ("f", 4): return .float32
        case ("f", 8): return .float64
        case ("c", 8): return .complex64
        case ("c", 16): return .complex128
        case ("V", 1...): return .rawBits(bytes: size)
        case ("S", _), ("f", 1...), ("c", 1...): return .opaque(name: text, itemBytes: size)
        case ("U", _): return .opaque(name: text, itemBytes: size * 4)
        case ("O", _): return .opaque(name: "object", itemBytes: 0)
        default: return nil
        }
    }

    /// The bytes of one record; 0 if a field has no fixed length.
    private static func recordBytes(_ fields: [JSONValue]) throws(MetadataError) -> Int {
        var total = 0
        for field in fields {
            guard let parts = field.elements, (2...3).contains(parts.count),
                parts[0].string != nil
            else { throw .memberInvalid("dtype") }
            let fieldBytes = try NumPyType(parts[1]).dataType.itemBytes
            let lengths = parts.count == 3 ? parts[2].elements ?? [parts[2]] : []
            var product = fieldBytes
            for length in lengths {
                guard let length = length.integer, length >= 0 else {
                    throw .memberInvalid("dtype")
                }
                let (next, overflow) = product.multipliedReportingOverflow(by: length)
                guard !overflow, next <= ArrayLimits.itemBytesMax else {
                    throw .dataTypeInvalid("structured")
                }
                product = next
            }
            guard product > 0 else { return 0 }
            total += product
            guard total <= ArrayLimits.itemBytesMax else { throw .dataTypeInvalid("structured") }
        }
        return total
    }
}
