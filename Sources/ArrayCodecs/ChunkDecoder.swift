import ArrayModel

/// Decodes the stored chunks of one array.
///
/// A decoded chunk has the full chunk shape, in C order, little-endian. Decoding never writes more
/// than a chunk's bytes, however much the stored bytes claim to hold, and never reads outside of
/// them.
public struct ChunkDecoder: Sendable {
    let chain: CodecChain
    let fillValue: [UInt8]

    /// Prepares to decode the chunks of an array.
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
        fillValue = metadata.fillValue.bytes
    }

    /// The bytes of a decoded chunk.
    public var chunkBytes: Int { chain.chunkBytes }

    /// The most stored bytes that can decode to a chunk; an object larger than that is not one.
    public var storedBytesMax: Int { chain.storedBytesMax }

    /// Whether stored and decoded chunks are the same bytes.
    public var isIdentity: Bool {
        guard chain.steps.isEmpty, chain.isInOrder else { return false }
        switch chain.serialization {
        case .elements(let swapUnitBytes): return swapUnitBytes == 1
        case .shards: return false
        }
    }

    /// Decodes a stored chunk.
    ///
    /// - Parameters:
    ///   - stored: The stored bytes.
    ///   - workspace: The contexts and buffers to use.
    /// - Returns: ``chunkBytes`` bytes.
    /// - Throws: ``ArrayCodecError/chunkCorrupt(_:)``,
    ///   ``ArrayCodecError/checksumMismatch(codec:)``,
    ///   ``ArrayCodecError/chunkLength(expectedBytes:foundBytes:)`` or
    ///   ``ArrayCodecError/codecMissing(_:)``.
    public func decode(
        _ stored: [UInt8],
        workspace: DecodingWorkspace
    ) throws(ArrayCodecError) -> [UInt8] {
        if isIdentity, stored.count == chunkBytes { return stored }
        return try [UInt8](unsafeUninitializedCapacity: chunkBytes) {
            (buffer, count) throws(ArrayCodecError) -> Void in
            let target = UnsafeMutableRawBufferPointer(
                start: buffer.baseAddress,
                count: chunkBytes
            )
            try stored.span.withUnsafeBytes { (stored) throws(ArrayCodecError) -> Void in
                try decode(stored, into: target, workspace: workspace)
            }
            count = chunkBytes
        }
    }

    /// Decodes a stored chunk into memory.
    ///
    /// - Parameters:
    ///   - stored: The stored bytes.
    ///   - target: Exactly ``chunkBytes`` bytes, which do not overlap `stored`; their content is
    ///     undefined after an error.
    ///   - workspace: The contexts and buffers to use.
    /// - Throws: As ``decode(_:workspace:)``.
    public func decode(
        _ stored: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        workspace: DecodingWorkspace
    ) throws(ArrayCodecError) {
        precondition(target.count == chunkBytes, "the target is a chunk")
        try workspace.withTools { (tools) throws(ArrayCodecError) -> Void in
            defer { tools.scratch.shrink() }
            try chain.decode(stored, into: target, fillValue: fillValue, tools: &tools)
        }
    }
}
