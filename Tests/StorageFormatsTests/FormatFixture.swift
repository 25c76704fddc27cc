import Foundation
import StorageFormats
import StorageModel

/// The volumes in Fixtures/formats, which generate.py wrote from docs/formats alone.
enum FormatFixture {
    static let volumeID = UniqueID(high: 0x0123_E456_7A8B_4C9D, low: 0x8E0F_1122_3344_5566)
    static let naveID = UniqueID(high: 0xFEDC_BA98_7654_4321, low: 0x8FED_CBA9_8765_4321)
    static let blobID = BlobID(0x1A2B_3C4D_5E6F_7081)

    static func bytes(_ path: String, of volume: String = "volume-1") throws -> [UInt8] {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return Array(
            try Data(contentsOf: root.appending(path: "Fixtures/formats/\(volume)/\(path)"))
        )
    }

    static func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 251) }
    }
}
