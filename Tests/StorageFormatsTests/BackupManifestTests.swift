import Foundation
import StorageFormats
import StorageModel
import Testing

/// Checks the text of a backup's manifest and its refusals.
@Suite struct BackupManifestTests {
    static let manifest = BackupManifest(
        volumeID: FormatFixture.volumeID,
        naveID: FormatFixture.naveID,
        logStart: LogPosition(4096),
        position: LogPosition(66_624),
        last: BackupManifest.LastRecord(
            position: LogPosition(66_496),
            checksum: 0x00AB_CDEF_0123_4567
        ),
        completed: WallTime(milliseconds: 1_767_225_600_000),
        blobCount: 3,
        blobBytes: 1_234_567,
        damagedPayloadCount: 1
    )

    static func fixture() throws -> [UInt8] {
        try FormatFixture.bytes("../backup-1/backup.json")
    }

    @Test func `the fixture is written byte for byte and read back`() throws {
        #expect(try Self.manifest.encoded() == Self.fixture())
        #expect(try BackupManifest(decoding: Self.fixture()) == Self.manifest)
    }

    @Test(arguments: [
        ("nave-backup", "nave-volume"), ("\"position\": 66624", "\"position\": 66000"),
        ("\"log_start\": 4096", "\"log_start\": 66500"), ("00abcdef01234567", "abcdef01234567"),
        ("00abcdef01234567", "00abcdefg1234567"), ("\"blobs\": 3,", ""),
        ("\"damaged\": 1", "\"damaged\": \"1\""), ("0123e456", "0123e45"),
        ("66624", "99999999999999999999"), ("\"completed\": 1767225600000,", ""),
    ])
    func `a manifest that is not right is refused`(_ change: (from: String, to: String)) throws {
        let text = String(decoding: try Self.fixture(), as: UTF8.self)
        let changed = text.replacing(change.from, with: change.to)
        #expect(changed != text)
        #expect(throws: FormatError.self) {
            try BackupManifest(decoding: Array(changed.utf8))
        }
    }

    @Test func `every truncation is refused and a newer version is named`() throws {
        let bytes = try Self.fixture()
        for count in 0..<bytes.count - 2 {
            #expect(throws: FormatError.self) {
                try BackupManifest(decoding: Array(bytes[..<count]))
            }
        }
        let newer = String(decoding: bytes, as: UTF8.self)
            .replacing("\"version\": 1", with: "\"version\": 2")
            .replacing("position", with: "place")
        #expect(throws: FormatError.versionUnknown(2)) {
            try BackupManifest(decoding: Array(newer.utf8))
        }
    }
}
