extension FillValue {
    /// Reads the `fill_value` of any dialect.
    ///
    /// `null` is zeros. A type that cannot be sliced takes any spelling and gives zeros, because
    /// nothing is ever filled with it.
    ///
    /// - Throws: ``MetadataError/fillValueInvalid(dataType:)``.
    ///
    /// Source: Zarr core specification v3, section "Fill value"; Zarr specification v2, section
    /// "Fill value encoding".
    init(_ value: JSONValue, dataType: DataType) throws(MetadataError) {
        guard value != .null, dataType.isSliceable else {
            self = .zero(itemBytes: dataType.itemBytes, spelling: value)
            return
        }
        guard let bytes = Self.bytes(value, dataType), bytes.count == dataType.itemBytes else {
            throw .fillValueInvalid(dataType: dataType.name)
        }
        self.init(bytes: bytes, spelling: value)
    }

    private static func bytes(_ value: JSONValue, _ dataType: DataType) -> [UInt8]? {
        switch dataType {
        case .bool: truth(value)
        case .int8: integer(value, as: Int8.self)
        case .int16: integer(value, as: Int16.self)
        case .int32: integer(value, as: Int32.self)
        case .int64: integer(value, as: Int64.self)
        case .uint8: integer(value, as: UInt8.self)
        case .uint16: integer(value, as: UInt16.self)
        case .uint32: integer(value, as: UInt32.self)
        case .uint64: integer(value, as: UInt64.self)
        case .float16, .bfloat16, .float32, .float64: float(value, dataType)
        case .complex64: complex(value, .float32)
        case .complex128: complex(value, .float64)
        case .rawBits(let count): raw(value, count)
        case .datetime64, .timedelta64, .opaque: nil
        }
    }

    private static func truth(_ value: JSONValue) -> [UInt8]? {
        if let bool = value.bool { return [bool ? 1 : 0] }
        // Old writers of Zarr v2 spell false as 0.
        guard let number = value.integer, number == 0 || number == 1 else { return nil }
        return [UInt8(number)]
    }

    private static func integer<T: FixedWidthInteger>(
        _ value: JSONValue,
        as type: T.Type
    ) -> [UInt8]? {
        guard case .number(let number) = value else { return nil }
        // Old writers of Zarr v2 spell whole numbers as floats, for example 0.0.
        guard let exact = T(number.text) ?? T(exactly: number.double) else { return nil }
        return littleEndian(exact)
    }

    private static func float(_ value: JSONValue, _ dataType: DataType) -> [UInt8]? {
        switch value {
        case .number(let number): return encoded(number.double, number.text, dataType)
        case .string(let text):
            switch text {
            case "NaN": return encoded(.nan, text, dataType)
            case "Infinity": return encoded(.infinity, text, dataType)
            case "-Infinity": return encoded(-.infinity, text, dataType)
            default: return bitPattern(text, itemBytes: dataType.itemBytes)
            }
        case .null, .bool, .array, .object: return nil
        }
    }

    /// The nearest value of the type; single-precision numbers are read from the text itself, so
    /// that they are not rounded twice.
    private static func encoded(_ value: Double, _ text: String, _ dataType: DataType) -> [UInt8]? {
        let single = value.isFinite ? Float(text) ?? Float(value) : Float(value)
        switch dataType {
        case .float64: return littleEndian(value.bitPattern)
        case .float32: return littleEndian(single.bitPattern)
        case .float16: return littleEndian(HalfPrecision.bits(value))
        case .bfloat16: return littleEndian(upperHalf(single))
        case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .complex64,
            .complex128, .rawBits, .datetime64, .timedelta64, .opaque:
            return nil
        }
    }

    /// The nearest `bfloat16`, ties to even.
    private static func upperHalf(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        guard !value.isNaN else { return 0x7FC0 }
        // An overflow carries into the exponent and gives infinity, as rounding should.
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }

    /// A bit pattern such as `0x7fc00000`, most significant digit first.
    private static func bitPattern(_ text: String, itemBytes: Int) -> [UInt8]? {
        guard text.hasPrefix("0x"), text.utf8.count == 2 + itemBytes * 2,
            let bits = UInt64(text.dropFirst(2), radix: 16)
        else { return nil }
        return Array(littleEndian(bits).prefix(itemBytes))
    }

    private static func complex(_ value: JSONValue, _ part: DataType) -> [UInt8]? {
        if let parts = value.elements {
            guard parts.count == 2, let real = float(parts[0], part),
                let imaginary = float(parts[1], part)
            else { return nil }
            return real + imaginary
        }
        // Zarr v2 also allows the base64 of the bytes, and a plain real number.
        if let text = value.string, let bytes = base64(text) { return bytes }
        guard let real = float(value, part) else { return nil }
        return real + [UInt8](repeating: 0, count: part.itemBytes)
    }

    private static func raw(_ value: JSONValue, _ count: Int) -> [UInt8]? {
        if let elements = value.elements {
            let numbers = elements.compactMap { $0.integer.flatMap(UInt8.init(exactly:)) }
            return numbers.count == elements.count ? numbers : nil
        }
        if let text = value.string {
            return base64(text)
        }
        return value.integer == 0 ? [UInt8](repeating: 0, count: count) : nil
    }

    private static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// Standard base64 with padding, RFC 4648 section 4.
    private static func base64(_ text: String) -> [UInt8]? {
        guard text.utf8.count % 4 == 0 else { return nil }
        var result: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount = 0
        let padding = text.utf8.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        for byte in text.utf8.dropLast(padding) {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): digit = 62
            case UInt8(ascii: "/"): digit = 63
            default: return nil
            }
            bits = (bits << 6 | UInt32(digit)) & 0xFFFFFF
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                result.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
            }
        }
        return result
    }
}
