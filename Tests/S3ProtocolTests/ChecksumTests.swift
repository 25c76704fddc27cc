import Checksums
import S3Protocol
import SeededRandom
import StorageModel
import Testing

/// Checks what clients say of checksums, and how a whole gets one from its parts.
///
/// Method: the check values that the CRC catalogue gives for `123456789`; rows from the Amazon S3 User
/// Guide, "Checking object integrity"; then seeded splits of a text, where the combined checksum
/// must be that of all bytes.
@Suite struct ChecksumTests {
    static func expectation(
        _ fields: [(name: String, value: String)]
    ) throws -> ChecksumExpectation {
        try ChecksumExpectation(headers: HeaderList(fields))
    }

    @Test func `reads headers, trailers and bare algorithms`() throws {
        #expect(try Self.expectation([]) == .unstated)
        #expect(
            try Self.expectation([("x-amz-checksum-crc32", "y/Q5Jg==")])
                == .header(.crc32, text: "y/Q5Jg==")
        )
        #expect(
            try Self.expectation([
                ("X-Amz-Sdk-Checksum-Algorithm", "CRC32"),
                ("X-Amz-Trailer", "x-amz-checksum-crc32"),
            ]) == .trailer(.crc32)
        )
        #expect(
            try Self.expectation([("x-amz-sdk-checksum-algorithm", "sha256")])
                == .algorithm(.sha256)
        )
        #expect(
            try Self.expectation([
                ("x-amz-checksum-mode", "ENABLED"), ("x-amz-checksum-type", "FULL_OBJECT"),
            ]) == .unstated
        )
    }

    @Test(arguments: [
        [
            ("x-amz-checksum-crc32", "y/Q5Jg=="),
            ("x-amz-checksum-sha1", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ],
        [("x-amz-checksum-crc32", "y/Q5J")], [("x-amz-checksum-crc32", "AAAA")],
        [("x-amz-checksum-md5", "AAAA")], [("x-amz-trailer", "x-amz-meta-a")],
        [("x-amz-sdk-checksum-algorithm", "MD5")],
        [("x-amz-sdk-checksum-algorithm", "SHA1"), ("x-amz-checksum-crc32", "y/Q5Jg==")],
        [("x-amz-trailer", "x-amz-checksum-crc32"), ("x-amz-checksum-crc32", "y/Q5Jg==")],
    ])
    func `refuses what contradicts itself`(_ fields: [(String, String)]) {
        #expect {
            try Self.expectation(fields.map { (name: $0.0, value: $0.1) })
        } throws: { error in
            (error as? S3Error)?.code == "InvalidRequest"
        }
    }

    @Test func `a CRC of the whole comes from those of its parts`() throws {
        let digits = Array("123456789".utf8)
        var generator = SeededGenerator(seed: 11)
        for (algorithm, check) in [
            (ChecksumAlgorithm.crc32, "y/Q5Jg=="), (.crc32c, "4waSgw=="),
            (.crc64nvme, "rosUhgp5mIg="),
        ] {
            for _ in 0..<50 {
                var cuts = [0, digits.count]
                for _ in 0..<3 { cuts.append(Int.random(in: 0...digits.count, using: &generator)) }
                cuts.sort()
                let parts = zip(cuts, cuts.dropFirst()).map { start, end in
                    var streaming = algorithm.makeStreaming()
                    digits[start..<end].withUnsafeBytes { streaming.update($0) }
                    return (digest: streaming.finalizeBase64(), sizeBytes: Int64(end - start))
                }
                let whole = UploadChecksum(algorithm: algorithm, scope: .fullObject).ofWhole(parts)
                #expect(whole?.text == check)
            }
        }
    }

    @Test func `a composite is the digest of the parts' digests`() {
        let digests = ["y/Q5Jg==", "4waSgw=="]
        var streaming = ChecksumAlgorithm.crc32.makeStreaming()
        for digest in digests {
            (Base64.decode(digest) ?? []).withUnsafeBytes { streaming.update($0) }
        }
        let whole = UploadChecksum(algorithm: .crc32, scope: .composite)
            .ofWhole(digests.map { (digest: $0, sizeBytes: 1) })
        #expect(whole?.text == streaming.finalizeBase64() + "-2")
        #expect(
            UploadChecksum(algorithm: .crc32, scope: .composite)
                .ofWhole([(digest: "broken", sizeBytes: 1)]) == nil
        )
    }
}
