import Checksums
import SeededRandom
import StorageModel
import Testing

@testable import AccessControl

/// Checks the decoder of `aws-chunked` bodies.
///
/// Method: the published bodies with their signatures; small bodies split at every place; bodies
/// broken in every way the framing can be; seeded random damage.
@Suite struct ChunkedDecoderTests {
    static let lineEnd = "\r\n"

    /// The context of the published example whose request has this signature.
    static func context(seed: String) -> ChunkSigningContext {
        ChunkSigningContext(
            key: SigningKeyCache.derived(
                secretKey: ExampleKeys.principal.secretKey,
                date: Array("20130524".utf8)[...],
                region: Array("us-east-1".utf8)[...],
                service: Array("s3".utf8)[...]
            ),
            timestamp: Array("20130524T000000Z".utf8),
            scope: Array("20130524/us-east-1/s3/aws4_request".utf8),
            seed: Array(seed.utf8)
        )
    }

    static let plainSeed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    static let trailerSeed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"

    // Source: Amazon S3 API Reference, "Transferring Payload in Multiple Chunks", example: 66,560
    // letters "a" in chunks of 64 KiB and 1 KiB.
    static let published = body(
        [
            (65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        ],
        end: lineEnd
    )

    // Source: the same, "… Including trailing headers", example.
    static let publishedTrailer = body(
        [
            (65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
            (1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
            (0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
        ],
        end: "x-amz-checksum-crc32c:sOO8/Q==\r\n"
            + "x-amz-trailer-signature:"
            + "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
    )

    static func body(_ chunks: [(Int, String)], end: String) -> [UInt8] {
        var body: [UInt8] = []
        for (size, signature) in chunks {
            body += Array("\(String(size, radix: 16));chunk-signature=\(signature)\r\n".utf8)
            if size > 0 { body += [UInt8](repeating: UInt8(ascii: "a"), count: size) + [13, 10] }
        }
        return body + Array(end.utf8)
    }

    /// A signed body of small chunks, the last with a trailer if one is given.
    static func signed(
        _ chunks: [[UInt8]],
        _ context: ChunkSigningContext,
        trailer: String?
    ) -> [UInt8] {
        var body: [UInt8] = []
        var previous = context.seed
        for chunk in chunks + [[]] {
            var digest = SHA256()
            digest.update(chunk)
            previous = context.signature(ofChunk: digest, after: previous)
            body += Array("\(String(chunk.count, radix: 16));chunk-signature=".utf8)
            body += previous + [13, 10]
            if !chunk.isEmpty { body += chunk + [13, 10] }
        }
        if let trailer {
            let signature = context.signature(
                ofTrailer: Array((trailer + "\n").utf8),
                after: previous
            )
            body += Array("\(trailer)\r\nx-amz-trailer-signature:".utf8) + signature + [13, 10]
        }
        return body + [13, 10]
    }

    /// Decodes a body in the given pieces.
    static func decode(
        _ body: [UInt8],
        _ payload: PayloadSigning,
        declared: Int,
        splits: [Int] = []
    ) throws(ChunkedBodyError) -> (bytes: [UInt8], trailers: [HeaderField]) {
        guard var decoder = AWSChunkedDecoder(payload, declaredBytes: Int64(declared)) else {
            return (body, [])
        }
        var decoded: [UInt8] = []
        var start = 0
        for end in splits + [body.count] {
            let piece = Array(body[start..<end])
            var failure: ChunkedBodyError?
            piece.withUnsafeBytes { buffer in
                do throws(ChunkedBodyError) {
                    try decoder.decode(buffer) { decoded.append(contentsOf: piece[$0]) }
                } catch { failure = error }
            }
            if let failure { throw failure }
            start = end
        }
        try decoder.finish()
        return (decoded, decoder.trailers)
    }

    static func error(
        _ text: String,
        _ payload: PayloadSigning = .chunksUnsignedWithTrailer,
        declared: Int = 5
    ) -> ChunkedBodyError? {
        do {
            _ = try decode(Array(text.utf8), payload, declared: declared)
            return nil
        } catch { return error }
    }

    @Test func `the published bodies decode, split near every line`() throws {
        let payload = [UInt8](repeating: UInt8(ascii: "a"), count: 66_560)
        let plain = PayloadSigning.chunksSigned(Self.context(seed: Self.plainSeed))
        let trailer = PayloadSigning.chunksSignedWithTrailer(Self.context(seed: Self.trailerSeed))
        let places = Array(0...100) + Array(65_500...65_750) + Array(66_640...66_824)
        for split in places {
            let decoded = try Self.decode(
                Self.published,
                plain,
                declared: 66_560,
                splits: [split]
            )
            #expect(decoded.bytes == payload)
            let other = try Self.decode(
                Self.publishedTrailer,
                trailer,
                declared: 66_560,
                splits: [split]
            )
            #expect(other.bytes == payload)
            #expect(other.trailers == [HeaderField("x-amz-checksum-crc32c", "sOO8/Q==")])
        }
        // The trailer's own value is right as well.
        #expect(CRC32C.checksum(payload) == 0xB0E3_BCFD)
    }

    @Test func `small bodies decode, split at every place and byte by byte`() throws {
        let chunks = [
            Array("hello".utf8), Array("\r\n0\r\n".utf8), [UInt8](repeating: 0, count: 17),
        ]
        let context = Self.context(seed: Self.plainSeed)
        let unsigned = Array(
            "5\r\nhello\r\n5\r\n\r\n0\r\n\r\n11\r\n\(String(repeating: "\0", count: 17))\r\n0\r\nX-Amz-Checksum-CRC32: AAAAAA== \r\n\r\n"
                .utf8
        )
        let rows: [([UInt8], PayloadSigning, [HeaderField])] = [
            (Self.signed(chunks, context, trailer: nil), .chunksSigned(context), []),
            (
                Self.signed(chunks, context, trailer: "x-amz-checksum-crc32:AAAAAA=="),
                .chunksSignedWithTrailer(context), [HeaderField("x-amz-checksum-crc32", "AAAAAA==")]
            ),
            (
                unsigned, .chunksUnsignedWithTrailer,
                [HeaderField("x-amz-checksum-crc32", "AAAAAA==")]
            ),
        ]
        let expected = chunks.flatMap { $0 }
        for (body, payload, trailers) in rows {
            for splits in (0...body.count).map({ [$0] }) + [Array(0...body.count)] {
                let decoded = try Self.decode(
                    body,
                    payload,
                    declared: expected.count,
                    splits: splits
                )
                #expect(decoded.bytes == expected)
                #expect(decoded.trailers == trailers)
            }
        }
    }

    @Test func `every body cut short is truncated or lacks a signature`() {
        let context = Self.context(seed: Self.plainSeed)
        let chunks = [Array("hello".utf8)]
        let rows: [([UInt8], PayloadSigning)] = [
            (Self.signed(chunks, context, trailer: nil), .chunksSigned(context)),
            (
                Self.signed(chunks, context, trailer: "a:b"), .chunksSignedWithTrailer(context)
            ),
        ]
        for (body, payload) in rows {
            for length in 0..<(body.count - 2) {
                #expect(throws: ChunkedBodyError.self) {
                    try Self.decode(Array(body[..<length]), payload, declared: 5)
                }
            }
            // The last, blank line may be missing in whole or in part.
            #expect(throws: Never.self) {
                _ = try Self.decode(Array(body.dropLast(2)), payload, declared: 5)
                _ = try Self.decode(Array(body.dropLast(1)), payload, declared: 5)
            }
        }
    }

    @Test func `every changed byte of a signed body is found`() throws {
        let context = Self.context(seed: Self.plainSeed)
        let chunks = [Array("hello".utf8), Array("world".utf8)]
        let body = Self.signed(chunks, context, trailer: "a:b")
        for index in body.indices.dropLast(2) {
            var changed = body
            changed[index] ^= 1
            let payload = PayloadSigning.chunksSignedWithTrailer(context)
            if let decoded = try? Self.decode(changed, payload, declared: 10) {
                // Only a digit of a size may be written in another case; there is none here.
                Issue.record("byte \(index) changed unnoticed: \(decoded)")
            }
        }
    }

    @Test func `a wrong signature in the middle stops the stream there`() {
        let context = Self.context(seed: Self.plainSeed)
        var body = Self.signed([[1, 2, 3], [4, 5, 6], [7, 8, 9]], context, trailer: nil)
        body[110] ^= 1
        guard
            var decoder = AWSChunkedDecoder(.chunksSigned(context), declaredBytes: 9)
        else { return }
        var given = 0
        for _ in 0..<2 {
            #expect(throws: ChunkedBodyError.signatureMismatch) {
                try body.withUnsafeBytes { try decoder.decode($0) { given += $0.count } }
            }
        }
        // The chunk itself is given out before it is found to be wrong, those after it are not.
        #expect(given == 6)
        #expect(throws: ChunkedBodyError.signatureMismatch) { try decoder.finish() }
    }

    @Test func `endings seen in the wild are accepted`() throws {
        let bodies = [
            "5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n", "5;ext=1\r\nhello\r\n0\r\n\r\n",
            "5\r\nhello\r\n0\r\na:b\r\n\r\n", "5\r\nhello\r\n0\r\na:b\r\n",
            "5\r\nhello\r\n0\r\na:b\n\r\n", "00000005\r\nhello\r\n000\r\n\r\n",
        ]
        for body in bodies { #expect(Self.error(body) == nil, "\(body.debugDescription)") }
        #expect(Self.error("0\r\n\r\n", declared: 0) == nil)
        let context = Self.context(seed: Self.plainSeed)
        let text = String(
            decoding: Self.signed([[1]], context, trailer: "a:b"),
            as: UTF8.self
        )
        let spaced = text.replacing("a:b\r\n", with: "a:b\n\r\n")
        #expect(Self.error(spaced, .chunksSignedWithTrailer(context), declared: 1) == nil)
    }

    @Test func `broken framings give the error that names them`() {
        let long = String(repeating: "1", count: 1100)
        let rows: [(String, ChunkedBodyError)] = [
            ("", .truncated), ("5", .truncated), ("5\r\nhel", .truncated),
            ("5\r\nhello\r\n", .truncated), ("5\r\nhello\r\n0\r\na:b", .truncated),
            ("-5\r\nhello", .framingInvalid(offset: 3)), ("\r\n", .framingInvalid(offset: 1)),
            (" 5\r\nhello", .framingInvalid(offset: 3)), ("5\nhello", .framingInvalid(offset: 1)),
            ("0x5\r\nhello", .framingInvalid(offset: 4)),
            ("5\r\nhelloX", .framingInvalid(offset: 8)),
            ("5\r\nhello\rX", .framingInvalid(offset: 9)),
            ("ffffffffffffffff\r\n", .framingInvalid(offset: 17)),
            ("fffffffffffffffff\r\n", .framingInvalid(offset: 18)),
            ("7fffffffffffffff\r\n", .lengthMismatch(declared: 5, received: .max)),
            ("6\r\nhello!\r\n0\r\n\r\n", .lengthMismatch(declared: 5, received: 6)),
            ("5\r\nhello\r\n7fffffffffffffff\r\n", .lengthMismatch(declared: 5, received: .max)),
            ("4\r\nhell\r\n0\r\n\r\n", .lengthMismatch(declared: 5, received: 4)),
            ("5\r\nhello\r\n0\r\n\r\nmore", .framingInvalid(offset: 15)),
            ("5\r\nhello\r\n0\r\nnonsense\r\n\r\n", .trailerInvalid),
            ("5\r\nhello\r\n0\r\n:v\r\n\r\n", .trailerInvalid),
            (long, .chunkHeaderTooLong),
            (
                "5\r\nhello\r\n0\r\na:" + String(repeating: "b", count: 17_000), .trailerTooLong
            ),
            (
                "5\r\nhello\r\n0\r\n" + String(repeating: "a:b\r\n", count: 4000), .trailerTooLong
            ),
        ]
        for (text, expected) in rows {
            #expect(Self.error(text) == expected, "\(text.prefix(60).debugDescription)")
        }
        let context = Self.context(seed: Self.plainSeed)
        #expect(Self.error("5\r\nhello", .chunksSigned(context)) == .signatureMismatch)
        let plain = String(
            decoding: Self.signed([], context, trailer: nil).dropLast(2),
            as: UTF8.self
        )
        #expect(Self.error(plain + "a:b\r\n\r\n", .chunksSigned(context)) == .trailerInvalid)
        let unsignedTrailer = PayloadSigning.chunksSignedWithTrailer(context)
        #expect(Self.error(plain + "a:b\r\n\r\n", unsignedTrailer, declared: 0) == .truncated)
        #expect(
            Self.error(plain + "x-amz-trailer-signature:00\r\n", unsignedTrailer)
                == .signatureMismatch
        )
    }

    @Test func `negative and huge declared lengths do no harm`() {
        for declared in [Int.min, -1, Int.max] {
            #expect(throws: ChunkedBodyError.self) {
                try Self.decode(
                    Array("5\r\nhello\r\n0\r\n\r\n".utf8),
                    .chunksUnsignedWithTrailer,
                    declared: declared
                )
            }
        }
    }

    @Test func `randomly damaged bodies fail or decode to what was declared`() {
        var random = SeededGenerator(seed: 77)
        let context = Self.context(seed: Self.plainSeed)
        let chunks = [Array("hello".utf8), [UInt8](repeating: 9, count: 40)]
        let unsigned = Array("5\r\nhello\r\n3\r\nabc\r\n0\r\na:b\r\n\r\n".utf8)
        let signed = Self.signed(chunks, context, trailer: "a:b")
        for round in 0..<20_000 {
            let isSigned = round.isMultiple(of: 2)
            let body = HostileRequestTests.mangled(isSigned ? signed : unsigned, &random)
            let declared = isSigned ? 45 : 8
            let split = body.isEmpty ? 0 : Int.random(in: 0..<body.count, using: &random)
            guard
                let decoded = try? Self.decode(
                    body,
                    isSigned ? .chunksSignedWithTrailer(context) : .chunksUnsignedWithTrailer,
                    declared: declared,
                    splits: [split]
                )
            else { continue }
            #expect(decoded.bytes.count == declared)
            if isSigned { #expect(decoded.bytes == chunks.flatMap { $0 }) }
        }
    }
}
