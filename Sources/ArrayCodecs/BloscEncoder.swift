import ArrayModel
import CBlosc

/// Encodes Blosc 1 frames, on the calling thread and without Blosc's global state.
enum BloscEncoder {
    private static let name = "blosc"
    /// Source: `blosc.h`, `BLOSC_MAX_OVERHEAD` and `BLOSC_MAX_TYPESIZE`.
    private static let overheadBytes = 16
    private static let typeBytesMax = 255

    /// Checks that this build of Blosc has a frame's compressor.
    ///
    /// - Throws: ``ArrayCodecError/codecMissing(_:)``.
    static func check(_ description: BloscDescription) throws(ArrayCodecError) {
        guard blosc_compname_to_compcode(description.compressor) >= 0 else {
            throw .codecMissing("blosc (\(description.compressor))")
        }
    }

    /// Encodes bytes as one frame.
    ///
    /// - Throws: ``ArrayCodecError/encodingFailed(codec:)``.
    static func encode(
        _ source: UnsafeRawBufferPointer,
        _ description: BloscDescription
    ) throws(ArrayCodecError) -> [UInt8] {
        let bound = source.count + overheadBytes
        // As Blosc itself does with types that it cannot shuffle.
        let typeBytes = description.typeBytes > typeBytesMax ? 1 : description.typeBytes
        return try [UInt8](unsafeUninitializedCapacity: bound) {
            (room, count) throws(ArrayCodecError) -> Void in
            let written = blosc_compress_ctx(
                Int32(description.level),
                Int32(description.shuffle.rawValue),
                typeBytes,
                source.count,
                source.baseAddress,
                room.baseAddress,
                bound,
                description.compressor,
                description.blockBytes,
                1
            )
            guard written > 0 else { throw .encodingFailed(codec: name) }
            count = Int(written)
        }
    }
}
