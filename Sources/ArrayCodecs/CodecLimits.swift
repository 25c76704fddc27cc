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
    /// What bzip2 adds to few bytes.
    ///
    /// Source: bzip2 1.0.8 manual, section 3.5.1.
    public static let bzip2OverheadBytes = 600

    /// The most memory that liblzma may take to decode a chunk, in bytes.
    ///
    /// It goes to the dictionary that the stored bytes ask for, which need not be longer than the largest
    /// chunk that is read. Of it, as much is touched as is decoded.
    public static let lzmaDecodingBytesMax = 257 << 20
    /// The longest dictionary with which LZMA encodes, in bytes: the encoder takes eleven times as much.
    public static let lzmaEncodingDictionaryBytesMax = 4 << 20

    /// The most bytes that a reversible codec may make of `bytes` bytes.
    ///
    /// Stored blocks of deflate, raw blocks of Zstandard and plain Blosc frames grow by less than
    /// one part in a thousand and a header; bzip2 by one in a hundred and 600 bytes; LZMA without stored
    /// blocks, of bytes without any order, by about two.
    public static func encodedBytesMax(_ bytes: Int) -> Int {
        bytes + bytes / 8 + 65_536
    }
}
