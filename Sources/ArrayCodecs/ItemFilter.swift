import ArrayModel

/// A filter of numcodecs that works on numbers rather than on bytes.
///
/// Source: numcodecs 0.16, `astype.py`, `bitround.py`, `fixedscaleoffset.py`, `packbits.py`, `quantize.py`.
enum ItemFilter: Hashable, Sendable {
    /// Floats of which so many bits of the fraction are kept; nothing is to be undone.
    case bitround(BitRounding)
    /// Floats of which so many decimal digits are kept.
    case quantize(Quantization)
    /// Floats as integers.
    case scaleOffset(ScaleOffset)
    /// Numbers as numbers of another type.
    case cast(NumberCast)
    /// Booleans as bits, the first one highest, behind a byte that says how many bits of the last byte
    /// are none.
    case packBits

    /// Finds the filter of a name; nil if it is none of these.
    ///
    /// `elements` is what the filter is given: the elements of the array, or what the filter before it makes
    /// of them.
    /// - Throws: ``ArrayCodecError/codecConfigurationInvalid(_:)`` or
    ///   ``ArrayCodecError/codecMissing(_:)`` for parameters that Nave cannot work with.
    init?(
        name: String,
        configuration: JSONValue,
        elements: FilteredElements
    ) throws(ArrayCodecError) {
        let prefix = "numcodecs."
        switch name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name {
        case "bitround":
            self = .bitround(try BitRounding(name, configuration, elements))
        case "quantize":
            self = .quantize(try Quantization(name, configuration, elements: elements.layout))
        case "fixedscaleoffset":
            self = .scaleOffset(try ScaleOffset(name, configuration, elements.dataType))
        case "astype":
            self = .cast(try NumberCast(name, configuration, elements: elements.layout))
        case "packbits":
            guard elements.dataType == .bool else { throw .codecConfigurationInvalid(name) }
            self = .packBits
        default: return nil
        }
    }

    /// The name under which errors report it.
    var name: String {
        switch self {
        case .bitround: "bitround"
        case .quantize: "quantize"
        case .scaleOffset: "fixedscaleoffset"
        case .cast: "astype"
        case .packBits: "packbits"
        }
    }

    /// The numbers that it is given and those that it makes of them, where it names their types.
    var cast: NumberCast? {
        switch self {
        case .quantize(let filter): filter.cast
        case .scaleOffset(let filter): filter.cast
        case .cast(let cast): cast
        case .bitround, .packBits: nil
        }
    }

    /// The most bytes that it makes of `bytes` bytes.
    func encodedBytesMax(_ bytes: Int) -> Int {
        switch self {
        case .bitround: return bytes
        case .packBits: return 1 + (bytes + 7) / 8
        case .quantize, .scaleOffset, .cast:
            guard let cast else { return bytes }
            let (decoded, encoded) = (cast.decoded.itemBytes, cast.encoded.itemBytes)
            return (bytes + decoded - 1) / decoded * encoded
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
        case .packBits: bytes = try Self.unpackedBytes(source)
        case .quantize, .scaleOffset, .cast: bytes = try decodedBytes(source.count)
        }
        guard bytes <= target.count else {
            throw .chunkCorrupt(.tooLong(codec: name, limitBytes: target.count))
        }
        switch self {
        case .bitround: target.copyMemory(from: source)
        case .quantize(let filter): filter.cast.decode(source, into: target)
        case .scaleOffset(let filter): filter.decode(source, into: target)
        case .cast(let cast): cast.decode(source, into: target)
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
        case .bitround(let filter): return filter.encode(source)
        case .quantize(let filter): return filter.encode(source)
        case .scaleOffset(let filter): return filter.encode(source)
        case .cast(let cast): return cast.encode(source)
        case .packBits:
            let padding = (8 - source.count % 8) % 8
            var bytes = [UInt8](repeating: 0, count: 1 + (source.count + padding) / 8)
            bytes[0] = UInt8(padding)
            for index in source.indices where source[index] != 0 {
                bytes[1 + index / 8] |= 0x80 >> UInt8(index % 8)
            }
            return bytes
        }
    }

    /// The bytes of the elements that so many stored bytes are.
    private func decodedBytes(_ storedBytes: Int) throws(ArrayCodecError) -> Int {
        guard let cast else { return storedBytes }
        guard storedBytes % cast.encoded.itemBytes == 0 else {
            throw .chunkCorrupt(.truncated(codec: name))
        }
        return storedBytes / cast.encoded.itemBytes * cast.decoded.itemBytes
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
}
