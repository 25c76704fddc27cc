import Checksums
import StorageFormats
import StorageModel
import Testing

/// Checks the layout of blob files: golden bytes of an independent writer, then every truncation
/// and every turned bit.
@Suite struct BlobFormatTests {
    static func footer(_ bytes: [UInt8]) throws(FormatError) -> BlobFooter {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(FormatError) in try BlobFooter(decoding: bytes) }
        }
        return try result.get()
    }

    static func footerBytes(_ file: [UInt8]) throws(FormatError) -> Int {
        let result = file.suffix(BlobFooter.trailerBytes).withUnsafeBytes { trailer in
            Result { () throws(FormatError) in
                try BlobFooter.encodedBytes(trailer: trailer, fileBytes: Int64(file.count))
            }
        }
        return try result.get()
    }

    static func header(_ bytes: [UInt8]) throws(FormatError) -> BlobHeader {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(FormatError) in try BlobHeader(decoding: bytes) }
        }
        return try result.get()
    }

    @Test func `the fixture's blob is written byte for byte and read back`() throws {
        let expected = try FormatFixture.bytes("blobs/1a/1a2b3c4d5e6f7081.blob")
        let payload = FormatFixture.pattern(65_541)
        let header = BlobHeader(
            volumeID: FormatFixture.volumeID,
            blobID: FormatFixture.blobID
        )
        let footer = BlobFooter(
            volumeID: FormatFixture.volumeID,
            blobID: FormatFixture.blobID,
            payloadBytes: Int64(payload.count),
            blockChecksums: [
                CRC64NVME.checksum(Array(payload[..<65_536])),
                CRC64NVME.checksum(Array(payload[65_536...])),
            ]
        )
        #expect(header.encoded() + payload + footer.encoded() == expected)
        #expect(try Self.header(expected) == header)
        let length = try Self.footerBytes(expected)
        #expect(try Self.footer(expected.suffix(length)) == footer)
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func `a footer shows every truncation and every turned bit`(payloadBytes: Int) throws {
        let blocks = (payloadBytes + 65_535) / 65_536
        let footer = BlobFooter(
            volumeID: FormatFixture.volumeID,
            blobID: BlobID(7),
            payloadBytes: Int64(payloadBytes),
            blockChecksums: (0..<blocks).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }
        )
        let bytes = footer.encoded()
        #expect(try Self.footer(bytes) == footer)
        for count in 0..<bytes.count {
            #expect(throws: FormatError.self) { try Self.footer(Array(bytes[..<count])) }
        }
        for bit in 0..<bytes.count * 8 {
            var turned = bytes
            turned[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: FormatError.self) { try Self.footer(turned) }
        }
    }

    @Test func `a file of another length than its trailer says is refused`() throws {
        let file = try FormatFixture.bytes("blobs/1a/1a2b3c4d5e6f7081.blob")
        #expect(throws: FormatError.self) { try Self.footerBytes([0] + file) }
        #expect(throws: FormatError.self) { try Self.footerBytes(Array(file.dropFirst())) }
        #expect(throws: FormatError.self) { try Self.footerBytes(Array(file.dropLast())) }
        #expect(throws: FormatError.self) { try Self.footerBytes([]) }
    }

    @Test func `a header shows every turned bit`() {
        let bytes = BlobHeader(volumeID: FormatFixture.volumeID, blobID: BlobID(7)).encoded()
        #expect(bytes.count == 4096)
        for bit in 0..<bytes.count * 8 {
            var turned = bytes
            turned[bit / 8] ^= 1 << UInt8(bit % 8)
            if (try? Self.header(turned)) != nil { Issue.record("bit \(bit) is not seen") }
        }
    }
}
