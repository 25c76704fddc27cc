import CLZ4
import CZlib
import CZstd
import Compression
import Testing

/// Holds compressed streams against the libraries' own decoders.
@Suite struct StreamCompressorTests {
    @Test(arguments: [0, 1, 1000, 300_000, 5_000_000])
    func `what was compressed in pieces decodes to the same bytes`(_ count: Int) throws {
        var state: UInt32 = 1
        let bytes = (0..<count).map { index -> UInt8 in
            state = state &* 1_664_525 &+ 1_013_904_223
            // Half of it noise, half of it runs.
            return index / 1000 % 2 == 0 ? UInt8(state >> 24) : UInt8(index / 2000 % 256)
        }
        for pieceBytes in [700, 1 << 20] {
            #expect(
                try inflated(stream(.gzip, bytes, pieceBytes), 15 + 16, count) == bytes,
                "gzip"
            )
            #expect(try inflated(stream(.zlib, bytes, pieceBytes), 15, count) == bytes, "zlib")
            #expect(try decoded(stream(.zstandard, bytes, pieceBytes), count) == bytes, "zstd")
            #expect(unpacked(try stream(.lz4, bytes, pieceBytes), count) == bytes, "lz4")
        }
    }

    @Test func `runs get short`() throws {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for format in [StreamCompressor.Format.zstandard, .gzip, .zlib, .lz4] {
            #expect(try stream(format, zeros, 1 << 16).count < 8000)
        }
    }

    @Test func `an LZ4 frame has a checksum of its content, and no other content passes`() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        var frame = try stream(.lz4, bytes, 9000)
        // Source: LZ4 Frame Format Description 1.6: magic number; then version 01, linked blocks, no
        // checksums of blocks, no length, checksum of the content; then blocks of at most 256 KiB.
        #expect(frame.prefix(6) == [0x04, 0x22, 0x4D, 0x18, 0x44, 0x50])
        #expect(unpacked(frame, bytes.count) == bytes)
        frame[frame.count - 1] ^= 1
        #expect(unpacked(frame, bytes.count) == nil)
        #expect(unpacked(frame.dropLast(5), bytes.count) == nil)
    }

    private func stream(
        _ format: StreamCompressor.Format,
        _ bytes: [UInt8],
        _ pieceBytes: Int
    ) throws -> [UInt8] {
        let compressor = StreamCompressor(format)
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            let piece = Array(bytes[start..<min(start + pieceBytes, bytes.count)])
            result += try piece.withUnsafeBytes { try compressor.append($0) }
        }
        return try result + compressor.finish()
    }

    private func inflated(_ source: [UInt8], _ windowBits: Int32, _ count: Int) throws -> [UInt8] {
        var source = source
        var status = Z_OK
        let result = [UInt8](unsafeUninitializedCapacity: count + 1) { room, written in
            source.withUnsafeMutableBufferPointer { bytes in
                var stream = z_stream()
                stream.next_in = bytes.baseAddress
                stream.avail_in = UInt32(bytes.count)
                stream.next_out = room.baseAddress
                stream.avail_out = UInt32(room.count)
                inflateInit2_(
                    &stream,
                    windowBits,
                    ZLIB_VERSION,
                    Int32(MemoryLayout<z_stream>.size)
                )
                status = inflate(&stream, Z_FINISH)
                inflateEnd(&stream)
                written = room.count - Int(stream.avail_out)
            }
        }
        #expect(status == Z_STREAM_END)
        return result
    }

    private func decoded(_ source: [UInt8], _ count: Int) throws -> [UInt8] {
        var length = 0
        let result = [UInt8](unsafeUninitializedCapacity: count + 1) { room, written in
            length = ZSTD_decompress(room.baseAddress, room.count, source, source.count)
            written = ZSTD_isError(length) == 0 ? length : 0
        }
        #expect(ZSTD_isError(length) == 0)
        return result
    }

    /// What an LZ4 frame holds; nil if it is damaged, or does not end.
    private func unpacked(_ source: [UInt8], _ count: Int) -> [UInt8]? {
        var context: OpaquePointer?
        guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0
        else { return nil }
        defer { LZ4F_freeDecompressionContext(context) }
        var (read, isWhole, isDamaged) = (0, false, false)
        let result = [UInt8](unsafeUninitializedCapacity: count + 1) { room, written in
            written = 0
            while read < source.count, !isWhole, !isDamaged {
                var (outputBytes, inputBytes) = (room.count - written, source.count - read)
                let hint = source.withUnsafeBytes { bytes in
                    LZ4F_decompress(
                        context,
                        room.baseAddress.map { $0 + written },
                        &outputBytes,
                        bytes.baseAddress.map { $0 + read },
                        &inputBytes,
                        nil
                    )
                }
                written += outputBytes
                read += inputBytes
                isDamaged = LZ4F_isError(hint) != 0 || outputBytes + inputBytes == 0
                isWhole = hint == 0
            }
        }
        return isWhole && !isDamaged ? result : nil
    }
}
