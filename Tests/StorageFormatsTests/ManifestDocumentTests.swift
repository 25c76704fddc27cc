import StorageFormats
import StorageModel
import Testing

/// Checks the document of a manifest and its digest against what `docs/formats/manifest.md` shows.
///
/// Method: documents that were written by hand, with digests that Python's hashlib computed of them.
@Suite struct ManifestDocumentTests {
    @Test func `a document with everything is the one of the format page`() {
        let document = ManifestDocument(
            parent: ManifestDigest(trusted: "sha256:" + String(repeating: "ab", count: 32)),
            author: PrincipalName(trusted: "ana"),
            message: "a \"b\" \\ \n\t\u{01} é",
            time: WallTime(milliseconds: 1_795_340_000_000),
            total: LineTotal(keys: 7, bytes: 1234, contentHash: ContentHash(high: 1, low: 2))
        )
        let parent = String(repeating: "ab", count: 32)
        let text =
            #"{"author":"ana","bytes":1234,"content":"00000000000000010000000000000002","format":1,"#
            + #""keys":7,"message":"a \"b\" \\ \n\t\u0001 é","parent":"sha256:\#(parent)","#
            + #""time":1795340000000}"#
        #expect(String(decoding: document.encoded(), as: UTF8.self) == text)
        #expect(
            document.digest.text
                == "sha256:b319cc6e1a8dee5f0f5e20086bf18b985e6a950ec39e733b2cf775a48079949d"
        )
    }

    @Test func `a document without author and parent leaves them out`() {
        let document = ManifestDocument(
            parent: nil,
            author: nil,
            message: "",
            time: WallTime(milliseconds: 0),
            total: .empty
        )
        let text =
            #"{"bytes":0,"content":"00000000000000000000000000000000","format":1,"keys":0,"#
            + #""message":"","time":0}"#
        #expect(String(decoding: document.encoded(), as: UTF8.self) == text)
        #expect(
            document.digest.text
                == "sha256:3bf9e62aef87f83803df99ca4ac30c1fda5e520cddb6eab4d9faa9ce91f09aa9"
        )
    }

    @Test(arguments: [
        "", "sha256:", "sha256:" + String(repeating: "a", count: 63),
        "sha256:" + String(repeating: "A", count: 64), "md5:" + String(repeating: "a", count: 64),
        "sha256:" + String(repeating: "a", count: 65), String(repeating: "a", count: 71),
    ])
    func `what is no digest is refused`(text: String) {
        #expect(throws: NameError.manifestDigestInvalid(text)) { try ManifestDigest(text) }
    }
}
