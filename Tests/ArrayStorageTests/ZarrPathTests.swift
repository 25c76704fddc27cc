import ArrayModel
import ArrayStorage
import StorageModel
import Testing

/// Holds the cutting of paths into reference and key against rows worked by hand.
@Suite struct ZarrPathTests {
    /// A path and where it may be cut, as place and key, in the order of trying.
    private static let rows: [(String, [(ArrayPlace, String)])] = [
        ("ns/x:v0/zarr.json", [(at("x", "v0"), "zarr.json")]),
        ("ns/x:v0/a/b/zarr.json", [(at("x", "v0", "a/b"), "zarr.json")]),
        ("ns/a/b/zarr.json", [(at("a/b"), "zarr.json")]),
        ("x:v0/zarr.json", [(at("x", "v0"), "zarr.json")]),
        (
            "ns/x:v0/c/1/0",
            [
                (at("x", "v0"), "c/1/0"), (at("x", "v0", "c/1"), "0"),
                (at("x", "v0", "c"), "1/0"),
            ]
        ),
        ("ns/x:v0/a/c", [(at("x", "v0", "a"), "c")]),
        ("ns/x:v0/a/c.1.0", [(at("x", "v0", "a"), "c.1.0")]),
        ("ns/x/2.10", [(at("x"), "2.10")]),
        ("ns/x/0/1/2", [(at("x/0/1"), "2"), (at("x/0"), "1/2"), (at("x"), "0/1/2")]),
        ("ns/x:v0/0", [(at("x", "v0"), "0")]),
    ]

    private static func at(_ name: String, _ tag: String = "latest", _ member: String = "")
        -> ArrayPlace
    {
        ArrayPlace(name: name, tag: tag, member: member)
    }

    @Test func `paths are cut where the key can begin`() throws {
        for (text, expected) in Self.rows {
            let path = try #require(try ZarrPath(text), "\(text)")
            let found = path.cuts.map { (path.place(cut: $0), path.key(cut: $0)) }
            #expect(found.map(\.0) == expected.map(\.0), "\(text)")
            #expect(found.map(\.1) == expected.map(\.1), "\(text)")
        }
    }

    @Test func `paths without a key are none`() throws {
        for text in [
            "ns/x", "ns/x:v0", "ns/zarr.json", "ns/0", "ns/x/.zarray", "ns/x:v0/c/0/x", "ns/x/1.",
            "ns/x/c.", "ns/x/.1", "ns/x/zarr.json.gz", "ns/x/-1", "ns/x/zarr.json/y",
        ] {
            #expect(try ZarrPath(text) == nil, "\(text)")
        }
        for text in ["", "ns//zarr.json", "ns/../zarr.json", "ns/x:?/zarr.json"] {
            #expect(throws: ReferenceError.self) { try ZarrPath(text) }
        }
    }

    @Test func `however long a path is, few places are tried`() throws {
        let numbers = String(repeating: "/0", count: 1000)
        let path = try #require(try ZarrPath("ns/x" + numbers))
        #expect(path.cuts.count == ArrayLimits.rankMax)
        let dots = String(repeating: "0.", count: 900) + "0"
        #expect(try ZarrPath("ns/x/\(dots)")?.cuts == [1])
    }
}
