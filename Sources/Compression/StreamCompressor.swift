import CZlib
import CZstd
import Synchronization

/// Compresses one stream of bytes, piece by piece.
///
/// Blocks for as long as the processor needs. State: guarded by `tools`.
public final class StreamCompressor: Sendable {
    /// What is made of the bytes.
    public enum Format: Hashable, Sendable {
        /// One Zstandard frame; RFC 8878.
        case zstandard
        /// One gzip member; RFC 1952.
        case gzip
        /// A zlib stream; RFC 1950.
        case zlib
        /// One LZ4 frame with a checksum of its content; LZ4 Frame Format Description 1.6.
        case lz4
    }

    private let tools: Mutex<CompressionTools>

    /// Begins a stream.
    public init(_ format: Format) {
        tools = Mutex(CompressionTools(format))
    }

    /// Takes in more bytes.
    ///
    /// - Returns: What they gave so far; may be empty, as the compressor holds bytes back.
    /// - Throws: ``CompressionError``.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(CompressionError) -> [UInt8] {
        var result: [UInt8] = []
        try withTools { (tools) throws(CompressionError) -> Void in
            result = try tools.run(bytes, isLast: false)
        }
        return result
    }

    /// Takes in more bytes.
    ///
    /// - Returns: What they gave so far; may be empty, as the compressor holds bytes back.
    /// - Throws: ``CompressionError``.
    public func append(_ bytes: [UInt8]) throws(CompressionError) -> [UInt8] {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(CompressionError) -> [UInt8] in try append(raw) }
        }
        return try result.get()
    }

    /// Ends the stream, which takes no more bytes after this.
    ///
    /// - Returns: The rest of it.
    /// - Throws: ``CompressionError``.
    public func finish() throws(CompressionError) -> [UInt8] {
        var result: [UInt8] = []
        try withTools { (tools) throws(CompressionError) -> Void in
            result = try tools.run(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
        }
        return result
    }

    private func withTools(
        _ body: (inout CompressionTools) throws(CompressionError) -> Void
    ) throws(CompressionError) {
        try tools.withLock { (tools) throws(CompressionError) -> Void in try body(&tools) }
    }
}

/// Why bytes were not compressed.
public enum CompressionError: Error, Hashable, Sendable {
    /// There is no memory for the compressor's state.
    case outOfMemory
    /// The library refused its input, which it never does with a state that is in order.
    case failed
}

/// The state of a compressor of one format.
private struct CompressionTools: ~Copyable {
    /// Fast: an answer is compressed while somebody waits for it.
    private static let zstandardLevel: Int32 = 1
    private static let deflateLevel: Int32 = 3
    private static let outputBytes = 128 << 10

    private let format: StreamCompressor.Format
    private var frame: OpaquePointer?
    private var stream: UnsafeMutablePointer<z_stream>?
    private var lz4 = LZ4FrameWriter()

    init(_ format: StreamCompressor.Format) {
        self.format = format
    }

    deinit {
        ZSTD_freeCCtx(frame)
        if let stream {
            deflateEnd(stream)
            stream.deallocate()
        }
    }

    mutating func run(
        _ bytes: UnsafeRawBufferPointer,
        isLast: Bool
    ) throws(CompressionError) -> [UInt8] {
        switch format {
        case .zstandard: try zstandard(bytes, isLast: isLast)
        case .gzip: try deflate(bytes, isLast: isLast, windowBits: 15 + 16)
        case .zlib: try deflate(bytes, isLast: isLast, windowBits: 15)
        case .lz4: try isLast ? lz4.finish() : lz4.append(bytes)
        }
    }

    private mutating func zstandard(
        _ bytes: UnsafeRawBufferPointer,
        isLast: Bool
    ) throws(CompressionError) -> [UInt8] {
        if frame == nil {
            frame = ZSTD_createCCtx()
            ZSTD_CCtx_setParameter(frame, ZSTD_c_compressionLevel, Self.zstandardLevel)
        }
        guard let frame else { throw .outOfMemory }
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var result: [UInt8] = []
        let operation = isLast ? ZSTD_e_end : ZSTD_e_continue
        while true {
            var pending = 0
            let piece = [UInt8](unsafeUninitializedCapacity: Self.outputBytes) { room, count in
                var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                pending = ZSTD_compressStream2(frame, &output, &input, operation)
                count = output.pos
            }
            guard ZSTD_isError(pending) == 0 else { throw .failed }
            result.append(contentsOf: piece)
            let isDone = isLast ? pending == 0 : input.pos == input.size
            if isDone { return result }
        }
    }

    private mutating func deflate(
        _ bytes: UnsafeRawBufferPointer,
        isLast: Bool,
        windowBits: Int32
    ) throws(CompressionError) -> [UInt8] {
        let stream = try deflateStream(windowBits: windowBits)
        var result: [UInt8] = []
        var offset = 0
        repeat {
            // zlib counts in 32 bits.
            let count = min(bytes.count - offset, 1 << 30)
            let start = bytes.baseAddress.map { $0 + offset }
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: start?.assumingMemoryBound(to: UInt8.self)
            )
            stream.pointee.avail_in = UInt32(count)
            offset += count
            try drain(stream, isLast: isLast && offset == bytes.count, to: &result)
        } while offset < bytes.count
        return result
    }

    private func drain(
        _ stream: UnsafeMutablePointer<z_stream>,
        isLast: Bool,
        to result: inout [UInt8]
    ) throws(CompressionError) {
        while true {
            var status = Z_OK
            let piece = [UInt8](unsafeUninitializedCapacity: Self.outputBytes) { room, count in
                stream.pointee.next_out = room.baseAddress
                stream.pointee.avail_out = UInt32(room.count)
                status = CZlib.deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                count = room.count - Int(stream.pointee.avail_out)
            }
            result.append(contentsOf: piece)
            switch status {
            case Z_STREAM_END: return
            case Z_OK
            where !isLast && stream.pointee.avail_in == 0 && piece.count < Self.outputBytes:
                return
            // No progress is possible: everything was taken in before.
            case Z_BUF_ERROR where !isLast: return
            case Z_OK: continue
            default: throw .failed
            }
        }
    }

    private mutating func deflateStream(
        windowBits: Int32
    ) throws(CompressionError) -> UnsafeMutablePointer<z_stream> {
        if let stream { return stream }
        let made = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        made.initialize(to: z_stream())
        let status = deflateInit2_(
            made,
            Self.deflateLevel,
            Z_DEFLATED,
            windowBits,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard status == Z_OK else {
            made.deallocate()
            throw .outOfMemory
        }
        stream = made
        return made
    }
}
