import StorageFormats
import Testing

/// Checks the text of the list of volumes: what is written, what is read of an earlier version, and what
/// is refused.
///
/// Method: texts written by hand from docs/formats/members.md.
@Suite struct VolumeMembershipTests {
    static let other = "11111111-2222-4333-8444-555555555555"

    /// The list of two volumes, of which the second joined and is not up to date.
    static func text(version: Int = 2, thin: String? = "1") -> String {
        """
        {
          "format": "nave-members",
          "version": \(version),
          "nave": "\(FormatFixture.naveID)",
          "origin": "\(FormatFixture.volumeID)",
          "epoch": 1,
          "copies": 2,
          "members": "\(FormatFixture.volumeID) \(other)",
          "seen": "0 0",
          "log": "\(FormatFixture.volumeID)",
          "behind": "\(other)"\(thin.map { ",\n  \"thin\": \($0)" } ?? "")
        }

        """
    }

    static func decoded(_ text: String) throws -> VolumeMembership {
        try VolumeMembership(decoding: Array(text.utf8))
    }

    static func joined() throws -> VolumeMembership {
        var membership = VolumeMembership(
            naveID: FormatFixture.naveID,
            first: FormatFixture.volumeID,
            copies: 2
        )
        membership.add(try #require(UniqueID(other)))
        return membership
    }

    @Test func `a list is written as the page says, and read back`() throws {
        let membership = try Self.joined()
        #expect(String(decoding: membership.encoded(), as: UTF8.self) == Self.text())
        #expect(try Self.decoded(Self.text()) == membership)
    }

    @Test func `a list of version 1 does not know whether copies are wanting`() throws {
        let membership = try Self.decoded(Self.text(version: 1, thin: nil))
        #expect(membership.isThin)
        #expect(membership == (try Self.joined()))
    }

    @Test func `copies are wanting after each change that may take some away`() throws {
        let other = try #require(UniqueID(Self.other))
        var whole = try Self.joined()
        whole.setCurrent(other)
        whole.setWhole()
        #expect(!whole.isThin)
        for change in [
            { $0.setBehind(other) }, { $0.setCopies(3) }, { $0.setThin() },
            { $0.add(UniqueID(high: 7, low: 7)) },
        ] as [(inout VolumeMembership) -> Void] {
            var changed = whole
            change(&changed)
            #expect(changed.isThin)
            #expect(changed.epoch == whole.epoch + 1)
        }
        var fewer = whole
        fewer.setCopies(1)
        #expect(!fewer.isThin)
    }

    @Test(arguments: [
        text(thin: nil), text(thin: "2"), text(thin: "\"yes\""), text(version: 0),
    ])
    func `a list without a word of copies, or with another, is refused`(_ text: String) {
        #expect(throws: FormatError.self) { try Self.decoded(text) }
    }

    @Test func `a newer version is named`() {
        #expect(throws: FormatError.versionUnknown(3)) {
            try Self.decoded(Self.text(version: 3))
        }
    }
}
