import ArrayModel

/// One bytes-to-bytes codec; what is said in parentheses beside unit lengths only encoding needs.
enum ByteStep: Hashable, Sendable {
    case gzip(level: Int)
    case zlib(level: Int)
    case zstandard(level: Int, checksum: ZstandardChecksum)
    case blosc(BloscDescription)
    case bzip2(level: Int)
    case lzma(LZMADescription)
    case crc32c
    /// The framing of numcodecs: the decoded length in four bytes, then one LZ4 block.
    case lz4
    /// A byte shuffle over units of this many bytes.
    case shuffle(unitBytes: Int)
    /// Differences of neighbouring little-endian units of this many bytes.
    case delta(unitBytes: Int)
    /// A filter on numbers.
    case filter(ItemFilter)

    /// The name under which errors report it.
    var name: String {
        switch self {
        case .gzip: "gzip"
        case .zlib: "zlib"
        case .zstandard: "zstd"
        case .blosc: "blosc"
        case .bzip2: "bz2"
        case .lzma: "lzma"
        case .crc32c: "crc32c"
        case .lz4: "lz4"
        case .shuffle: "shuffle"
        case .delta: "delta"
        case .filter(let filter): filter.name
        }
    }

    /// How many bytes encoding adds, or `nil` where that depends on the bytes.
    var addedBytes: Int? {
        switch self {
        case .crc32c: 4
        case .shuffle, .delta: 0
        case .gzip, .zlib, .zstandard, .blosc, .bzip2, .lzma, .lz4, .filter: nil
        }
    }

    /// The most bytes that encoding makes of `bytes` bytes.
    func encodedBytesMax(_ bytes: Int) -> Int {
        if case .filter(let filter) = self { return filter.encodedBytesMax(bytes) }
        return addedBytes.map { bytes + $0 } ?? CodecLimits.encodedBytesMax(bytes)
    }

    /// The step of a codec of the Zarr core; nil for one that is none from bytes to bytes.
    init?(_ codec: CodecDescription) {
        switch codec {
        case .gzip(let level): self = .gzip(level: level)
        case .zlib(let level): self = .zlib(level: level)
        case .zstandard(let level, let checksum):
            self = .zstandard(level: level, checksum: checksum)
        case .blosc(let description): self = .blosc(description)
        case .crc32c: self = .crc32c
        case .transpose, .bytes, .sharding, .unknown: return nil
        }
    }

    /// Finds the step that a codec outside of the Zarr core names, if Nave has it.
    ///
    /// - Throws: ``ArrayCodecError/codecMissing(_:)`` or
    ///   ``ArrayCodecError/codecConfigurationInvalid(_:)``.
    ///
    /// Source: numcodecs 0.16, `bz2.py`, `lzma.py`, `lz4.pyx`, `shuffle.py`, `delta.py`; under Zarr v3
    /// their names carry the prefix `numcodecs.`.
    init(name: String, configuration: JSONValue) throws(ArrayCodecError) {
        let prefix = "numcodecs."
        let shortName = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
        if let compressor = CodecDescription.compressor(
            shortName,
            configuration: configuration,
            itemBytes: 1
        ), let step = Self(compressor) {
            self = step
            return
        }
        switch shortName {
        case "crc32c":
            // numcodecs can also put it before the data.
            guard configuration["location"]?.string ?? "end" == "end" else {
                throw .codecMissing(name)
            }
            self = .crc32c
        case "bz2": self = .bzip2(level: configuration["level"]?.integer ?? 1)
        case "lzma": self = .lzma(try LZMADescription(name, configuration))
        case "lz4": self = .lz4
        case "shuffle":
            let unitBytes = configuration["elementsize"]?.integer ?? 4
            guard (1...255).contains(unitBytes) else { throw .codecConfigurationInvalid(name) }
            self = .shuffle(unitBytes: unitBytes)
        case "delta": self = .delta(unitBytes: try Self.deltaUnitBytes(configuration, name))
        default: throw .codecMissing(name)
        }
    }

    /// The length of the integers that a difference filter works on.
    ///
    /// Floats are left out: their sum depends on the order and rounding of additions.
    private static func deltaUnitBytes(
        _ configuration: JSONValue,
        _ name: String
    ) throws(ArrayCodecError) -> Int {
        guard let type = configuration["dtype"]?.string else {
            throw .codecConfigurationInvalid(name)
        }
        let stored = configuration["astype"]?.string ?? type
        guard stored == type else { throw .codecMissing(name) }
        switch type {
        case "|i1", "|u1", "i1", "u1", "int8", "uint8": return 1
        case "<i2", "<u2", "int16", "uint16": return 2
        case "<i4", "<u4", "int32", "uint32": return 4
        case "<i8", "<u8", "int64", "uint64": return 8
        default: throw .codecMissing(name)
        }
    }
}
