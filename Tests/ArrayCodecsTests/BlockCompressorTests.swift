import ArrayModel
import CLZMA
import SeededRandom
import Testing

@testable import ArrayCodecs

/// Checks bzip2 and LZMA: what they take, what they refuse, and that what is stored decides neither how
/// much memory nor how much time they take.
///
/// Method: streams that Python wrote, some with another dictionary in the header; bombs and streams
/// without content made here. Chunks that zarr-python wrote are rows of ``ChunkDecoderTests``.
@Suite struct BlockCompressorTests {
    /// 0 to 19, as Python's `lzma.compress` and `bz2.compress` have them.
    private static let content = (0..<20).map { UInt8($0) }
    private static let xz = bytes(
        "fd377a585a000004e6d6b4460200210116000000742fe5a3010013000102030405060708090a0b0c0d0e0f10"
            + "11121300c3e7009f18adefc600012c14f80a6d031fb6f37d010000000004595a"
    )
    private static let bzip2 = bytes(
        "425a68393141592653599af4a14400000060007ffff80020002281a6864c4c14c269a034c48b5f190d0ef9d2"
            + "3f22b7de245dc914e142426bd28510"
    )
    private static let emptyXZ = bytes(
        "fd377a585a000004e6d6b446000000001cdf44211fb6f37d010000000004595a"
    )
    private static let emptyBzip2 = bytes("425a683917724538509000000000")

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = hexadecimal.utf8.map { $0 < 0x40 ? $0 - 0x30 : $0 - 0x57 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// Content in `.xz` with a dictionary of `2 | bits & 1` times a power of two, by its code in the header.
    ///
    /// Source: The .xz File Format 1.2.1, section 5.3.1, "LZMA2".
    private static func xz(dictionary code: String, headerCheck: String) -> [UInt8] {
        bytes(
            "fd377a585a000000ff12d94102002101\(code)000000\(headerCheck)010013000102030405060708090a"
                + "0b0c0d0e0f101112130000012414f080b4cb06729e7a010000000000595a"
        )
    }

    private static func codec(_ name: String, _ configuration: JSONValue) -> CodecDescription {
        .unknown(name: name, configuration: configuration)
    }

    /// Decodes a chunk of `count` bytes.
    private static func decode(
        _ stored: [UInt8],
        _ name: String,
        _ configuration: JSONValue = .object([]),
        count: Int = 20
    ) throws -> [UInt8] {
        let codecs: [CodecDescription] = [.bytes(.little), codec(name, configuration)]
        let decoder = try ChunkDecoder(metadata(codecs, shape: [count / 2]))
        return try decoder.decode(stored, workspace: DecodingWorkspace())
    }

    @Test func `streams of Python are decoded`() throws {
        #expect(try Self.decode(Self.xz, "lzma") == Self.content)
        #expect(try Self.decode(Self.xz, "numcodecs.lzma") == Self.content)
        #expect(try Self.decode(Self.bzip2, "bz2") == Self.content)
    }

    @Test func `several streams are one content`() throws {
        let twice = Self.content + Self.content
        #expect(try Self.decode(Self.xz + Self.xz, "lzma", count: 40) == twice)
        #expect(try Self.decode(Self.bzip2 + Self.bzip2, "bz2", count: 40) == twice)
        for (stored, name) in [(Self.xz, "lzma"), (Self.bzip2, "bz2")] {
            #expect(throws: ArrayCodecError.chunkCorrupt(.tooLong(codec: name, limitBytes: 20))) {
                try Self.decode(stored + stored, name)
            }
            #expect(throws: ArrayCodecError.chunkCorrupt(.truncated(codec: name))) {
                try Self.decode(stored + stored.dropLast(5), name, count: 40)
            }
        }
    }

    @Test func `what follows and is no stream is ignored`() throws {
        for tail in [[0], [1, 2, 3], Array(Self.xz.prefix(5)), [0x42, 0x5A]] as [[UInt8]] {
            #expect(try Self.decode(Self.xz + tail, "lzma") == Self.content)
            #expect(try Self.decode(Self.bzip2 + tail, "bz2") == Self.content)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `streams without content end the decoding`() throws {
        for (empty, full, name) in [
            (Self.emptyXZ, Self.xz, "lzma"), (Self.emptyBzip2, Self.bzip2, "bz2"),
        ] {
            #expect(try Self.decode(empty, name, count: 0) == [])
            // A million of them, which a reader that goes through all of them is busy with for long.
            var many = empty
            for _ in 0..<20 { many += many }
            #expect(throws: ArrayCodecError.chunkLength(expectedBytes: 64 << 20, foundBytes: 0)) {
                try Self.decode(many, name, count: 64 << 20)
            }
            #expect(throws: ArrayCodecError.chunkLength(expectedBytes: 40, foundBytes: 20)) {
                try Self.decode(full + empty + full, name, count: 40)
            }
        }
    }

    @Test func `bombs stop at the length of the chunk`() throws {
        let zeros = [UInt8](repeating: 0, count: 32 << 20)
        for (name, configuration) in [
            ("bz2", .members(["level": .integer(9)])), ("lzma", .object([])),
            ("lzma", .members(["format": .integer(2)])), ("lzma", Self.raw),
        ] as [(String, JSONValue)] {
            let codecs: [CodecDescription] = [.bytes(.little), Self.codec(name, configuration)]
            let array = metadata(codecs, shape: [zeros.count / 2])
            let bomb = try ChunkEncoderTests.encode(array, zeros)
            #expect(bomb.count < 60_000, "\(name) gets as far as its decoder")
            #expect(throws: ArrayCodecError.chunkCorrupt(.tooLong(codec: name, limitBytes: 200))) {
                try Self.decode(bomb, name, configuration, count: 200)
            }
            let wanted = ArrayCodecError.chunkCorrupt(
                .tooLong(codec: name, limitBytes: zeros.count - 2)
            )
            #expect(throws: wanted) {
                try Self.decode(bomb, name, configuration, count: zeros.count - 2)
            }
        }
    }

    @Test func `dictionaries beyond the bound are refused before they are allocated`() throws {
        let longest = Self.xz(dictionary: "20", headerCheck: "0988a576")
        #expect(try Self.decode(longest, "lzma") == Self.content)
        let limit = ArrayCodecError.chunkCorrupt(
            .memoryLimit(codec: "lzma", limitBytes: CodecLimits.lzmaDecodingBytesMax)
        )
        for (code, check) in [("21", "6cef19ce"), ("24", "5e1fc7f9"), ("28", "e6a011b3")] {
            #expect(throws: limit) {
                try Self.decode(Self.xz(dictionary: code, headerCheck: check), "lzma")
            }
        }
        // The older format says it in bytes 1 to 4.
        var alone = Self.bytes(
            "5d00008000ffffffffffffffff00000052500a84f99bb28021a969d627e03e065a5feafd21ffff8b040000"
        )
        let format: JSONValue = .members(["format": .integer(2)])
        #expect(try Self.decode(alone, "lzma", format) == Self.content)
        alone.replaceSubrange(1..<5, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: limit) { try Self.decode(alone, "lzma", format) }
    }

    static let raw: JSONValue = .members([
        "format": .integer(3), "filters": .array([.members(["id": .integer(0x21)])]),
    ])

    static func filters(_ filters: [JSONValue], format: Int = 3) -> JSONValue {
        .members(["format": .integer(format), "filters": .array(filters)])
    }

    static func filter(_ identifier: Int, _ name: String, _ value: Int) -> JSONValue {
        .members(["id": .integer(identifier), name: .integer(value)])
    }

    static let last: JSONValue = .members(["id": .integer(0x21)])

    static let unusable: [JSONValue] = [
        .members(["format": .integer(0)]), .members(["format": .integer(4)]),
        .members(["format": .string("xz")]), .members(["check": .integer(3)]),
        .members(["check": .integer(Int.max)]),
        .members(["format": .integer(2), "check": .integer(1)]),
        .members(["preset": .integer(10)]), .members(["preset": .integer(-1)]),
        .members(["preset": .integer(Int.max)]), .members(["format": .integer(3)]),
        .members(["preset": .integer(1), "filters": .array([last])]),
        filters([]), filters([.integer(1)]), filters([.members(["id": .integer(99)])]),
        filters([.members(["id": .integer(-1)])]), filters([filter(3, "dist", 1)]),
        filters([filter(3, "dist", 0), last]), filters([filter(3, "dist", 257), last]),
        filters([filter(3, "lc", 1), last]), filters([last, last]),
        filters([filter(7, "start_offset", 3), last]), filters([filter(4, "dist", 3), last]),
        filters([filter(LZMAFilterNumbers.first, "lc", 5)]),
        filters([filter(LZMAFilterNumbers.first, "pb", 9)]),
        filters([filter(0x21, "dict_size", -1)]), filters([filter(0x21, "dict_size", 1 << 32)]),
        filters([filter(0x21, "colour", 1)]), filters([filter(0x21, "preset", 99)]),
        filters([.integer(1), last, last, last, last]),
        filters([filter(3, "dist", 1), filter(3, "dist", 1), filter(3, "dist", 1), last, last]),
        filters([filter(LZMAFilterNumbers.first, "preset", 1)], format: 1),
        filters([last], format: 2),
    ]

    @Test(arguments: unusable)
    func `parameters that Python does not take are refused`(_ configuration: JSONValue) {
        let codecs: [CodecDescription] = [.bytes(.little), Self.codec("lzma", configuration)]
        #expect(throws: ArrayCodecError.codecConfigurationInvalid("lzma")) {
            try ChunkDecoder(metadata(codecs, shape: [4]))
        }
    }

    @Test func `what only an encoder cannot work with is refused by it`() throws {
        for value in [
            Self.filters([Self.filter(0x21, "mode", 7)]),
            Self.filters([Self.filter(0x21, "mf", 99)]),
            Self.filters([Self.filter(0x21, "nice_len", 1)]),
            Self.filters([Self.filter(0x21, "lc", 5)]),
        ] {
            let codecs: [CodecDescription] = [.bytes(.little), Self.codec("lzma", value)]
            _ = try ChunkDecoder(metadata(codecs, shape: [4]))
            #expect(throws: ArrayCodecError.codecConfigurationInvalid("lzma")) {
                try ChunkEncoder(metadata(codecs, shape: [4]))
            }
        }
    }

    @Test func `an encoder takes no more memory than its bound whatever the preset`() throws {
        let preset: JSONValue = .members(["preset": .integer(9 | 1 << 31)])
        let description = try LZMADescription("lzma", preset)
        let chain = LZMAFilterChain(
            description,
            dictionaryBytesMax: CodecLimits.lzmaEncodingDictionaryBytesMax
        )
        #expect(lzma_raw_encoder_memusage(chain.filters) < 50 << 20)
        let whole = LZMAFilterChain(description, dictionaryBytesMax: .max)
        #expect(lzma_raw_encoder_memusage(whole.filters) > 600 << 20)
    }

    @Test func `bytes without order are encoded within the bound of what is stored`() throws {
        var random = SeededGenerator(seed: 7)
        for count in [0, 2, 10, 100, 258, 1000, 70_000, 300_000] {
            let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            for (name, configuration) in [
                ("bz2", .members(["level": .integer(1)])), ("lzma", .object([])),
                ("lzma", .members(["format": .integer(2)])), ("lzma", Self.raw),
            ] as [(String, JSONValue)] {
                let codecs: [CodecDescription] = [.bytes(.little), Self.codec(name, configuration)]
                let inner = ShardingDescription(
                    chunkShape: [max(1, count / 2)],
                    codecs: codecs,
                    indexCodecs: [.bytes(.little)],
                    indexLocation: .end
                )
                for codecs in [codecs, [.sharding(inner)]] {
                    let array = metadata(codecs, shape: [count / 2])
                    let stored = try ChunkEncoderTests.encode(array, noise)
                    let decoder = try ChunkDecoder(array)
                    #expect(stored.count <= decoder.storedBytesMax)
                    let decoded = try decoder.decode(stored, workspace: DecodingWorkspace())
                    #expect(decoded == noise, "\(name) \(count)")
                }
            }
        }
    }
}

/// Numbers of filters beyond the small ones.
enum LZMAFilterNumbers {
    static let first = 0x4000_0000_0000_0001
}
