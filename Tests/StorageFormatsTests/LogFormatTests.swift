import Checksums
import StorageFormats
import StorageModel
import Testing

/// Checks the layouts of the log: golden bytes of an independent writer, then every truncation and
/// every turned bit.
@Suite struct LogFormatTests {
    static let label = FormatFixture.volumeID

    static func header(_ bytes: [UInt8]) throws(FormatError) -> LogSegmentHeader {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(FormatError) in try LogSegmentHeader(decoding: bytes) }
        }
        return try result.get()
    }

    static func record(_ bytes: [UInt8]) throws(FormatError) -> LogRecordHeader {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(FormatError) in try LogRecordHeader(decoding: bytes) }
        }
        return try result.get()
    }

    /// Whether bytes are a record whole and right, as a reader of the log decides it.
    static func isWhole(_ bytes: [UInt8], at position: LogPosition) -> Bool {
        guard let header = try? record(bytes), header.position == position,
            header.recordBytes <= bytes.count
        else { return false }
        return bytes.withUnsafeBytes { bytes in
            let metadata = UnsafeRawBufferPointer(rebasing: bytes[..<header.metadataBytes])
            guard header.verifies(metadata, volumeID: label) else { return false }
            let checksums = header.blockChecksums(in: metadata)
            return checksums.indices.allSatisfy { block in
                let start = header.metadataBytes + block * Payload.blockBytes
                let end = min(start + Payload.blockBytes, header.recordBytes)
                return CRC64NVME.checksum(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                    == checksums[block]
            }
        }
    }

    static func sample(body: [UInt8], payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        let place = LogRecordPlace(
            position: LogPosition(4096),
            durablePosition: LogPosition(64),
            previousChecksum: 0x1122_3344_5566_7788,
            volumeID: label
        )
        let blocks = stride(from: 0, to: payload.count, by: Payload.blockBytes).map {
            CRC64NVME.checksum(Array(payload[$0..<min($0 + Payload.blockBytes, payload.count)]))
        }
        _ = LogRecordHeader.append(
            .change,
            at: place,
            body: body,
            payloadBytes: payload.count,
            blockChecksums: blocks,
            to: &bytes
        )
        return bytes + payload
    }

    @Test func `the fixture's segment is written byte for byte`() throws {
        let expected = try FormatFixture.bytes("log/0000000000000000.log")
        var bytes = LogSegmentHeader(
            volumeID: Self.label,
            firstPosition: LogPosition(0),
            previousChecksum: LogRecordHeader.chainStart
        ).encoded()
        var previous = LogRecordHeader.chainStart
        let batches: [[(LogRecordHeader.Kind, String, Int)]] = [
            [(.change, "first change", 0), (.change, "second, with a payload", 100)],
            [(.change, "third", 65_543)], [(.mark, "", 0)],
        ]
        for batch in batches {
            let durable = LogPosition(Int64(bytes.count))
            for (kind, body, payloadBytes) in batch {
                let payload = FormatFixture.pattern(payloadBytes)
                let blocks = stride(from: 0, to: payload.count, by: Payload.blockBytes).map {
                    CRC64NVME.checksum(
                        Array(payload[$0..<min($0 + Payload.blockBytes, payload.count)])
                    )
                }
                let place = LogRecordPlace(
                    position: LogPosition(Int64(bytes.count)),
                    durablePosition: durable,
                    previousChecksum: previous,
                    volumeID: Self.label
                )
                previous = LogRecordHeader.append(
                    kind,
                    at: place,
                    body: Array(body.utf8),
                    payloadBytes: payloadBytes,
                    blockChecksums: blocks,
                    to: &bytes
                )
                bytes += payload
            }
        }
        #expect(bytes == expected)
        #expect(try Self.header(bytes).volumeID == Self.label)
    }

    @Test func `a segment header shows every truncation and every turned bit`() throws {
        let header = LogSegmentHeader(
            volumeID: Self.label,
            firstPosition: LogPosition(1 << 40),
            previousChecksum: 99
        )
        let bytes = header.encoded()
        #expect(try Self.header(bytes) == header)
        for count in 0..<bytes.count {
            #expect(throws: FormatError.self) { try Self.header(Array(bytes[..<count])) }
        }
        for bit in 0..<bytes.count * 8 {
            var turned = bytes
            turned[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: FormatError.self) { try Self.header(turned) }
        }
        var newer = bytes
        newer[8] = 2
        #expect(throws: FormatError.versionUnknown(2)) { try Self.header(newer) }
    }

    @Test(arguments: [(0, 0), (1, 0), (7, 9), (40, 100), (3, 65_537)])
    func `a record shows every truncation and every turned bit`(body: Int, payload: Int) {
        let position = LogPosition(4096)
        let bytes = Self.sample(
            body: FormatFixture.pattern(body),
            payload: FormatFixture.pattern(payload)
        )
        #expect(bytes.count.isMultiple(of: 8))
        #expect(Self.isWhole(bytes, at: position))
        #expect(!Self.isWhole(bytes, at: LogPosition(4104)))
        let metadataBytes = bytes.count - payload
        for bit in 0..<bytes.count * 8 {
            // In a long payload a sample of the bits is enough.
            if bit / 8 > metadataBytes + 200, !bit.isMultiple(of: 4099) { continue }
            var turned = bytes
            turned[bit / 8] ^= 1 << UInt8(bit % 8)
            if Self.isWhole(turned, at: position) { Issue.record("bit \(bit) is not seen") }
        }
        for count in stride(from: 0, to: bytes.count, by: payload > 200 ? 997 : 1) {
            if Self.isWhole(Array(bytes[..<count]), at: position) {
                Issue.record("\(count) bytes are taken for the record")
            }
        }
    }

    @Test func `a record of another volume is none`() throws {
        let bytes = Self.sample(body: [1, 2, 3], payload: [])
        let header = try Self.record(bytes)
        bytes.withUnsafeBytes { bytes in
            #expect(header.verifies(bytes, volumeID: Self.label))
            #expect(!header.verifies(bytes, volumeID: FormatFixture.naveID))
        }
    }

    @Test func `random bytes never trap a decoder`() {
        var state: UInt64 = 1
        for count in 0..<20_000 {
            var bytes = (0..<count % 80).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
            for (index, byte) in [UInt8(0x4E), 0x56, 0x4C, 0x52, 1, 0, 1, 0].enumerated()
            where index < bytes.count { bytes[index] = byte }
            _ = try? Self.record(bytes)
            _ = try? Self.header(bytes)
        }
    }
}
