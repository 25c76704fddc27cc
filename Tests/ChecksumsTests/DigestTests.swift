import Checksums
import SeededRandom
import Testing

/// Checks the digests, the keyed digest and the text forms of bytes.
///
/// Method: published values, then seeded random splits and mutations.
@Suite struct DigestTests {
    // Sources: RFC 1321 appendix A.5; FIPS 180-2 appendices A and B.
    @Test func `digests of abc and of nothing match the standards`() {
        let abc = Array("abc".utf8)
        #expect(Hexadecimal.encode(MD5.digest(of: abc)) == "900150983cd24fb0d6963f7d28e17f72")
        #expect(Hexadecimal.encode(MD5.digest(of: [])) == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(
            Hexadecimal.encode(SHA1.digest(of: abc))
                == "a9993e364706816aba3e25717850c26c9cd0d89d"
        )
        #expect(
            abc.withUnsafeBytes { SHA256.hexDigest(of: $0) }
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(
            Hexadecimal.encode(SHA256.digest(of: []))
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
    }

    @Test func `digests do not depend on how the bytes are split`() {
        var random = SeededGenerator(seed: 1)
        let bytes = CyclicRedundancyTests.noise(count: 2000, seed: 2)
        for _ in 0..<50 {
            let split = Int.random(in: 0...bytes.count, using: &random)
            var md5 = MD5()
            var sha1 = SHA1()
            var sha256 = SHA256()
            for part in [Array(bytes[..<split]), [], Array(bytes[split...])] {
                md5.update(part)
                sha1.update(part)
                sha256.update(part)
            }
            #expect(md5.finalize() == MD5.digest(of: bytes))
            #expect(sha1.finalize() == SHA1.digest(of: bytes))
            #expect(sha256.finalize() == SHA256.digest(of: bytes))
        }
    }

    @Test func `a digest taken midway leaves the stream usable, and a copy goes its own way`() {
        var digest = SHA256()
        digest.update(Array("ab".utf8))
        var copy = digest
        _ = digest.finalize()
        digest.update(Array("c".utf8))
        copy.update(Array("d".utf8))
        #expect(digest.finalize() == SHA256.digest(of: Array("abc".utf8)))
        #expect(copy.finalize() == SHA256.digest(of: Array("abd".utf8)))
    }

    /// One test case of RFC 4231.
    struct KeyedRow: Sendable {
        let key: [UInt8]
        let message: [UInt8]
        let code: String
    }

    // Source: RFC 4231, test cases 1, 2, 3, 6 (a key longer than a block).
    static let keyedRows = [
        KeyedRow(
            key: [UInt8](repeating: 0x0b, count: 20),
            message: Array("Hi There".utf8),
            code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        KeyedRow(
            key: Array("Jefe".utf8),
            message: Array("what do ya want for nothing?".utf8),
            code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        KeyedRow(
            key: [UInt8](repeating: 0xaa, count: 20),
            message: [UInt8](repeating: 0xdd, count: 50),
            code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        KeyedRow(
            key: [UInt8](repeating: 0xaa, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ]

    @Test(arguments: keyedRows)
    func `keyed digests match RFC 4231`(_ row: KeyedRow) {
        #expect(
            Hexadecimal.encode(HMACSHA256.authenticate(row.message, key: row.key)) == row.code
        )
    }

    @Test func `the chosen checksum is the same as the plain one, in base64`() {
        let digits = Array("123456789".utf8)
        // Source: the CRC catalogue's values and Python's hashlib, in base64.
        let rows: [(StreamingChecksum, String)] = [
            (.crc32(CRC32()), "y/Q5Jg=="),
            (.crc32c(CRC32C()), "4waSgw=="),
            (.crc64nvme(CRC64NVME()), "rosUhgp5mIg="),
            (.sha1(SHA1()), "98O8HYCOBHMq32eZZczDTKeuNEE="),
            (.sha256(SHA256()), "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
        ]
        for (start, expected) in rows {
            var checksum = start
            digits.withUnsafeBytes { checksum.update($0) }
            #expect(checksum.finalizeBase64() == expected)
        }
    }

    // Source: RFC 4648, section 10.
    @Test func `base64 and hexadecimal match RFC 4648 and come back`() {
        let texts = ["": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foobar": "Zm9vYmFy"]
        for (plain, coded) in texts {
            #expect(Base64.encode(Array(plain.utf8)) == coded)
            #expect(Base64.decode(coded) == Array(plain.utf8))
        }
        #expect(Hexadecimal.encode([0x00, 0x9f, 0xff]) == "009fff")
        for length in 0...64 {
            let bytes = CyclicRedundancyTests.noise(count: length, seed: UInt64(length))
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Hexadecimal.decode(Hexadecimal.encode(bytes)) == bytes)
        }
    }

    @Test(arguments: [
        "Zg=", "Zg", "Z===", "====", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Z=9v", "Zm9v====",
        "Zg==Zg==",
        "Zm9-", "Zm9_", "é===",
    ])
    func `base64 that is not strict is refused`(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func `hexadecimal that is not pairs of digits is refused`() {
        for text in ["a", "0g", "0x", " 0", "00 "] { #expect(Hexadecimal.decode(text) == nil) }
        #expect(Hexadecimal.decode("aBcD") == [0xAB, 0xCD])
    }

    @Test func `comparison in constant time is equality`() {
        var bytes = CyclicRedundancyTests.noise(count: 32, seed: 9)
        let original = bytes
        #expect(ConstantTime.equals(bytes, original))
        for index in bytes.indices {
            bytes[index] ^= 1
            #expect(!ConstantTime.equals(bytes, original))
            bytes[index] ^= 1
        }
        #expect(!ConstantTime.equals(bytes, Array(original.dropLast())))
        #expect(ConstantTime.equals([], []))
    }

    @Test func `random bytes have the length asked for and differ`() {
        #expect(SecureRandom.bytes(0).isEmpty)
        let draws = Set((0..<100).map { _ in SecureRandom.bytes(16) })
        #expect(draws.count == 100)
        #expect(draws.allSatisfy { $0.count == 16 })
    }
}
