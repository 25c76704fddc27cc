import ArrayModel
import Testing

/// Holds the grammar of references against rows worked by hand.
@Suite struct ArrayReferenceTests {
    @Test func `references are taken apart`() throws {
        let rows: [(String, ArrayReference)] = [
            ("imagenet", reference("library", "imagenet", nil)),
            ("imagenet:v1", reference("library", "imagenet", "v1")),
            ("imagenet:v1/labels", reference("library", "imagenet", "v1", "labels")),
            ("test/bigarray", reference("test", "bigarray", nil)),
            ("test/bigarray:v0", reference("test", "bigarray", "v0")),
            ("test/a/b/c:v0.1-rc_2", reference("test", "a/b/c", "v0.1-rc_2")),
            ("test/scan:v0/raw/0", reference("test", "scan", "v0", "raw/0")),
            ("test/scan:v0/a:b", reference("test", "scan", "v0", "a:b")),
            ("test/größe:_", reference("test", "größe", "_")),
        ]
        for (text, expected) in rows {
            let parsed = try ArrayReference(text)
            #expect(parsed == expected, "\(text)")
            #expect(try ArrayReference(parsed.text) == parsed)
        }
        #expect(try ArrayReference("imagenet").tag == "latest")
    }

    @Test func `a digest stands in the place of a tag`() throws {
        let digest = "sha256:" + String(repeating: "0a", count: 32)
        let parsed = try ArrayReference("test/a/b@\(digest)/raw/0")
        #expect((parsed.namespace, parsed.name, parsed.member) == ("test", "a/b", "raw/0"))
        #expect(parsed.digest == digest)
        #expect(parsed.explicitTag == nil)
        #expect(try ArrayReference(parsed.text) == parsed)
        #expect(try ArrayReference("a@\(digest)").namespace == "library")
        let upper = "sha256:" + String(repeating: "0A", count: 32)
        for wrong in [upper, String(digest.dropLast()), digest + "0", "sha256:"] {
            #expect(throws: ReferenceError.digestInvalid(wrong)) {
                try ArrayReference("test/a@\(wrong)")
            }
        }
        #expect(throws: ReferenceError.nameInvalid("@" + digest)) {
            try ArrayReference("test/@\(digest)")
        }
        #expect(try ArrayReference("test/a@sha512:v1").name == "a@sha512")
    }

    private func reference(
        _ namespace: String,
        _ name: String,
        _ tag: String?,
        _ member: String = ""
    ) -> ArrayReference {
        ArrayReference(namespace: namespace, name: name, explicitTag: tag, member: member)
    }

    @Test func `what is no reference is refused`() {
        let long = String(repeating: "a", count: 2049)
        let rows: [(String, ReferenceError)] = [
            ("", .empty), (long, .tooLong(bytes: 2049)),
            ("test/", .nameInvalid("")), ("/test", .nameInvalid("")),
            ("test//a", .nameInvalid("")), ("test/../a", .nameInvalid("..")),
            ("test/./a", .nameInvalid(".")), ("test/a?b", .nameInvalid("a?b")),
            ("test/a%2f", .nameInvalid("a%2f")), ("test/a#", .nameInvalid("a#")),
            ("test/a|b", .nameInvalid("a|b")), ("test/a\u{0}", .nameInvalid("a\u{0}")),
            ("test/:v0", .nameInvalid(":v0")), ("test/a:", .tagInvalid("")),
            ("test/a:-v", .tagInvalid("-v")), ("test/a:b c", .tagInvalid("b c")),
            ("test/a:v:w", .tagInvalid("v:w")),
            (
                "test/a:" + String(repeating: "v", count: 129),
                .tagInvalid(String(repeating: "v", count: 129))
            ),
        ]
        for (text, expected) in rows {
            #expect(throws: expected, "\(text)") { try ArrayReference(text) }
        }
    }
}
