import ArrayModel
import CBlosc
import CZlib
import CZstd
import SeededRandom
import Testing

@testable import ArrayCodecs

/// Checks that stored bytes that no writer wrote end in an error or in some chunk, never in a trap, a
/// read outside of them, or more memory than a chunk has.
///
/// Method: every truncation and seeded bit flips of every fixture; bombs made with the libraries.
@Suite struct HostileChunkTests {
    @Test(arguments: ChunkFixture.all)
    func `every truncation is an error`(_ row: ChunkFixture) throws {
        let decoder = try ChunkDecoder(try row.array())
        let workspace = DecodingWorkspace()
        let stored = Array(row.stored)
        // Every length of short chunks, every seventh of long ones.
        for length in stride(from: 0, to: stored.count, by: stored.count > 700 ? 7 : 1) {
            // An allocation of its own for every length, so that tools that watch memory see overruns.
            #expect(throws: ArrayCodecError.self, "\(length) bytes") {
                try decoder.decode(Array(stored[..<length]), workspace: workspace)
            }
        }
    }

    @Test(arguments: ChunkFixture.all)
    func `every appended byte is an error or ignored`(_ row: ChunkFixture) throws {
        let decoder = try ChunkDecoder(try row.array())
        let workspace = DecodingWorkspace()
        for tail in [[0], [1], [0x1F, 0x8B], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF]] as [[UInt8]] {
            do throws(ArrayCodecError) {
                let decoded = try decoder.decode(Array(row.stored) + tail, workspace: workspace)
                // Padding after gzip, anything after zlib, and a prefix before a shard's index.
                #expect(decoded == Array(row.expected))
            } catch {}
        }
    }

    @Test(arguments: ChunkFixture.all)
    func `flipped bits never trap`(_ row: ChunkFixture) throws {
        let decoder = try ChunkDecoder(try row.array())
        let isChecked = row.name == "v3 chain crc32c" || row.name == "v3 chain gzip crc32c"
        let workspace = DecodingWorkspace()
        var random = SeededGenerator(seed: 0x5EED)
        for round in 0..<300 {
            var stored = Array(row.stored)
            for _ in 0...(round % 4) {
                let bit = Int.random(in: 0..<(stored.count * 8), using: &random)
                stored[bit / 8] ^= 1 << (bit % 8)
            }
            guard stored != Array(row.stored) else { continue }
            do throws(ArrayCodecError) {
                let decoded = try decoder.decode(stored, workspace: workspace)
                #expect(decoded.count == decoder.chunkBytes)
                #expect(!isChecked, "a checksum misses at most four flips of so short a chunk")
            } catch {
                if isChecked { #expect(error == .checksumMismatch(codec: "crc32c")) }
            }
        }
    }

    @Test(arguments: ChunkFixture.all.filter { $0.stored.count >= 16 })
    func `overwritten headers never trap`(_ row: ChunkFixture) throws {
        let decoder = try ChunkDecoder(try row.array())
        let workspace = DecodingWorkspace()
        for at in 0..<16 {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                for end in [false, true] {
                    var stored = Array(row.stored)
                    stored[end ? stored.count - 1 - at : at] = value
                    let decoded = try? decoder.decode(stored, workspace: workspace)
                    if let decoded { #expect(decoded.count == decoder.chunkBytes) }
                }
            }
        }
    }

    private static let bloscCodec = CodecDescription.blosc(
        BloscDescription(
            compressor: "zstd",
            level: 9,
            shuffle: .byte,
            typeBytes: 4,
            blockBytes: 0
        )
    )

    @Test func `bombs stop at the length of the chunk`() throws {
        let zeros = [UInt8](repeating: 0, count: 32 << 20)
        let workspace = DecodingWorkspace()
        for (codec, name, bytes) in [
            (CodecDescription.zlib(level: 1), "zlib", deflated(zeros)),
            (.zstandard(level: 3, checksum: .none), "zstd", zstandard(zeros)),
            (Self.bloscCodec, "blosc", blosc(zeros)),
        ] {
            let decoder = try ChunkDecoder(metadata([.bytes(.little), codec], shape: [10, 10]))
            #expect(bytes.count <= decoder.storedBytesMax, "\(name) gets as far as its decoder")
            #expect(throws: ArrayCodecError.chunkCorrupt(.tooLong(codec: name, limitBytes: 200))) {
                try decoder.decode(bytes, workspace: workspace)
            }
        }
    }

    @Test func `an object much longer than a chunk is not decoded`() throws {
        let decoder = try ChunkDecoder(metadata([.bytes(.little), .gzip(level: 5)], shape: [10]))
        let stored = [UInt8](repeating: 0, count: decoder.storedBytesMax + 1)
        #expect(throws: ArrayCodecError.self) {
            try decoder.decode(stored, workspace: DecodingWorkspace())
        }
    }

    @Test func `no chain of codecs asks for more memory than an encoded chunk may have`() throws {
        let codecs: [CodecDescription] =
            [.bytes(.little)] + Array(repeating: .gzip(level: 5), count: 31)
        let long = try ChunkDecoder(metadata(codecs, shape: [CodecLimits.chunkBytesMax / 2]))
        let small = ShardingDescription(
            chunkShape: [8],
            codecs: [.bytes(.little)],
            indexCodecs: [.bytes(.little)],
            indexLocation: .end
        )
        let sharded = try ChunkDecoder(
            metadata([.sharding(small), .gzip(level: 5)], shape: [CodecLimits.chunkBytesMax / 2])
        )
        for decoder in [long, sharded] {
            // zlib counts in 32 bits, and so do the buffers that stored chunks are read into.
            #expect(CodecLimits.encodedChunkBytesMax <= UInt32.max)
            #expect(decoder.storedBytesMax <= CodecLimits.encodedChunkBytesMax)
            for step in decoder.chain.steps {
                #expect(step.limitBytes <= CodecLimits.encodedChunkBytesMax)
            }
        }
    }

    @Test func `a chunk of the wrong length says both lengths`() throws {
        let decoder = try ChunkDecoder(
            metadata([.bytes(.little), .zstandard(level: 0, checksum: .none)], shape: [10])
        )
        let stored = zstandard([UInt8](repeating: 7, count: 19))
        #expect(throws: ArrayCodecError.chunkLength(expectedBytes: 20, foundBytes: 19)) {
            try decoder.decode(stored, workspace: DecodingWorkspace())
        }
    }

    private func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var length = compressBound(UInt(bytes.count))
        var result = [UInt8](repeating: 0, count: Int(length))
        compress2(&result, &length, bytes, UInt(bytes.count), 9)
        return Array(result[..<Int(length)])
    }

    private func zstandard(_ bytes: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        let length = ZSTD_compress(&result, result.count, bytes, bytes.count, 3)
        return Array(result[..<length])
    }

    private func blosc(_ bytes: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: bytes.count + 16)
        let length = blosc_compress_ctx(
            9,
            1,
            4,
            bytes.count,
            bytes,
            &result,
            result.count,
            "zstd",
            0,
            1
        )
        return Array(result[..<Int(length)])
    }
}
