import StorageFormats
import Testing

/// Checks the text of the list of volumes: what is written, what is read of an earlier version, and what
/// is refused.
///
/// Method: texts written by hand from docs/formats/members.md.
@Suite struct VolumeMembershipTests {
    static let other = "11111111-2222-4333-8444-555555555555"

    /// The list of two volumes, of which the second joined and is not up to date.
    static func text(
        version: Int = 3,
        thin: String? = "1",
        forgotten: String? = ""
    ) -> String {
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
          "behind": "\(other)"\(thin.map { ",\n  \"thin\": \($0)" } ?? "")\
        \(forgotten.map { ",\n  \"forgotten\": \"\($0)\"" } ?? "")
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
        let membership = try Self.decoded(Self.text(version: 1, thin: nil, forgotten: nil))
        #expect(membership.isThin)
        #expect(membership == (try Self.joined()))
    }

    @Test func `a list of version 2 has forgotten no volume`() throws {
        let membership = try Self.decoded(Self.text(version: 2, forgotten: nil))
        #expect(membership == (try Self.joined()))
    }

    @Test func `a volume that is forgotten is no member, and is named`() throws {
        let other = try #require(UniqueID(Self.other))
        var membership = try Self.joined()
        membership.forget(other)
        let expected = """
            {
              "format": "nave-members",
              "version": 3,
              "nave": "\(FormatFixture.naveID)",
              "origin": "\(FormatFixture.volumeID)",
              "epoch": 2,
              "copies": 2,
              "members": "\(FormatFixture.volumeID)",
              "seen": "0",
              "log": "\(FormatFixture.volumeID)",
              "behind": "",
              "thin": 1,
              "forgotten": "\(Self.other)"
            }

            """
        #expect(String(decoding: membership.encoded(), as: UTF8.self) == expected)
        #expect(try Self.decoded(expected) == membership)
    }

    @Test func `of many forgotten volumes the last are named, and the list is not too long`() throws
    {
        var membership = VolumeMembership(
            naveID: FormatFixture.naveID,
            first: FormatFixture.volumeID,
            copies: 32
        )
        let replaced = (1...200).map { UniqueID(high: .max, low: UInt64($0)) }
        for id in replaced {
            membership.add(id)
            membership.forget(id)
        }
        for number in 1..<VolumeMembership.membersMax {
            let id = UniqueID(high: .max, low: UInt64(1000 + number))
            membership.add(id)
            membership.setHoldsLog(id)
        }
        #expect(membership.forgotten == replaced.suffix(VolumeMembership.forgottenMax))
        #expect(membership.encoded().count <= VolumeMembership.encodedBytesMax)
        #expect(try VolumeMembership(decoding: membership.encoded()) == membership)
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
        text(forgotten: nil), text(forgotten: other), text(forgotten: "none"),
    ])
    func `a list that lacks a word, or has another, is refused`(_ text: String) {
        #expect(throws: FormatError.self) { try Self.decoded(text) }
    }

    @Test func `a newer version is named`() {
        #expect(throws: FormatError.versionUnknown(4)) {
            try Self.decoded(Self.text(version: 4))
        }
    }
}
