/// How a Blosc frame is written.
///
/// Source: Zarr v3 codec specification "Blosc codec", version 1.0; numcodecs 0.16, `blosc.pyx`.
public struct BloscDescription: Hashable, Sendable {
    /// How bytes are rearranged before they are compressed.
    public enum Shuffle: Int, Hashable, Sendable {
        case none = 0
        /// By bytes.
        case byte = 1
        /// By bits.
        case bit = 2
    }

    /// The name of the compressor inside: `blosclz`, `lz4`, `lz4hc`, `snappy`, `zlib` or `zstd`.
    public let compressor: String
    /// 0 to 9.
    public let level: Int
    /// The rearrangement.
    public let shuffle: Shuffle
    /// The bytes of one element, by which bytes are rearranged; at least 1.
    public let typeBytes: Int
    /// The bytes of a block; 0 lets Blosc choose.
    public let blockBytes: Int

    /// Makes a description of its values.
    public init(
        compressor: String,
        level: Int,
        shuffle: Shuffle,
        typeBytes: Int,
        blockBytes: Int
    ) {
        self.compressor = compressor
        self.level = level
        self.shuffle = shuffle
        self.typeBytes = typeBytes
        self.blockBytes = blockBytes
    }

    /// Reads a configuration as Zarr v3 or numcodecs write it; what is missing or no value of its kind
    /// is numcodecs' default, because readers do not need it.
    init(_ configuration: JSONValue, itemBytes: Int) {
        compressor = configuration["cname"]?.string ?? "lz4"
        level = min(max(configuration["clevel"]?.integer ?? 5, 0), 9)
        let typeBytes = configuration["typesize"]?.integer ?? itemBytes
        self.typeBytes = max(typeBytes, 1)
        switch configuration["shuffle"]?.string {
        case "noshuffle": shuffle = .none
        case "bitshuffle": shuffle = .bit
        case "shuffle": shuffle = .byte
        default:
            switch configuration["shuffle"]?.integer {
            case 0: shuffle = .none
            case 2: shuffle = .bit
            // numcodecs' AUTOSHUFFLE.
            case -1: shuffle = self.typeBytes == 1 ? .bit : .byte
            default: shuffle = .byte
            }
        }
        blockBytes = max(configuration["blocksize"]?.integer ?? 0, 0)
    }
}
