import CBlosc

/// Decodes Blosc 1 frames, on the calling thread and without Blosc's global state.
enum BloscDecoder {
    private static let name = "blosc"
    /// The length of a frame's header.
    private static let headerBytes = 16

    /// Decodes one frame.
    ///
    /// - Returns: How many bytes were written.
    /// - Throws: ``ArrayCodecError/chunkCorrupt(_:)`` or ``ArrayCodecError/codecMissing(_:)``.
    static func decode(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ArrayCodecError) -> Int {
        guard let frame = source.baseAddress, source.count >= headerBytes else {
            throw .chunkCorrupt(.truncated(codec: name))
        }
        var decodedBytes = 0
        guard blosc_cbuffer_validate(frame, source.count, &decodedBytes) == 0 else {
            throw .chunkCorrupt(.malformed(codec: name))
        }
        guard decodedBytes <= target.count else {
            throw .chunkCorrupt(.tooLong(codec: name, limitBytes: target.count))
        }
        guard decodedBytes > 0 else { return 0 }
        let written = blosc_decompress_ctx(frame, target.baseAddress, target.count, 1)
        guard written >= 0 else { throw failure(header: source) }
        return Int(written)
    }

    /// Tells a compressor that this build of Blosc lacks from damage.
    ///
    /// Source: Blosc 1 `README_CHUNK_FORMAT.rst`: bits 5 to 7 of byte 2 name the compressor; 2 is
    /// Snappy, the only one that builds of Blosc leave out.
    private static func failure(header: UnsafeRawBufferPointer) -> ArrayCodecError {
        let compressor = header[2] >> 5
        if compressor == 2, blosc_compname_to_compcode("snappy") < 0 {
            return .codecMissing("blosc (snappy)")
        }
        return .chunkCorrupt(.malformed(codec: name))
    }
}
