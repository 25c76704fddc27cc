import CLZMA

/// Encodes with LZMA, each chunk with a state of its own, whose memory goes with it.
///
/// The dictionary is no longer than ``CodecLimits/lzmaEncodingDictionaryBytesMax`` and than the chunk,
/// whatever the preset says: what is stored tells a reader which it was, or is good for a longer one.
enum LZMAEncoder {
    private static let name = "lzma"

    /// Checks that liblzma can encode as a description says.
    ///
    /// - Throws: ``ArrayCodecError/codecConfigurationInvalid(_:)``.
    static func check(_ description: LZMADescription) throws(ArrayCodecError) {
        let chain = LZMAFilterChain(description, dictionaryBytesMax: 0)
        var stream = lzma_stream()
        defer { lzma_end(&stream) }
        guard start(&stream, description.container, chain) == LZMA_OK else {
            throw .codecConfigurationInvalid(name)
        }
    }

    /// Encodes bytes as one stream.
    ///
    /// - Throws: ``ArrayCodecError/encodingFailed(codec:)``.
    static func encode(
        _ source: UnsafeRawBufferPointer,
        _ description: LZMADescription
    ) throws(ArrayCodecError) -> [UInt8] {
        let chain = LZMAFilterChain(
            description,
            dictionaryBytesMax: min(
                source.count,
                CodecLimits.lzmaEncodingDictionaryBytesMax
            )
        )
        var stream = lzma_stream()
        defer { lzma_end(&stream) }
        guard start(&stream, description.container, chain) == LZMA_OK else {
            throw .encodingFailed(codec: name)
        }
        let bound = CodecLimits.encodedBytesMax(source.count)
        return try [UInt8](unsafeUninitializedCapacity: bound) {
            (room, count) throws(ArrayCodecError) -> Void in
            stream.next_in = source.bindMemory(to: UInt8.self).baseAddress
            stream.avail_in = source.count
            stream.next_out = room.baseAddress
            stream.avail_out = bound
            var code = LZMA_OK
            while code == LZMA_OK { code = lzma_code(&stream, LZMA_FINISH) }
            guard code == LZMA_STREAM_END else { throw .encodingFailed(codec: name) }
            count = bound - stream.avail_out
        }
    }

    private static func start(
        _ stream: inout lzma_stream,
        _ container: LZMADescription.Container,
        _ chain: borrowing LZMAFilterChain
    ) -> lzma_ret {
        switch container {
        case .xz(let check):
            lzma_stream_encoder(&stream, chain.filters, lzma_check(UInt32(check.rawValue)))
        case .alone: lzma_alone_encoder(&stream, chain.compressor)
        case .raw: lzma_raw_encoder(&stream, chain.filters)
        }
    }
}
