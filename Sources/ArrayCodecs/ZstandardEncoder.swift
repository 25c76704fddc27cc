import ArrayModel
import CZstd

/// Encodes Zstandard frames with one reusable context.
struct ZstandardEncoder: ~Copyable {
    private var context: OpaquePointer?

    deinit {
        ZSTD_freeCCtx(context)
    }

    /// Encodes bytes as one frame, which says how long its content is.
    ///
    /// - Parameters:
    ///   - source: The bytes.
    ///   - level: Zstandard's level; one that it does not have becomes the nearest, 0 its default.
    ///   - checksum: Whether the frame ends with a checksum.
    /// - Returns: The frame.
    /// - Throws: ``ArrayCodecError/encodingFailed(codec:)``.
    mutating func encode(
        _ source: UnsafeRawBufferPointer,
        level: Int,
        checksum: ZstandardChecksum
    ) throws(ArrayCodecError) -> [UInt8] {
        let failure = ArrayCodecError.encodingFailed(codec: "zstd")
        if context == nil { context = ZSTD_createCCtx() }
        guard let context else { throw failure }
        let level = min(max(Int32(clamping: level), ZSTD_minCLevel()), ZSTD_maxCLevel())
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum == .content ? 1 : 0)
        let bound = ZSTD_compressBound(source.count)
        return try [UInt8](unsafeUninitializedCapacity: bound) {
            (room, count) throws(ArrayCodecError) -> Void in
            let written = ZSTD_compress2(
                context,
                room.baseAddress,
                bound,
                source.baseAddress,
                source.count
            )
            guard ZSTD_isError(written) == 0 else { throw failure }
            count = written
        }
    }
}
