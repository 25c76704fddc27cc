import StorageFormats
import StorageModel
import Testing

/// Checks the text of the volume label, its grammar and its refusals.
@Suite struct VolumeLabelTests {
    static let label = VolumeLabel(
        volumeID: FormatFixture.volumeID,
        naveID: FormatFixture.naveID,
        created: WallTime(milliseconds: 1_767_225_600_000)
    )

    @Test func `the fixture's label is written byte for byte and read back`() throws {
        let expected = try FormatFixture.bytes("volume.json")
        #expect(Self.label.encoded() == expected)
        #expect(try VolumeLabel(decoding: expected) == Self.label)
    }

    @Test func `members may come in any order and with any white space`() throws {
        let text = """
            {"created":1767225600000 , "nave" : "\(FormatFixture.naveID)","comment":"mine",
            \t"volume":"\(FormatFixture.volumeID)","version":1,"format":"nave-volume"}
            """
        #expect(try VolumeLabel(decoding: Array(text.utf8)) == Self.label)
    }

    @Test(arguments: [
        "", "{", "{}", "[]", "null", "{\"format\":\"nave-volume\"}",
        "{\"format\":\"other\",\"version\":1}",
        "{\"format\":\"nave-volume\",\"format\":\"nave-volume\",\"version\":1}",
        "{\"format\":\"nave-volume\",\"version\":01}",
        "{\"format\":\"nave-volume\",\"version\":-1}",
        "{\"format\":\"nave-volume\",\"version\":99999999999999999999}",
        "{\"format\":\"nave\\u002dvolume\",\"version\":1}", "{\"format\":nave-volume}",
        "{\"format\":\"nave-volume\",\"version\":1,}", "{\"format\"",
    ])
    func `text that is no label is refused`(_ text: String) {
        #expect(throws: FormatError.self) { try VolumeLabel(decoding: Array(text.utf8)) }
    }

    @Test func `every truncation is refused and a newer version is named`() throws {
        let bytes = Self.label.encoded()
        for count in 0..<bytes.count - 1 {
            #expect(throws: FormatError.self) { try VolumeLabel(decoding: Array(bytes[..<count])) }
        }
        let newer = String(decoding: bytes, as: UTF8.self)
            .replacing("\"version\": 1", with: "\"version\": 7").replacing(
                "volume\":",
                with: "x\":"
            )
        #expect(throws: FormatError.versionUnknown(7)) {
            try VolumeLabel(decoding: Array(newer.utf8))
        }
        #expect(throws: FormatError.self) {
            try VolumeLabel(decoding: [UInt8](repeating: 0x20, count: 5000))
        }
    }

    @Test func `identifiers are UUIDs in text`() {
        #expect(FormatFixture.volumeID.description == "0123e456-7a8b-4c9d-8e0f-112233445566")
        #expect(UniqueID("0123E456-7A8B-4C9D-8E0F-112233445566") == FormatFixture.volumeID)
        for text in [
            "", "0123e4567a8b4c9d8e0f112233445566", "0123e456-7a8b-4c9d-8e0f-11223344556g",
        ] {
            #expect(UniqueID(text) == nil)
        }
    }
}
