import ArrayModel
import Foundation
import NIOHTTP1
import StorageModel
import Testing

@testable import ArrayService

/// Holds the Zarr view against the elements that NumPy has of the same arrays.
///
/// Method: every array of the fixtures is read through the view alone (its document and every chunk),
/// stored again as an array of Zarr v3, and that copy is sliced; its elements must be NumPy's.
@Suite struct ZarrViewTests {
    @Test func `an array copied through the view has the same elements`() async throws {
        try await ServiceDesk.with { desk in
            for (number, array) in try Fixture.arrays().enumerated() {
                let source = "source\(number):v0"
                // The original client's arrays are folders called like the tag.
                let isHub = array.keys.keys.contains("info.txt")
                try await array.put(isHub ? "source\(number)/v0" : source, in: desk)
                try await copy("test/\(source)", to: "copy\(number):v0", desk)
                for answer in array.answers {
                    let slice = answer.slice.replacing("+", with: "%2B")
                    let region = try await desk.get(
                        "/v1/data/test/copy\(number):v0?slice=\(slice)&format=raw"
                    )
                    #expect(region.status == 200)
                    #expect(region.bytes == [UInt8](answer.expected), "\(array.name) \(slice)")
                }
            }
        }
    }

    /// Stores the document and the chunks that the view shows at another place.
    private func copy(_ reference: String, to path: String, _ desk: ServiceDesk) async throws {
        let shown = try await desk.get("/v1/zarr/\(reference)/zarr.json")
        #expect(shown.status == 200)
        let document = try shown.json()
        #expect(document["zarr_format"]?.integer == 3)
        try await desk.put("\(path)/zarr.json", shown.bytes)
        guard
            case .array(let metadata) = NodeRecognition.recognise(.zarr3, bytes: shown.bytes)
        else { throw CocoaError(.featureUnsupported) }
        var stored = 0
        for index in 0..<metadata.grid.chunkCount {
            var rest = index
            var coordinates: [Int] = []
            for count in metadata.grid.chunkCounts.reversed() {
                coordinates.insert(rest % count, at: 0)
                rest /= count
            }
            let key = metadata.chunkKeys.key(coordinates, grid: metadata.grid)
            let chunk = try await desk.get("/v1/zarr/\(reference)/\(key)")
            guard chunk.status == 200 else {
                #expect(try chunk.problem() == "404 chunk_missing")
                continue
            }
            stored += 1
            try await desk.put("\(path)/\(key)", chunk.bytes)
        }
        #expect(stored > 0)
    }

    static let v2 = """
        {"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "<i4", "fill_value": 0, "order": "C",
         "filters": null, "compressor": null}
        """

    @Test func `a path names the array with the chunk`() async throws {
        try await ServiceDesk.with { desk in
            // Levels of a pyramid, whose names are numbers, with chunks that are numbers, too.
            try await desk.put("x:v0/.zgroup", #"{"zarr_format": 2}"#.utf8)
            for path in ["image/0", "image/1", "c/0", "x:v0/c/7"] {
                try await desk.put(
                    "\(path)/.zarray",
                    Self.v2.replacing(
                        "\"filters\"",
                        with: "\"dimension_separator\": \"/\", \"filters\""
                    )
                    .utf8
                )
                try await desk.put("\(path)/1", path.utf8)
                let chunk = try await desk.get("/v1/zarr/test/\(path)/1")
                #expect(chunk.bytes == Array(path.utf8), "\(path)")
                #expect(
                    try await desk.get("/v1/zarr/test/\(path)/0").problem()
                        == "404 chunk_missing"
                )
            }
            try await desk.put("image/.zgroup", #"{"zarr_format": 2}"#.utf8)
            let metadata = try await desk.get("/v1/zarr/test/image/zarr.json").json()
            let members = metadata["consolidated_metadata"]?["metadata"]?.members
            #expect(members?.map(\.name) == ["0", "1"])
        }
    }

    @Test func `what is missing or not understood is told`() async throws {
        try await ServiceDesk.with { desk in
            try await desk.put("x:v0/.zarray", Self.v2.utf8)
            try await desk.put("f/.zarray", Self.v2.replacing("<i4", with: "<f16").utf8)
            try await desk.put("old/.zarray", "{".utf8)
            let rows = [
                ("test/x:v0/zarr.json/", "400 reference_invalid"),
                ("test/x:v0/.zgroup", "404 key_missing"),
                ("test/x:v0", "404 key_missing"), ("test/y/zarr.json", "404 array_missing"),
                ("test/x/zarr.json", "404 array_missing"), ("test/x:v0/0", "404 chunk_missing"),
                ("test/y:v0/c/0", "404 array_missing"),
                ("none/y/zarr.json", "404 namespace_missing"),
                ("test/f/zarr.json", "422 dtype_unsupported"),
                ("test/old/zarr.json", "422 metadata_unreadable"),
                ("test/old/0", "422 metadata_unreadable"),
                ("test/x:/zarr.json", "400 reference_invalid"),
                ("test/x:v0/zarr.json?a=1", "400 parameter_unknown"),
            ]
            for (path, expected) in rows {
                #expect(try await desk.get("/v1/zarr/\(path)").problem() == expected, "\(path)")
            }
            for (sender, expected) in [
                (ServiceDesk.Sender.nobody, "401 unauthenticated"),
                (.stranger, "403 access_denied"),
            ] {
                let answer = try await desk.get("/v1/zarr/test/x:v0/zarr.json", as: sender)
                #expect(try answer.problem() == expected)
            }
            try await desk.put("x/.zarray", Self.v2.utf8, in: "open")
            #expect(try await desk.get("/v1/zarr/open/x/zarr.json", as: .nobody).status == 200)
        }
    }

    @Test func `conditions and ranges are followed`() async throws {
        try await ServiceDesk.with { desk in
            try await desk.put("x/.zarray", Self.v2.utf8)
            try await desk.put("x/0", Array(0..<8))
            let target = "/v1/zarr/test/x/0"
            let rows: [(HTTPHeaders, Int, [UInt8])] = [
                ([:], 200, Array(0..<8)), (["Range": "bytes=2-3"], 206, [2, 3]),
                (["Range": "bytes=-3"], 206, [5, 6, 7]), (["Range": "bytes=6-100"], 206, [6, 7]),
                (["Range": "bytes=-100"], 206, Array(0..<8)),
                (["Range": "lines=1-2"], 200, Array(0..<8)),
                (["Range": "bytes=0-0", "If-Range": "\"0\""], 206, [0]),
                (["Range": "bytes=0-0", "If-Range": "\"1\""], 200, Array(0..<8)),
                (["If-None-Match": "\"0\""], 304, []),
                (["If-None-Match": "\"1\""], 200, Array(0..<8)),
            ]
            for (headers, status, bytes) in rows {
                let answer = try await desk.send(.GET, target, headers: headers)
                #expect(answer.status == status && answer.bytes == bytes, "\(headers)")
                #expect(answer.headers.first(name: "etag") == "\"0\"")
                #expect(answer.headers.first(name: "cache-control") == "no-cache")
            }
            let outside = try await desk.send(.GET, target, headers: ["Range": "bytes=8-"])
            #expect(try outside.problem() == "416 range_unsatisfiable")
            #expect(outside.headers.first(name: "content-range") == "bytes */8")
            let failed = try await desk.send(.GET, target, headers: ["If-Match": "\"1\""])
            #expect(try failed.problem() == "412 precondition_failed")
            let head = try await desk.send(.HEAD, target)
            #expect(head.headers.first(name: "content-length") == "8")
            let document = try await desk.get("/v1/zarr/test/x/zarr.json")
            let tag = try #require(document.headers.first(name: "etag"))
            let same = try await desk.send(
                .GET,
                "/v1/zarr/test/x/zarr.json",
                headers: ["If-None-Match": tag]
            )
            #expect(same.status == 304)
        }
    }
}
