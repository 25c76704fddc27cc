import ArrayModel

/// Spells single elements as JSON.
///
/// Floats are spelled as the double of equal value, as NumPy's `tolist` gives them; NaN and the
/// infinities as the strings `"NaN"`, `"Infinity"` and `"-Infinity"`; complex numbers as
/// `[real, imaginary]`; raw bits as a string of hexadecimal digits in the order of the bytes.
enum ElementText {
    /// Appends the element at `offset` of little-endian bytes.
    static func append(
        _ dataType: DataType,
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int,
        to text: inout [UInt8]
    ) {
        switch dataType {
        case .bool: append(bytes[offset] == 0 ? "false" : "true", to: &text)
        case .int8: append(integer(bytes, offset, Int8.self), to: &text)
        case .int16: append(integer(bytes, offset, Int16.self), to: &text)
        case .int32: append(integer(bytes, offset, Int32.self), to: &text)
        case .int64, .datetime64, .timedelta64:
            append(integer(bytes, offset, Int64.self), to: &text)
        case .uint8: append(integer(bytes, offset, UInt8.self), to: &text)
        case .uint16: append(integer(bytes, offset, UInt16.self), to: &text)
        case .uint32: append(integer(bytes, offset, UInt32.self), to: &text)
        case .uint64: append(integer(bytes, offset, UInt64.self), to: &text)
        case .float16, .bfloat16, .float32, .float64:
            append(number(bytes, offset, dataType), to: &text)
        case .complex64: complex(bytes, offset, .float32, to: &text)
        case .complex128: complex(bytes, offset, .float64, to: &text)
        case .rawBits(let count):
            raw(bytes[offset..<(offset + count)], to: &text)
        case .opaque(_, let count):
            raw(bytes[offset..<(offset + count)], to: &text)
        }
    }

    private static func integer<T: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer,
        _ offset: Int,
        _ type: T.Type
    ) -> String {
        String(T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type)))
    }

    private static func bits<T: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer,
        _ offset: Int,
        _ type: T.Type
    ) -> T {
        T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// The value of a float of any width.
    static func double(
        _ bytes: UnsafeRawBufferPointer,
        _ offset: Int,
        _ dataType: DataType
    ) -> Double {
        switch dataType.itemBytes {
        case 8: return Double(bitPattern: bits(bytes, offset, UInt64.self))
        case 4: return Double(Float(bitPattern: bits(bytes, offset, UInt32.self)))
        default:
            let half = bits(bytes, offset, UInt16.self)
            return dataType == .bfloat16
                ? Double(Float(bitPattern: UInt32(half) << 16)) : HalfPrecision.value(half)
        }
    }

    private static func number(
        _ bytes: UnsafeRawBufferPointer,
        _ offset: Int,
        _ dataType: DataType
    ) -> String {
        let number = JSONNumber(double(bytes, offset, dataType))
        return number.isFinite ? number.text : "\"\(number.text)\""
    }

    private static func complex(
        _ bytes: UnsafeRawBufferPointer,
        _ offset: Int,
        _ part: DataType,
        to text: inout [UInt8]
    ) {
        let imaginary = number(bytes, offset + part.itemBytes, part)
        append("[\(number(bytes, offset, part)),\(imaginary)]", to: &text)
    }

    private static func raw(_ bytes: Slice<UnsafeRawBufferPointer>, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in bytes {
            append(String(byte >> 4, radix: 16) + String(byte & 15, radix: 16), to: &text)
        }
        text.append(UInt8(ascii: "\""))
    }

    private static func append(_ string: String, to text: inout [UInt8]) {
        text.append(contentsOf: string.utf8)
    }
}
