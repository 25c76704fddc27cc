import CBzip2

/// Encodes bzip2 streams; the state of one takes up to 7.6 MB.
enum Bzip2Encoder {
    /// Encodes bytes as one stream.
    ///
    /// - Parameters:
    ///   - source: The bytes, fewer than 4 GiB.
    ///   - level: The length of a block in 100,000 bytes; one that bzip2 does not have becomes the nearest.
    /// - Returns: The stream.
    /// - Throws: ``ArrayCodecError/encodingFailed(codec:)``.
    static func encode(
        _ source: UnsafeRawBufferPointer,
        level: Int
    ) throws(ArrayCodecError) -> [UInt8] {
        let failure = ArrayCodecError.encodingFailed(codec: "bz2")
        // Source: bzip2 1.0.8 manual, section 3.5.1.
        let bound = source.count + source.count / 100 + CodecLimits.bzip2OverheadBytes
        guard let sourceBytes = UInt32(exactly: source.count), var length = UInt32(exactly: bound)
        else { throw failure }
        // bzip2 wants an address even where there is nothing.
        var nothing: CChar = 0
        return try [UInt8](unsafeUninitializedCapacity: bound) {
            (room, count) throws(ArrayCodecError) -> Void in
            let code = withUnsafeMutablePointer(to: &nothing) { nothing in
                BZ2_bzBuffToBuffCompress(
                    UnsafeMutableRawBufferPointer(room).bindMemory(to: CChar.self).baseAddress,
                    &length,
                    source.bindMemory(to: CChar.self).baseAddress
                        .map { UnsafeMutablePointer(mutating: $0) } ?? nothing,
                    sourceBytes,
                    Int32(min(max(level, 1), 9)),
                    0,
                    0
                )
            }
            guard code == BZ_OK else { throw failure }
            count = Int(length)
        }
    }
}
