import CLZMA

/// Decodes what LZMA wrote, each chunk with a state of its own, whose memory goes with it.
enum LZMADecoder {
    private static let name = "lzma"
    /// Source: The .xz File Format 1.2.1, section 2.1.1.1, "Header Magic Bytes".
    private static let magic: [UInt8] = [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
    /// How many stored bytes are given to liblzma at a time.
    private static let pieceBytes = 16 << 10
    /// How many stored bytes beyond those that ``CodecLimits/encodedBytesMax(_:)`` grants in proportion may
    /// have been read at any time.
    ///
    /// A block of 16 bytes without content takes liblzma 26 µs if its dictionary is of another length than
    /// that of the block before (2026-11-26): a chunk of them would take a hundred times as long as any other.
    private static let unyieldingBytesMax = 16 << 10

    /// Whether liblzma can decode what a description says.
    static func isUsable(_ description: LZMADescription) -> Bool {
        let chain = LZMAFilterChain(description, dictionaryBytesMax: 0)
        var stream = lzma_stream()
        defer { lzma_end(&stream) }
        return lzma_raw_decoder(&stream, chain.filters) == LZMA_OK
    }

    /// Decodes one stream, or several of the `.xz` format; what follows and is no stream is ignored, as
    /// Python's reader does.
    ///
    /// - Returns: How many bytes were written.
    /// - Throws: ``ArrayCodecError/chunkCorrupt(_:)``.
    static func decode(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        _ description: LZMADescription
    ) throws(ArrayCodecError) -> Int {
        let chain = LZMAFilterChain(description, dictionaryBytesMax: target.count)
        var stream = lzma_stream()
        defer { lzma_end(&stream) }
        var position = CodedPosition(source: source, target: target, codec: name)
        while true {
            let before = position.writtenBytes
            try start(&stream, description.container, chain.filters)
            while try !advance(&stream, &position) {
                let granted = position.writtenBytes / 8 * 9 + unyieldingBytesMax
                guard position.readBytes <= granted else {
                    throw .chunkCorrupt(.malformed(codec: name))
                }
            }
            // So there are never more streams than bytes.
            guard case .xz = description.container, position.writtenBytes > before,
                position.rest.starts(with: magic)
            else { return position.writtenBytes }
        }
    }

    private static func start(
        _ stream: inout lzma_stream,
        _ container: LZMADescription.Container,
        _ filters: UnsafePointer<lzma_filter>
    ) throws(ArrayCodecError) {
        let memoryBytes = UInt64(CodecLimits.lzmaDecodingBytesMax)
        let code =
            switch container {
            case .xz: lzma_stream_decoder(&stream, memoryBytes, 0)
            case .alone: lzma_alone_decoder(&stream, memoryBytes)
            case .raw: lzma_raw_decoder(&stream, filters)
            }
        try check(code)
    }

    private static func advance(
        _ stream: inout lzma_stream,
        _ position: inout CodedPosition
    ) throws(ArrayCodecError) -> Bool {
        try position.advance { rest, target throws(ArrayCodecError) in
            let source = UnsafeRawBufferPointer(rebasing: rest.prefix(pieceBytes))
            let action = source.count == rest.count ? LZMA_FINISH : LZMA_RUN
            stream.next_in = source.bindMemory(to: UInt8.self).baseAddress
            stream.avail_in = source.count
            stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
            stream.avail_out = target.count
            let code = lzma_code(&stream, action)
            if code != LZMA_STREAM_END { try check(code) }
            return CodedPosition.Progress(
                readBytes: source.count - stream.avail_in,
                writtenBytes: target.count - stream.avail_out,
                isAtEnd: code == LZMA_STREAM_END
            )
        }
    }

    /// Throws what a code of liblzma stands for, unless the decoder can go on or waits for bytes.
    private static func check(_ code: lzma_ret) throws(ArrayCodecError) {
        switch code {
        case LZMA_OK, LZMA_BUF_ERROR: return
        case LZMA_MEMLIMIT_ERROR, LZMA_MEM_ERROR:
            let limitBytes = CodecLimits.lzmaDecodingBytesMax
            throw .chunkCorrupt(.memoryLimit(codec: name, limitBytes: limitBytes))
        default: throw .chunkCorrupt(.malformed(codec: name))
        }
    }
}
