import ArrayModel

/// Encodes the chunks of one array as its codecs say.
///
/// What it makes, ``ChunkDecoder`` and every other reader of the array decode to the same elements; the
/// stored bytes themselves may differ from those of another writer.
public struct ChunkEncoder: Sendable {
    private let chain: CodecChain
    private let fillValue: [UInt8]

    /// Prepares to encode the chunks of an array.
    ///
    /// - Throws: ``ArrayCodecError/codecMissing(_:)``,
    ///   ``ArrayCodecError/codecConfigurationInvalid(_:)``,
    ///   ``ArrayCodecError/chunkTooLarge(bytes:)`` or
    ///   ``ArrayCodecError/dataTypeUnsupported(_:)``.
    public init(_ metadata: ArrayMetadata) throws(ArrayCodecError) {
        chain = try CodecChain(
            metadata.codecs,
            chunkShape: metadata.chunkShape,
            dataType: metadata.dataType
        )
        try chain.checkEncodable()
        fillValue = metadata.fillValue.bytes
    }

    /// The codecs that a new array may name, as Zarr v3 spells them.
    public static let codecNames =
        [
            "bytes", "transpose", "gzip", "zstd", "blosc", "crc32c", "sharding_indexed",
        ]
        + [
            "zlib", "lz4", "bz2", "lzma", "shuffle", "delta", "packbits", "bitround", "quantize",
            "fixedscaleoffset", "astype",
        ].map { "numcodecs.\($0)" }

    /// The bytes of a chunk before it is encoded.
    public var chunkBytes: Int { chain.chunkBytes }

    /// Encodes a chunk.
    ///
    /// - Parameters:
    ///   - chunk: Exactly ``chunkBytes`` bytes: the full chunk shape in C order, little-endian.
    ///   - workspace: The contexts to use.
    /// - Returns: The stored bytes.
    /// - Throws: ``ArrayCodecError/encodingFailed(codec:)``.
    public func encode(
        _ chunk: UnsafeRawBufferPointer,
        workspace: EncodingWorkspace
    ) throws(ArrayCodecError) -> [UInt8] {
        precondition(chunk.count == chunkBytes, "a chunk is encoded as a whole")
        return try workspace.withTools { (tools) throws(ArrayCodecError) -> [UInt8] in
            try chain.encode(chunk, fillValue: fillValue, tools: &tools)
        }
    }
}
