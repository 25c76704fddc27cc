import CKernels
import Checksums
import SeededRandom
import Testing

/// Checks MD5 of many messages at a time, with every engine.
///
/// Method: the published values; then seeded random messages of all lengths around the blocks' ends, any
/// number of them, against OpenSSL's MD5 of each alone.
@Suite struct MessageDigestTests {
    static let engines = [NAVE_MD5_BASELINE, NAVE_MD5_AVX2, NAVE_MD5_AVX512]
        .filter { nave_md5_engine_available($0) == 1 }

    // Source: RFC 1321, appendix A.5.
    static let published = [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
        (
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            "d174ab98d277d9f5a5611c2c9f419d9f"
        ),
        (
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "57edf4a22be3c955ac49da2e2107b67a"
        ),
    ]

    /// The digests of messages that one engine computes.
    private static func digests(_ engine: nave_md5_engine, _ messages: [[UInt8]]) -> [[UInt8]] {
        // One run of bytes holds them all, so that one pointer is enough.
        let joined = messages.flatMap(\.self)
        return joined.withUnsafeBytes { bytes in
            var offset = 0
            var lanes = messages.map { message in
                var lane = nave_md5_message()
                lane.bytes = bytes.baseAddress?.advanced(by: offset)
                    .assumingMemoryBound(to: UInt8.self)
                lane.length = message.count
                offset += message.count
                return lane
            }
            lanes.withUnsafeMutableBufferPointer {
                nave_md5_many_with(engine, $0.baseAddress, $0.count)
            }
            return lanes.map { lane in withUnsafeBytes(of: lane.digest) { [UInt8]($0) } }
        }
    }

    @Test(arguments: engines)
    func `published values come out of every engine`(_ engine: nave_md5_engine) {
        let messages = Self.published.map { Array($0.0.utf8) }
        let expected = Self.published.map(\.1)
        #expect(Self.digests(engine, messages).map(Hexadecimal.encode) == expected)
        #expect(MD5.digests(of: messages).map(Hexadecimal.encode) == expected)
    }

    @Test(arguments: engines)
    func `every length around the ends of blocks is right on every lane`(
        _ engine: nave_md5_engine
    ) {
        let lengths = Array(0...130) + [191, 192, 193, 4095, 4096, 4097]
        let messages = lengths.map { CyclicRedundancyTests.noise(count: $0, seed: UInt64($0)) }
        for turn in 0..<17 {
            let turned = Array(messages[turn...] + messages[..<turn])
            #expect(Self.digests(engine, turned) == turned.map { MD5.digest(of: $0) })
        }
    }

    @Test(arguments: engines)
    func `any number of messages of any lengths is right`(_ engine: nave_md5_engine) {
        var random = SeededGenerator(seed: 7)
        for count in 0...70 {
            let messages = (0..<count).map { _ in
                let length = Int.random(
                    in: 0...(Bool.random(using: &random) ? 200 : 9000),
                    using: &random
                )
                return CyclicRedundancyTests.noise(count: length, seed: random.next())
            }
            let expected = messages.map { MD5.digest(of: $0) }
            #expect(Self.digests(engine, messages) == expected)
            #expect(MD5.digests(of: messages) == expected)
        }
    }
}
