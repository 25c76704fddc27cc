import ArrayModel

/// A filter of numcodecs that works on numbers rather than on bytes; little-endian ones, as numcodecs
/// itself takes no others.
///
/// Source: numcodecs 0.16, `bitround.py`, `fixedscaleoffset.py`, `packbits.py`.
enum ItemFilter: Hashable, Sendable {
    /// Floats of which so many bits of the fraction are kept; nothing is to be undone.
    case bitround(keepBits: Int, fractionBits: Int)
    /// Floats as integers.
    case scaleOffset(ScaleOffset)
    /// Booleans as bits, the first one highest, behind a byte that says how many bits of the last byte
    /// are none.
    case packBits

    /// Finds the filter of a name; nil if it is none of these.
    ///
    /// - Throws: ``ArrayCodecError/codecConfigurationInvalid(_:)`` or
    ///   ``ArrayCodecError/codecMissing(_:)`` for parameters that Nave cannot work with.
    init?(
        name: String,
        configuration: JSONValue,
        dataType: DataType
    ) throws(ArrayCodecError) {
        let prefix = "numcodecs."
        switch name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name {
        case "bitround":
            let fractionBits: Int
            switch dataType {
            case .float16: fractionBits = 10
            case .float32: fractionBits = 23
            case .float64: fractionBits = 52
            default: throw .codecMissing(name)
            }
            guard let keepBits = configuration["keepbits"]?.integer,
                (0...fractionBits).contains(keepBits)
            else { throw .codecConfigurationInvalid(name) }
            self = .bitround(keepBits: keepBits, fractionBits: fractionBits)
        case "fixedscaleoffset":
            self = .scaleOffset(try ScaleOffset(name, configuration, dataType))
        case "packbits":
            guard dataType == .bool else { throw .codecConfigurationInvalid(name) }
            self = .packBits
        default: return nil
        }
    }

    /// The name under which errors report it.
    var name: String {
        switch self {
        case .bitround: "bitround"
        case .scaleOffset: "fixedscaleoffset"
        case .packBits: "packbits"
        }
    }

    /// Undoes the filter.
    ///
    /// - Returns: How many bytes were written.
    /// - Throws: ``ArrayCodecError/chunkCorrupt(_:)``.
    func decode(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ArrayCodecError) -> Int {
        let bytes: Int
        switch self {
        case .bitround: bytes = source.count
        case .scaleOffset(let filter): bytes = try filter.decodedBytes(source.count)
        case .packBits: bytes = try Self.unpackedBytes(source)
        }
        guard bytes <= target.count else {
            throw .chunkCorrupt(.tooLong(codec: name, limitBytes: target.count))
        }
        switch self {
        case .bitround: target.copyMemory(from: source)
        case .scaleOffset(let filter): filter.decode(source, into: target)
        case .packBits:
            for index in 0..<bytes {
                target[index] = source[1 + index / 8] >> UInt8(7 - index % 8) & 1
            }
        }
        return bytes
    }

    /// Applies the filter.
    func encode(_ source: UnsafeRawBufferPointer) -> [UInt8] {
        switch self {
        case .scaleOffset(let filter): return filter.encode(source)
        case .packBits:
            let padding = (8 - source.count % 8) % 8
            var bytes = [UInt8](repeating: 0, count: 1 + (source.count + padding) / 8)
            bytes[0] = UInt8(padding)
            for index in source.indices where source[index] != 0 {
                bytes[1 + index / 8] |= 0x80 >> UInt8(index % 8)
            }
            return bytes
        case .bitround(let keepBits, let fractionBits):
            let dropped = fractionBits - keepBits
            switch fractionBits {
            case 10: return Self.rounded(source, UInt16.self, dropping: dropped)
            case 23: return Self.rounded(source, UInt32.self, dropping: dropped)
            default: return Self.rounded(source, UInt64.self, dropping: dropped)
            }
        }
    }

    private static func unpackedBytes(
        _ source: UnsafeRawBufferPointer
    ) throws(ArrayCodecError) -> Int {
        guard let padding = source.first else {
            throw .chunkCorrupt(.truncated(codec: "packbits"))
        }
        let bits = (source.count - 1) * 8
        guard padding < 8, Int(padding) <= bits else {
            throw .chunkCorrupt(.malformed(codec: "packbits"))
        }
        return bits - Int(padding)
    }

    /// Rounds away the lowest bits, to nearest, ties to even.
    private static func rounded<Bits: FixedWidthInteger & UnsignedInteger>(
        _ source: UnsafeRawBufferPointer,
        _ type: Bits.Type,
        dropping dropped: Int
    ) -> [UInt8] {
        var bytes = [UInt8](source)
        guard dropped > 0 else { return bytes }
        let half: Bits = (1 << Bits(dropped - 1)) - 1
        let mask: Bits = .max << Bits(dropped)
        bytes.withUnsafeMutableBytes { bytes in
            let size = MemoryLayout<Bits>.size
            for offset in stride(from: 0, through: bytes.count - size, by: size) {
                let bits = Bits(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type)
                )
                let even = bits >> Bits(dropped) & 1
                let result = (bits &+ even &+ half) & mask
                bytes.storeBytes(of: result.littleEndian, toByteOffset: offset, as: type)
            }
        }
        return bytes
    }
}
