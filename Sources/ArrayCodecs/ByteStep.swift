import ArrayModel

/// One bytes-to-bytes codec, as decoding sees it.
enum ByteStep: Hashable, Sendable {
    case gzip
    case zlib
    case zstandard
    case blosc
    case crc32c
    /// The framing of numcodecs: the decoded length in four bytes, then one LZ4 block.
    case lz4
    /// A byte shuffle over units of this many bytes.
    case shuffle(unitBytes: Int)
    /// Differences of neighbouring little-endian units of this many bytes.
    case delta(unitBytes: Int)

    /// The name under which errors report it.
    var name: String {
        switch self {
        case .gzip: "gzip"
        case .zlib: "zlib"
        case .zstandard: "zstd"
        case .blosc: "blosc"
        case .crc32c: "crc32c"
        case .lz4: "lz4"
        case .shuffle: "shuffle"
        case .delta: "delta"
        }
    }

    /// How many bytes encoding adds, or `nil` where that depends on the bytes.
    var addedBytes: Int? {
        switch self {
        case .crc32c: 4
        case .shuffle, .delta: 0
        case .gzip, .zlib, .zstandard, .blosc, .lz4: nil
        }
    }

    /// Finds the step that a codec outside of the Zarr core names, if Nave has it.
    ///
    /// - Throws: ``ArrayCodecError/codecMissing(_:)`` or
    ///   ``ArrayCodecError/codecConfigurationInvalid(_:)``.
    ///
    /// Source: numcodecs 0.16, `numcodecs/lz4.pyx`, `shuffle.py`, `delta.py`; under Zarr v3 their
    /// names carry the prefix `numcodecs.`.
    init(name: String, configuration: JSONValue) throws(ArrayCodecError) {
        let prefix = "numcodecs."
        let shortName = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
        switch shortName {
        case "gzip": self = .gzip
        case "zlib": self = .zlib
        case "zstd": self = .zstandard
        case "blosc": self = .blosc
        case "crc32c":
            // numcodecs can also put it before the data.
            guard configuration["location"]?.string ?? "end" == "end" else {
                throw .codecMissing(name)
            }
            self = .crc32c
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
