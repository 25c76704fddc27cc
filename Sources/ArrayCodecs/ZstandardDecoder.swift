import CZstd

/// Decodes Zstandard frames with one reusable context.
///
/// A frame is decoded straight into its target, so that no window is allocated whatever the frame's
/// header asks for, and frames without a content size are as good as others.
struct ZstandardDecoder: ~Copyable {
    private static let name = "zstd"
    /// Source: `zstd_errors.h`, `ZSTD_ErrorCode`; the numbers are kept since version 1.3.1.
    private static let targetTooSmall = 70
    private static let sourceTooShort = 72
    private static let checksumWrong = 22

    private var context: OpaquePointer?

    deinit {
        ZSTD_freeDCtx(context)
    }

    /// Decodes all frames of `source` into `target`.
    ///
    /// - Returns: How many bytes were written.
    /// - Throws: ``ArrayCodecError/chunkCorrupt(_:)`` or
    ///   ``ArrayCodecError/checksumMismatch(codec:)``.
    mutating func decode(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ArrayCodecError) -> Int {
        if context == nil { context = ZSTD_createDCtx() }
        guard let context else { throw .chunkCorrupt(.malformed(codec: Self.name)) }
        guard !source.isEmpty else { throw .chunkCorrupt(.truncated(codec: Self.name)) }
        let written = ZSTD_decompressDCtx(
            context,
            target.baseAddress,
            target.count,
            source.baseAddress,
            source.count
        )
        guard ZSTD_isError(written) != 0 else { return written }
        switch -written {
        case Self.targetTooSmall:
            throw .chunkCorrupt(.tooLong(codec: Self.name, limitBytes: target.count))
        case Self.sourceTooShort:
            throw .chunkCorrupt(.truncated(codec: Self.name))
        case Self.checksumWrong:
            throw .checksumMismatch(codec: Self.name)
        default:
            throw .chunkCorrupt(.malformed(codec: Self.name))
        }
    }
}
