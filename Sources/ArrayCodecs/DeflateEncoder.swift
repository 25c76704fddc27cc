import CZlib

/// Encodes gzip and zlib streams with one reusable zlib state.
struct DeflateEncoder: ~Copyable {
    private struct Setting: Equatable {
        let wrapping: DeflateDecoder.Wrapping
        let level: Int32
    }

    private var stream: UnsafeMutablePointer<z_stream>?
    private var setting: Setting?

    deinit {
        guard let stream else { return }
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Encodes bytes as one stream.
    ///
    /// - Parameters:
    ///   - source: The bytes, fewer than 4 GiB.
    ///   - wrapping: What is around the deflate stream.
    ///   - level: zlib's level; one that it does not have becomes the nearest, -1 its default.
    /// - Returns: The stream.
    /// - Throws: ``ArrayCodecError/encodingFailed(codec:)``.
    mutating func encode(
        _ source: UnsafeRawBufferPointer,
        wrapping: DeflateDecoder.Wrapping,
        level: Int
    ) throws(ArrayCodecError) -> [UInt8] {
        let level = Int32(min(max(level, -1), 9))
        let stream = try start(Setting(wrapping: wrapping, level: level))
        let failure = ArrayCodecError.encodingFailed(codec: wrapping.name)
        guard let sourceBytes = UInt32(exactly: source.count) else { throw failure }
        let bound = Int(deflateBound(stream, UInt(source.count)))
        // zlib wants an address even where there is nothing.
        var nothing: UInt8 = 0
        return try withUnsafeMutablePointer(to: &nothing) {
            (nothing) throws(ArrayCodecError) -> [UInt8] in
            let bytes = source.bindMemory(to: UInt8.self).baseAddress
            stream.pointee.next_in = bytes.map { UnsafeMutablePointer(mutating: $0) } ?? nothing
            stream.pointee.avail_in = sourceBytes
            return try [UInt8](unsafeUninitializedCapacity: bound) {
                (room, count) throws(ArrayCodecError) -> Void in
                stream.pointee.next_out = room.baseAddress
                stream.pointee.avail_out = UInt32(bound)
                guard deflate(stream, Z_FINISH) == Z_STREAM_END else { throw failure }
                count = bound - Int(stream.pointee.avail_out)
            }
        }
    }

    private mutating func start(
        _ wanted: Setting
    ) throws(ArrayCodecError) -> UnsafeMutablePointer<z_stream> {
        if let stream, setting == wanted {
            deflateReset(stream)
            return stream
        }
        if let stream {
            deflateEnd(stream)
            stream.deallocate()
            self.stream = nil
        }
        let fresh = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        fresh.initialize(to: z_stream())
        let code = deflateInit2_(
            fresh,
            wanted.level,
            Z_DEFLATED,
            wanted.wrapping.windowBits,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard code == Z_OK else {
            fresh.deallocate()
            throw .encodingFailed(codec: wanted.wrapping.name)
        }
        stream = fresh
        setting = wanted
        return fresh
    }
}
