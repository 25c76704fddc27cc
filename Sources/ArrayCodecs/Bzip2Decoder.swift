import CBzip2

/// Decodes bzip2 streams, each with a state of its own: the library has no way to begin anew with one.
///
/// A state takes up to 3.7 MB, whatever the stream says.
enum Bzip2Decoder {
    private static let name = "bz2"

    /// Decodes one stream or several; what follows and is no stream is ignored, as Python's reader does.
    ///
    /// - Returns: How many bytes were written.
    /// - Throws: ``ArrayCodecError/chunkCorrupt(_:)``.
    static func decode(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ArrayCodecError) -> Int {
        var position = CodedPosition(source: source, target: target, codec: name)
        repeat {
            let before = position.writtenBytes
            try decodeStream(&position)
            // So there are never more streams than bytes.
            if position.writtenBytes == before { break }
        } while position.rest.starts(with: "BZh".utf8)
        return position.writtenBytes
    }

    private static func decodeStream(_ position: inout CodedPosition) throws(ArrayCodecError) {
        let stream = UnsafeMutablePointer<bz_stream>.allocate(capacity: 1)
        stream.initialize(to: bz_stream())
        defer { stream.deallocate() }
        guard BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK else {
            throw .chunkCorrupt(.malformed(codec: name))
        }
        defer { BZ2_bzDecompressEnd(stream) }
        while true {
            let isAtEnd = try position.advance { source, target throws(ArrayCodecError) in
                stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: source.bindMemory(to: CChar.self).baseAddress
                )
                stream.pointee.avail_in = UInt32(clamping: source.count)
                stream.pointee.next_out = target.bindMemory(to: CChar.self).baseAddress
                stream.pointee.avail_out = UInt32(clamping: target.count)
                let code = BZ2_bzDecompress(stream)
                guard code == BZ_OK || code == BZ_STREAM_END else {
                    throw .chunkCorrupt(.malformed(codec: name))
                }
                return CodedPosition.Progress(
                    readBytes: min(source.count, Int(UInt32.max)) - Int(stream.pointee.avail_in),
                    writtenBytes: min(target.count, Int(UInt32.max))
                        - Int(stream.pointee.avail_out),
                    isAtEnd: code == BZ_STREAM_END
                )
            }
            if isAtEnd { return }
        }
    }
}
