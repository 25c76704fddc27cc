extension FillValue {
    /// The value as Zarr v3 spells it, for a type that can be sliced; nil for any other.
    ///
    /// The spelling is made of the element's bytes, so it does not depend on how the dialect spelled
    /// it. A NaN of other bits than the usual ones is a string of hexadecimal digits.
    ///
    /// Source: Zarr core specification v3, section "Fill value"; for raw bits zarr-python 3.1,
    /// `zarr/core/dtype/npy/bytes.py`, which takes base64.
    func zarrV3(_ dataType: DataType) -> JSONValue? {
        switch dataType {
        case .bool: .bool(bytes != [0])
        case .int8: .integer(integer(Int8.self))
        case .int16: .integer(integer(Int16.self))
        case .int32: .integer(integer(Int32.self))
        case .int64: .integer(integer(Int64.self))
        case .uint8: .integer(integer(UInt8.self))
        case .uint16: .integer(integer(UInt16.self))
        case .uint32: .integer(integer(UInt32.self))
        case .uint64: .integer(integer(UInt64.self))
        case .float16, .bfloat16, .float32, .float64: Self.float(bytes[...], dataType)
        case .complex64: .array(halves.map { Self.float($0, .float32) })
        case .complex128: .array(halves.map { Self.float($0, .float64) })
        case .rawBits: .string(Base64Text.encode(bytes))
        case .datetime64, .timedelta64, .opaque: nil
        }
    }

    private var halves: [ArraySlice<UInt8>] {
        [bytes[..<(bytes.count / 2)], bytes[(bytes.count / 2)...]]
    }

    private func integer<T: FixedWidthInteger>(_ type: T.Type) -> T {
        Self.integer(bytes[...], type)
    }

    private static func integer<T: FixedWidthInteger>(
        _ bytes: ArraySlice<UInt8>,
        _ type: T.Type
    ) -> T {
        bytes.reversed().reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
    }

    private static func float(_ bytes: ArraySlice<UInt8>, _ dataType: DataType) -> JSONValue {
        let bits = integer(bytes, UInt64.self)
        switch dataType {
        case .float64: return number(Double(bitPattern: bits), bits, usualNaN: 0x7FF8 << 48, 8)
        case .float16:
            // Single precision holds all of them.
            let value = Float(HalfPrecision.value(UInt16(truncatingIfNeeded: bits)))
            return number(value, bits, usualNaN: 0x7E00, 2)
        case .bfloat16:
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: bits << 16))
            return number(value, bits, usualNaN: 0x7FC0, 2)
        case .float32, .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64,
            .complex64, .complex128, .rawBits, .datetime64, .timedelta64, .opaque:
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
            return number(value, bits, usualNaN: 0x7FC0 << 16, 4)
        }
    }

    /// A number in the shortest spelling that reads back as the same value of its type.
    private static func number<Value: BinaryFloatingPoint>(
        _ value: Value,
        _ bits: UInt64,
        usualNaN: UInt64,
        _ itemBytes: Int
    ) -> JSONValue {
        if value.isNaN, bits != usualNaN {
            let digits = String(bits, radix: 16)
            return .string(
                "0x" + String(repeating: "0", count: itemBytes * 2 - digits.utf8.count) + digits
            )
        }
        if let single = value as? Float { return .number(JSONNumber(single)) }
        return .double(Double(value))
    }
}
