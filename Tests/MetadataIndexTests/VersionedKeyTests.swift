import StorageModel
import Testing

@testable import MetadataIndex

/// Checks which keys can belong to a version, and where they are split.
///
/// Method: worked rows, from the rule that the first segment with a `:` must be `x:tag`.
@Suite struct VersionedKeyTests {
    struct Row: Sendable {
        let key: String
        let name: String?
        let tag: String?
        let rest: String?

        init(_ key: String, _ name: String? = nil, _ tag: String? = nil, _ rest: String? = nil) {
            self.key = key
            self.name = name
            self.tag = tag
            self.rest = rest
        }
    }

    static let rows = [
        Row("big:v0/zarr.json", "big", "v0", "zarr.json"),
        Row("a/b/big:v0/c/0/0", "a/b/big", "v0", "c/0/0"),
        Row("big:v0/", "big", "v0", ""),
        Row("big:_x.y-1/k", "big", "_x.y-1", "k"),
        Row("big:v0/a:b/k", "big", "v0", "a:b/k"),
        Row("logs/2026-11-22T10:05/part-0", "logs/2026-11-22T10", "05", "part-0"),
        Row("logs/2026-11-22T10:05:06/part-0"),
        Row("a:-x/big:v0/k"),
        Row("plain/key"),
        Row("big:v0"),
        Row("a/big:v0"),
        Row(":v0/k"),
        Row("a/:v0/k"),
        Row("big:/k"),
        Row("big:.v/k"),
        Row("50%:v0/k"),
        Row("what?:v0/k"),
        Row("a#b:v0/k"),
        Row("a|b:v0/k"),
        Row(
            "big:" + String(repeating: "t", count: 128) + "/k",
            "big",
            String(repeating: "t", count: 128),
            "k"
        ),
        Row("big:" + String(repeating: "t", count: 129) + "/k"),
        Row("größe:v0/k", "größe", "v0", "k"),
        Row("big:größe/k"),
    ]

    @Test(arguments: rows)
    func `a key is split where the rule says`(row: Row) throws {
        let split = VersionedKey(try ObjectKey(row.key))
        #expect(split?.name == row.name)
        #expect(split?.tag == row.tag)
        #expect(split?.relativeKey == row.rest)
    }

    @Test func `only metadata at the root opens a version`() throws {
        for (key, opens) in [
            ("n:v/zarr.json", true), ("n:v/.zarray", true), ("n:v/.zgroup", true),
            ("n:v/info.txt", true), ("n:v/.zattrs", false), ("n:v/.zmetadata", false),
            ("n:v/a/zarr.json", false), ("n:v/xzarr.json", false), ("n:v/c/0", false),
        ] {
            #expect(VersionedKey(try ObjectKey(key))?.isRootMetadata == opens, "\(key)")
        }
    }
}
