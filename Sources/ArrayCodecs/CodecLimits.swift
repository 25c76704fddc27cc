/// The bounds within which chunks are decoded.
public enum CodecLimits {
    /// The largest chunk that is decoded, in bytes.
    public static let chunkBytesMax = 1 << 30
    /// The most bytes that a chunk may have in any encoded form, between two codecs or stored.
    ///
    /// Every codec of a chain may add to what the one before it made; without a bound the
    /// metadata of an array would decide how large the buffers between the steps are.
    public static let encodedChunkBytesMax = 2 << 30
    /// The largest working buffer that a workspace keeps between chunks, in bytes.
    public static let keptScratchBytesMax = 16 << 20

    /// The most bytes that the codecs of an inner chunk add to it, beside what ``encodedBytesMax(_:)``
    /// allows the shard: headers and checksums of every codec in a chain.
    public static let innerChunkOverheadBytes = 256

    /// The most bytes that a reversible codec may make of `bytes` bytes.
    ///
    /// Stored blocks of deflate, raw blocks of Zstandard and plain Blosc frames grow by less than
    /// one part in a thousand and a header.
    public static func encodedBytesMax(_ bytes: Int) -> Int {
        bytes + bytes / 8 + 65_536
    }
}
