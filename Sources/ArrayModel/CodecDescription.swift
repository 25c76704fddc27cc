/// One step of the chain that turns the elements of a chunk into its stored bytes.
///
/// The chain of an array (``ArrayMetadata/codecs``) is in the order of encoding and is complete in
/// every dialect: array-to-array steps, exactly one step to bytes (``bytes(_:)`` or
/// ``sharding(_:)``), then bytes-to-bytes steps. For Zarr v2 and the original Hub layout the chain
/// is the equivalent one, so a decoder need not know the dialect.
///
/// Source: Zarr core specification v3, section "Codecs", and the codec specifications it registers.
public enum CodecDescription: Hashable, Sendable {
    /// Axes in another order: axis `i` of the result is axis `order[i]` of the input.
    case transpose(order: [Int])
    /// Elements as bytes in row-major order; `nil` where items are single bytes.
    case bytes(ByteOrder?)
    /// Many inner chunks in one object.
    case sharding(ShardingDescription)
    /// RFC 1952; `level` is zlib's, which only writers need.
    case gzip(level: Int)
    /// RFC 1950; `level` is zlib's, which only writers need.
    case zlib(level: Int)
    /// RFC 8878; the level, and whether frames carry a checksum, only writers need.
    case zstandard(level: Int, checksum: ZstandardChecksum)
    /// A Blosc 1 frame; all parameters that matter to a reader are in the frame.
    case blosc(BloscDescription)
    /// Four bytes of CRC-32C, little-endian, after the data.
    case crc32c
    /// A step that Nave does not know: the chunks are kept and served, but cannot be sliced.
    case unknown(name: String, configuration: JSONValue)

    /// The name under which the API lists it.
    public var name: String {
        switch self {
        case .transpose: "transpose"
        case .bytes: "bytes"
        case .sharding: "sharding_indexed"
        case .gzip: "gzip"
        case .zlib: "zlib"
        case .zstandard: "zstd"
        case .blosc: "blosc"
        case .crc32c: "crc32c"
        case .unknown(let name, _): name
        }
    }
}

/// Whether a Zstandard frame ends with a checksum of its content.
public enum ZstandardChecksum: Hashable, Sendable {
    case none
    case content
}

/// How many inner chunks are kept in one stored object.
///
/// Source: Zarr v3 codec specification "Sharding codec", version 1.0.
public struct ShardingDescription: Hashable, Sendable {
    /// Where the index of a shard is.
    public enum IndexLocation: Hashable, Sendable {
        case start
        case end
    }

    /// The shape of an inner chunk; divides the shape of the shard on every axis.
    public let chunkShape: [Int]
    /// The chain of an inner chunk.
    public let codecs: [CodecDescription]
    /// The chain of the index: a C-order `uint64` array of (offset, length) per inner chunk.
    public let indexCodecs: [CodecDescription]
    /// Where the index is.
    public let indexLocation: IndexLocation

    /// Makes a description of its parts.
    public init(
        chunkShape: [Int],
        codecs: [CodecDescription],
        indexCodecs: [CodecDescription],
        indexLocation: IndexLocation
    ) {
        self.chunkShape = chunkShape
        self.codecs = codecs
        self.indexCodecs = indexCodecs
        self.indexLocation = indexLocation
    }
}
