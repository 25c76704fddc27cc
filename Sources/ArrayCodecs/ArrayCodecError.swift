/// A chunk that cannot be decoded, or an array whose chunks cannot.
public enum ArrayCodecError: Error, Hashable, Sendable {
    /// The array uses a codec that Nave lacks, by the name in its metadata.
    case codecMissing(String)
    /// A codec that Nave has, with parameters it cannot work with.
    case codecConfigurationInvalid(String)
    /// The stored bytes are not what the codec writes.
    case chunkCorrupt(ChunkFault)
    /// A checksum in the stored bytes differs from that of the bytes.
    case checksumMismatch(codec: String)
    /// The stored bytes decode to the wrong number of bytes.
    case chunkLength(expectedBytes: Int, foundBytes: Int)
    /// A decoded chunk would be larger than ``CodecLimits/chunkBytesMax``.
    case chunkTooLarge(bytes: Int)
    /// A chunk cannot be encoded: it is longer than the codec takes, or memory ran out.
    case encodingFailed(codec: String)
    /// Elements of no fixed length, which have no layout in memory.
    case dataTypeUnsupported(String)
}

/// What is wrong with the stored bytes of a chunk.
public enum ChunkFault: Hashable, Sendable {
    /// The bytes end before the codec's own end.
    case truncated(codec: String)
    /// The bytes break the codec's format.
    case malformed(codec: String)
    /// The bytes decode to more than there may be; decoding stopped there.
    case tooLong(codec: String, limitBytes: Int)
    /// The bytes ask for more memory to decode them than there may be.
    case memoryLimit(codec: String, limitBytes: Int)
    /// The codec's end is followed by bytes that belong to nothing.
    case trailingBytes(codec: String)
}
