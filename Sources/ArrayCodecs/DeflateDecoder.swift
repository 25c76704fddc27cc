import CZlib

/// Decodes gzip and zlib streams with one reusable zlib state.
struct DeflateDecoder: ~Copyable {
    /// What is around the deflate stream.
    enum Wrapping {
        /// RFC 1952; one member or several, which may be followed by zeros.
        case gzip
        /// RFC 1950; bytes after the stream are ignored, as zlib's own readers do.
        case zlib

        /// What `inflateInit2` calls `windowBits`: a window of 32 KiB and the kind of header.
        var windowBits: Int32 {
            switch self {
            case .gzip: 15 + 16
            case .zlib: 15
            }
        }

        var name: String {
            switch self {
            case .gzip: "gzip"
            case .zlib: "zlib"
            }
        }
    }

    private var stream: UnsafeMutablePointer<z_stream>?

    deinit {
        guard let stream else { return }
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Decodes all of `source` into `target`.
    ///
    /// - Returns: How many bytes were written.
    /// - Throws: ``ArrayCodecError/chunkCorrupt(_:)``.
    mutating func decode(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        wrapping: Wrapping
    ) throws(ArrayCodecError) -> Int {
        let codec = wrapping.name
        let stream = try start(wrapping)
        guard
            let sourceStart = source.bindMemory(to: UInt8.self).baseAddress,
            let sourceBytes = UInt32(exactly: source.count)
        else { throw .chunkCorrupt(.truncated(codec: codec)) }
        // zlib wants an address even where there is no room.
        var nowhere: UInt8 = 0
        return try withUnsafeMutablePointer(to: &nowhere) {
            (nowhere) throws(ArrayCodecError) -> Int in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: sourceStart)
            stream.pointee.avail_in = sourceBytes
            stream.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress ?? nowhere
            stream.pointee.avail_out = UInt32(target.count)
            try Self.run(stream, wrapping, limitBytes: target.count)
            return target.count - Int(stream.pointee.avail_out)
        }
    }

    private mutating func start(
        _ wrapping: Wrapping
    ) throws(ArrayCodecError) -> UnsafeMutablePointer<z_stream> {
        if let stream {
            inflateReset2(stream, wrapping.windowBits)
            return stream
        }
        let fresh = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        fresh.initialize(to: z_stream())
        let code = inflateInit2_(
            fresh,
            wrapping.windowBits,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard code == Z_OK else {
            fresh.deallocate()
            throw .chunkCorrupt(.malformed(codec: wrapping.name))
        }
        stream = fresh
        return fresh
    }

    /// Inflates until the end of the last member.
    private static func run(
        _ stream: UnsafeMutablePointer<z_stream>,
        _ wrapping: Wrapping,
        limitBytes: Int
    ) throws(ArrayCodecError) {
        let codec = wrapping.name
        while true {
            switch inflate(stream, Z_FINISH) {
            case Z_STREAM_END:
                guard wrapping == .gzip, stream.pointee.avail_in > 0 else { return }
                guard try beginsAnotherMember(stream) else { return }
                inflateReset(stream)
            case Z_OK, Z_BUF_ERROR:
                guard stream.pointee.avail_in > 0 else {
                    throw .chunkCorrupt(.truncated(codec: codec))
                }
                throw .chunkCorrupt(.tooLong(codec: codec, limitBytes: limitBytes))
            default:
                throw .chunkCorrupt(.malformed(codec: codec))
            }
        }
    }

    /// Whether what follows a member is another one; `false` if it is padding.
    private static func beginsAnotherMember(
        _ stream: UnsafeMutablePointer<z_stream>
    ) throws(ArrayCodecError) -> Bool {
        let rest = UnsafeBufferPointer(
            start: stream.pointee.next_in,
            count: Int(stream.pointee.avail_in)
        )
        if rest.first == 0x1F { return true }
        guard rest.allSatisfy({ $0 == 0 }) else {
            throw .chunkCorrupt(.trailingBytes(codec: Wrapping.gzip.name))
        }
        return false
    }
}
