import Checksums
import StorageFormats
import StorageModel
import Testing

/// Checks the layout of snapshots: golden bytes of an independent writer, then every turned bit.
@Suite struct SnapshotFormatTests {
    static let position = LogPosition(0x5B98)
    static let path = "snapshots/0000000000005b98.snapshot"

    static func header(_ bytes: [UInt8]) throws(FormatError) -> SnapshotHeader {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(FormatError) in try SnapshotHeader(decoding: bytes) }
        }
        return try result.get()
    }

    @Test func `the fixture's snapshot is written byte for byte and read back`() throws {
        let expected = try FormatFixture.bytes(Self.path, of: "volume-1-cleaned")
        let payload = FormatFixture.pattern(65_541)
        let header = SnapshotHeader(volumeID: FormatFixture.volumeID, position: Self.position)
        let footer = BlobFooter(
            volumeID: FormatFixture.volumeID,
            blobID: BlobID(0x5B98),
            payloadBytes: Int64(payload.count),
            blockChecksums: [
                CRC64NVME.checksum(Array(payload[..<65_536])),
                CRC64NVME.checksum(Array(payload[65_536...])),
            ]
        )
        #expect(header.encoded() + payload + footer.encoded() == expected)
        #expect(try Self.header(expected) == header)
    }

    @Test func `a header shows every turned bit, and a blob is no snapshot`() throws {
        let bytes = Array(
            try FormatFixture.bytes(Self.path, of: "volume-1-cleaned")
                .prefix(SnapshotHeader.encodedBytes)
        )
        for bit in 0..<bytes.count * 8 {
            var turned = bytes
            turned[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: FormatError.self) { try Self.header(turned) }
        }
        for count in stride(from: 0, to: bytes.count, by: 97) {
            #expect(throws: FormatError.self) { try Self.header(Array(bytes[..<count])) }
        }
        let blob = try FormatFixture.bytes("blobs/1a/1a2b3c4d5e6f7081.blob")
        #expect(throws: FormatError.magicWrong) { try Self.header(blob) }
        var newer = bytes
        newer[8] = 2
        #expect(throws: FormatError.versionUnknown(2)) { try Self.header(newer) }
    }
}
