import ArrayModel
import StorageModel
import Testing

/// Holds listings, descriptions and refusals against what was stored.
@Suite struct ArrayListingTests {
    static let v3 = """
        {"zarr_format": 3, "node_type": "array", "shape": [4, 6], "data_type": "float32",
         "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 3]}},
         "chunk_key_encoding": {"name": "default"}, "fill_value": "NaN",
         "codecs": [{"name": "bytes", "configuration": {"endian": "big"}}, {"name": "gzip"}],
         "dimension_names": ["y", null], "attributes": {"unit": "µm"}}
        """
    static let v2 = """
        {"zarr_format": 2, "shape": [3], "chunks": [2], "dtype": "<M8[ns]", "fill_value": null,
         "order": "C", "filters": null, "compressor": null}
        """
    static let group = #"{"zarr_format": 3, "node_type": "group", "attributes": {"who": "me"}}"#

    /// Names of every kind in two namespaces.
    private func fill(_ desk: ServiceDesk) async throws {
        try await desk.put("scan:v0/zarr.json", Self.v3.utf8)
        try await desk.put("scan:v0/c/0/0", [1, 2, 3])
        try await desk.put("scan:v1/zarr.json", Self.v3.utf8)
        try await desk.put("plain/.zarray", Self.v2.utf8)
        try await desk.put("plain/.zattrs", #"{"a": 1}"#.utf8)
        try await desk.put("study:v0/zarr.json", Self.group.utf8)
        try await desk.put("study:v0/raw/zarr.json", Self.v3.utf8)
        try await desk.put("broken:v0/zarr.json", "{".utf8)
        try await desk.put("notes/info.txt", "for people".utf8)
        try await desk.put("scan:v0/zarr.json", Self.v3.utf8, in: "open")
    }

    @Test func `everything is listed, page by page`() async throws {
        try await ServiceDesk.with { desk in
            try await fill(desk)
            let expected = [
                "open/scan:v0", "test/broken:v0", "test/plain", "test/scan:v0", "test/scan:v1",
                "test/study:v0", "test/study:v0/raw",
            ]
            for limit in 1...8 {
                var found: [String] = []
                var cursor = ""
                repeat {
                    let target = "/v1/arrays?limit=\(limit)\(cursor)"
                    let page = try await desk.get(target).json()
                    let entries = try #require(page["arrays"]?.elements)
                    #expect(entries.count <= limit)
                    found += entries.compactMap { $0["reference"]?.string }
                    cursor = page["next"]?.string.map { "&cursor=\($0)" } ?? ""
                } while !cursor.isEmpty
                #expect(found == expected, "limit \(limit)")
            }
            #expect(try await references("/v1/arrays/test?prefix=s", desk) == Array(expected[3...]))
            #expect(try await references("/v1/arrays?prefix=test/b", desk) == ["test/broken:v0"])
            #expect(try await references("/v1/arrays?prefix=op", desk) == ["open/scan:v0"])
            #expect(try await references("/v1/arrays?prefix=tes/", desk) == [])
        }
    }

    private func references(_ target: String, _ desk: ServiceDesk) async throws -> [String] {
        let entries = try await desk.get(target).json()["arrays"]?.elements ?? []
        return entries.compactMap { $0["reference"]?.string }
    }

    @Test func `pages and descriptions of long metadata are cut short, and nothing is lost`()
        async throws
    {
        try await ServiceDesk.with { desk in
            let filling = String(repeating: "x", count: 1_500_000)
            let long = Self.group.replacing("me", with: filling)
            let names = (0..<8).map { "long:v\($0)" }
            for name in names { try await desk.put("\(name)/zarr.json", long.utf8) }
            var found: [String] = []
            var pages = 0
            var cursor = ""
            repeat {
                let page = try await desk.get("/v1/arrays/test?limit=1000\(cursor)").json()
                found += page["arrays"]?.elements?.compactMap { $0["reference"]?.string } ?? []
                cursor = page["next"]?.string.map { "&cursor=\($0)" } ?? ""
                pages += 1
            } while !cursor.isEmpty
            #expect(found == names.map { "test/\($0)" })
            #expect(pages == 3, "three documents make more than four megabytes")
            let versions = try await desk.get("/v1/arrays/test/long").json()
            #expect(versions["versions"]?.elements?.count == 3)
            #expect(versions["truncated"] == .bool(true))
        }
    }

    @Test func `an array is described in full`() async throws {
        try await ServiceDesk.with { desk in
            try await fill(desk)
            let got = try await desk.get("/v1/arrays/test/scan:v0").json()
            let expected: [(String, JSONValue)] = [
                ("reference", .string("test/scan:v0")), ("namespace", .string("test")),
                ("name", .string("scan")), ("tag", .string("v0")), ("kind", .string("array")),
                ("dialect", .string("zarr3")), ("shape", .integers([4, 6])),
                ("dtype", .string("float32")), ("chunk_shape", .integers([2, 3])),
                ("codecs", .array([.string("bytes"), .string("gzip")])), ("order", .string("C")),
                ("byte_order", .string("big")), ("fill_value", .string("NaN")),
                ("dimension_names", .array([.string("y"), .null])),
                ("attributes", .members(["unit": .string("µm")])), ("chunks_total", .integer(4)),
                ("chunks_stored", .integer(1)), ("bytes_stored", .integer(3)),
                ("changed", .string("2026-11-22T10:05:00.123Z")),
                ("key_prefix", .string("scan:v0/")),
            ]
            for (name, value) in expected { #expect(got[name] == value, "\(name)") }
            #expect(got["content_hash"]?.string?.count == 32)

            let plain = try await desk.get("/v1/arrays/test/plain").json()
            #expect(plain["tag"] == .string("latest"))
            #expect(plain["dtype"] == .string("datetime64[ns]"))
            #expect(plain["attributes"] == .members(["a": .integer(1)]))
            #expect(plain["note"]?.string != nil)
            #expect(plain["key_prefix"] == .string("plain/"))
            let text = try await desk.get("/v1/arrays/test/plain").bytes
            #expect(text.last == 0x0A && text.contains(0x0A))
        }
    }

    @Test func `names, versions, groups and members are told apart`() async throws {
        try await ServiceDesk.with { desk in
            try await fill(desk)
            let versions = try await desk.get("/v1/arrays/test/scan").json()["versions"]?.elements
            #expect(versions?.compactMap { $0["tag"]?.string } == ["v0", "v1"])
            try await desk.put("tree/zarr.json", Self.group.utf8)
            try await desk.put("tree/leaf/zarr.json", Self.v3.utf8)
            try await desk.put("treetop/zarr.json", Self.v3.utf8)
            let tree = try await desk.get("/v1/arrays/test/tree").json()
            #expect(tree["members"]?.elements?.compactMap { $0["name"]?.string } == ["tree/leaf"])
            #expect(tree["truncated"] == .bool(false))
            let study = try await desk.get("/v1/arrays/test/study:v0").json()
            #expect(study["kind"] == .string("group"))
            #expect(study["attributes"] == .members(["who": .string("me")]))
            #expect(study["members"]?.elements?.compactMap { $0["member"]?.string } == ["raw"])
            let raw = try await desk.get("/v1/arrays/test/study:v0/raw").json()
            #expect(raw["reference"] == .string("test/study:v0/raw"))
            #expect(raw["key_prefix"] == .string("study:v0/raw/"))
            let broken = try await desk.get("/v1/arrays/test/broken:v0").json()
            #expect(broken["kind"] == .string("unreadable"))
            #expect(broken["note"]?.string != nil)
        }
    }

    @Test func `metadata written again is described anew, and taken away is missing`() async throws
    {
        try await ServiceDesk.with { desk in
            try await fill(desk)
            let slice = "/v1/data/test/scan:v1?slice=0,0&format=raw"
            #expect(try await desk.get(slice).bytes.count == 4)
            let double = Self.v3.replacing("float32", with: "float64")
            try await desk.put("scan:v1/zarr.json", double.utf8)
            #expect(try await desk.get(slice).bytes.count == 8)
            #expect(
                try await desk.get("/v1/arrays/test/scan:v1").json()["dtype"] == .string("float64")
            )
            try await desk.delete("scan:v1/zarr.json")
            let gone = try await desk.get(slice)
            #expect(try gone.problem() == "404 array_missing")
            #expect(try gone.json()["tags"] == .array([.string("v0")]))
        }
    }

    @Test func `refusals say what is wrong`() async throws {
        try await ServiceDesk.with { desk in
            try await fill(desk)
            try await desk.put("odd:v0/zarr.json", Self.v3.replacing("gzip", with: "pcodec").utf8)
            let rows = [
                ("/v1/arrays/none", "404 namespace_missing"),
                ("/v1/arrays/No", "404 namespace_missing"),
                ("/v1/data/test/nothing", "404 array_missing"),
                ("/v1/data/test/scan:v9", "404 array_missing"),
                ("/v1/data/test/study:v0", "422 group_not_sliceable"),
                ("/v1/data/test/broken:v0", "422 metadata_unreadable"),
                ("/v1/data/test/plain", "422 dtype_unsupported"),
                ("/v1/data/test/odd:v0", "422 codec_missing"),
                ("/v1/stats/test/odd:v0", "422 codec_missing"),
                ("/v1/data/test/scan:v0?slice=1:2:0", "400 slice_invalid"),
                ("/v1/data/test/scan:v0?slice=4", "400 index_out_of_range"),
                ("/v1/data/test/scan:v0?slice=1,1,1", "400 slice_invalid"),
                ("/v1/data/imagenet", "404 namespace_missing"),
            ]
            for (target, expected) in rows {
                #expect(try await desk.get(target).problem() == expected, "\(target)")
            }
            let put = try await desk.get("/v1/stats/test/scan:v0", method: .PUT)
            #expect(put.headers.first(name: "allow") == "GET, HEAD")
        }
    }

    @Test func `everybody reads what is theirs or public`() async throws {
        try await ServiceDesk.with { desk in
            try await fill(desk)
            let data = "scan:v0?slice=3,3&format=raw"
            let rows: [(String, ServiceDesk.Sender, Int)] = [
                ("/v1/data/test/\(data)", .owner, 200), ("/v1/data/test/\(data)", .root, 200),
                ("/v1/data/test/\(data)", .stranger, 403), ("/v1/data/test/\(data)", .nobody, 401),
                ("/v1/data/open/\(data)", .stranger, 200), ("/v1/data/open/\(data)", .nobody, 200),
                ("/v1/arrays/test", .stranger, 403), ("/v1/arrays/test", .nobody, 401),
                ("/v1/arrays/open", .nobody, 200), ("/v1/arrays/test/scan:v0", .nobody, 401),
                ("/v1/stats/test/scan:v0", .stranger, 403), ("/v1/arrays", .nobody, 401),
            ]
            for (target, sender, status) in rows {
                let answer = try await desk.get(target, as: sender)
                #expect(answer.status == status, "\(target) as \(sender)")
                if status == 401 {
                    #expect(answer.headers.first(name: "www-authenticate") != nil)
                }
            }
            let listed = try await desk.get("/v1/arrays", as: .stranger).json()["arrays"]?.elements
            #expect(listed?.compactMap { $0["reference"]?.string } == ["open/scan:v0"])
        }
    }
}
