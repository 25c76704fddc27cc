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
        }
    }

    @Test func `runs get short`() throws {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for format in [StreamCompressor.Format.zstandard, .gzip, .zlib] {
            #expect(try stream(format, zeros, 1 << 16).count < 8000)
        }
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
}
