import ArrayModel
import ArrayStorage
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import ArrayService

/// Holds answers with many chunks against those with one.
///
/// Method: the frames of every array of the fixtures, in all dialects, are taken apart and compared with
/// what the Zarr view answers about each key. The service's client asks for pieces of odd lengths.
@Suite struct ChunkBundleTests {
    /// A frame as a client reads it.
    struct Frame: Hashable {
        let status: Int
        let entityTag: String
        let coding: String
        let payload: [UInt8]
    }

    /// Takes an answer apart; nil if it is not whole frames.
    static func frames(_ bytes: [UInt8]) -> [Frame]? {
        var buffer = ByteBuffer(bytes: bytes)
        var frames: [Frame] = []
        while buffer.readableBytes > 0 {
            guard let status: UInt16 = buffer.readInteger(endianness: .little),
                let tagBytes: UInt16 = buffer.readInteger(endianness: .little),
                let codingBytes: UInt16 = buffer.readInteger(endianness: .little),
                buffer.readInteger(endianness: .little, as: UInt16.self) == 0,
                let payloadBytes: Int64 = buffer.readInteger(endianness: .little),
                let tag = buffer.readString(length: Int(tagBytes)),
                let coding = buffer.readString(length: Int(codingBytes)),
                let payload = buffer.readBytes(length: Int(payloadBytes))
            else { return nil }
            frames.append(
                Frame(status: Int(status), entityTag: tag, coding: coding, payload: payload)
            )
        }
        return frames
    }

    static func body(_ keys: [String], tags: [String?]? = nil) -> [UInt8] {
        var members = [JSONMember(name: "keys", value: .array(keys.map { .string($0) }))]
        if let tags {
            let values = tags.map { tag in tag.map { JSONValue.string($0) } ?? .null }
            members.append(JSONMember(name: "entity_tags", value: .array(values)))
        }
        return JSONValue.object(members).serialized()
    }

    @Test func `frames are what single reads answer, in every dialect`() async throws {
        try await ServiceDesk.with { desk in
            for (number, array) in try Fixture.arrays().enumerated() {
                let isHub = array.keys.keys.contains("info.txt")
                try await array.put(isHub ? "x\(number)/v0" : "x\(number):v0", in: desk)
                var keys = try await Self.keys(of: "test/x\(number):v0", desk)
                // In another order, one twice, and one outside of the grid.
                keys = keys.reversed() + keys.prefix(1)
                keys.append(keys[0] + (keys[0] == "c" ? "/7" : "77777"))
                let answer = try await desk.send(
                    .POST,
                    "/v1/chunks/test/x\(number):v0",
                    body: Self.body(keys)
                )
                #expect(answer.status == 200 && !answer.isCut, "\(array.name)")
                #expect(
                    answer.headers.first(name: "content-type") == "application/vnd.nave.chunks"
                )
                var expected: [Frame] = []
                for key in keys {
                    let one = try await desk.get("/v1/zarr/test/x\(number):v0/\(key)")
                    expected.append(
                        Frame(
                            status: one.status,
                            entityTag: one.headers.first(name: "etag") ?? "",
                            coding: "",
                            payload: one.status == 200 ? one.bytes : []
                        )
                    )
                }
                #expect(expected.contains { $0.status == 200 }, "\(array.name)")
                #expect(expected.last?.status == 404, "\(array.name)")
                #expect(Self.frames(answer.bytes) == expected, "\(array.name)")
                try await expectUnchanged(keys, expected, at: "x\(number):v0", desk)
            }
        }
    }

    /// Asks once more with the entity tags, of which the first is another.
    private func expectUnchanged(
        _ keys: [String],
        _ frames: [Frame],
        at place: String,
        _ desk: ServiceDesk
    ) async throws {
        let tags = frames.enumerated().map { index, frame in
            frame.status == 200 && index > 0 ? frame.entityTag : "\"other\""
        }
        let answer = try await desk.send(
            .POST,
            "/v1/chunks/test/\(place)",
            body: Self.body(keys, tags: tags)
        )
        let expected = frames.enumerated().map { index, frame in
            guard frame.status == 200, index > 0 else { return frame }
            return Frame(status: 304, entityTag: frame.entityTag, coding: "", payload: [])
        }
        #expect(Self.frames(answer.bytes) == expected)
    }

    /// The keys of all chunks of an array, as the Zarr view has them.
    static func keys(of reference: String, _ desk: ServiceDesk) async throws -> [String] {
        let shown = try await desk.get("/v1/zarr/\(reference)/zarr.json")
        guard
            case .array(let metadata) = NodeRecognition.recognise(.zarr3, bytes: shown.bytes)
        else { throw CocoaError(.featureUnsupported) }
        return (0..<metadata.grid.chunkCount).map { index in
            var rest = index
            var coordinates: [Int] = []
            for count in metadata.grid.chunkCounts.reversed() {
                coordinates.insert(rest % count, at: 0)
                rest /= count
            }
            return metadata.chunkKeys.key(coordinates, grid: metadata.grid)
        }
    }

    static let v2 = """
        {"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "<i4", "fill_value": 0, "order": "C",
         "filters": null, "compressor": null}
        """

    @Test func `large and many chunks come whole, in pieces of any length`() async throws {
        try await ServiceDesk.with { desk in
            try await desk.put("x/.zarray", Self.v2.utf8)
            var generator = SystemRandomNumberGenerator()
            let lengths = [0, 1, 40, 65_535, 65_536, 65_537, 131_073, 300_000, 1]
            var payloads: [[UInt8]] = []
            for (index, length) in lengths.enumerated() {
                payloads.append(
                    (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
                )
                try await desk.put("x/\(index)", payloads[index])
            }
            let keys = lengths.indices.map(String.init)
            let answer = try await desk.send(.POST, "/v1/chunks/test/x", body: Self.body(keys))
            #expect(Self.frames(answer.bytes)?.map(\.payload) == payloads)
            let none = try await desk.send(.POST, "/v1/chunks/test/x", body: Self.body([]))
            #expect(none.status == 200 && none.bytes.isEmpty)
            let many = [String](repeating: "0", count: 1024)
            let most = try await desk.send(.POST, "/v1/chunks/test/x", body: Self.body(many))
            #expect(Self.frames(most.bytes)?.count == 1024)
        }
    }

    @Test func `a chunk that was opened is sent as it was`() async throws {
        try await ServiceDesk.with { desk in
            try await desk.put("x/.zarray", Self.v2.utf8)
            let large = [UInt8](repeating: 7, count: 400_000)
            for key in ["0", "1"] { try await desk.put("x/\(key)", large) }
            let answer = try await desk.opened("/v1/chunks/test/x", body: Self.body(["0", "1"]))
            let source = try #require(answer)
            try await desk.put("x/0", [1])
            try await desk.delete("x/1")
            let (bytes, isCut) = await ServiceDesk.gather(source)
            #expect(!isCut)
            #expect(Self.frames(bytes)?.map(\.payload) == [large, large])
        }
    }

    @Test func `a chunk that cannot be decoded is a problem first, and cuts the answer later`()
        async throws
    {
        try await ServiceDesk.with { desk in
            let compressed = Self.v2.replacing(
                "\"compressor\": null",
                with: "\"compressor\": {\"id\": \"zlib\", \"level\": 1}"
            )
            try await desk.put("x/.zarray", compressed.utf8)
            try await desk.put("x/0", "no zlib".utf8)
            let first = try await desk.send(
                .POST,
                "/v1/chunks/test/x",
                body: Self.body(["0", "1"])
            )
            #expect(try first.problem() == "422 chunk_corrupt")
            let long = compressed.replacing("[4]", with: "[40000]").replacing(
                "[2]",
                with: "[20000]"
            )
            try await desk.put("y/.zarray", long.utf8)
            try await desk.put("y/0", try #require(Data(base64Encoded: Self.zeros)))
            try await desk.put("y/1", "no zlib".utf8)
            let whole = try await desk.send(.POST, "/v1/chunks/test/y", body: Self.body(["0"]))
            let zeros = [UInt8](repeating: 0, count: 80_000)
            #expect(Self.frames(whole.bytes)?.map(\.payload) == [zeros])
            let keys = ["0", "0", "0", "0", "1"]
            let cut = try await desk.opened("/v1/chunks/test/y", body: Self.body(keys))
            let (bytes, isCut) = await ServiceDesk.gather(try #require(cut))
            #expect(isCut && bytes.count >= 4 * 80_000)
        }
    }

    /// `zlib.compress(bytes(80000), 9)` of Python, in base64.
    private static let zeros = """
        eNrtwYEAAAAAw6D5Ux/gClUBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAMAbOI8AAQ==
        """

    @Test func `what is not asked rightly is told`() async throws {
        try await ServiceDesk.with { desk in
            try await desk.put("x/.zarray", Self.v2.utf8)
            try await desk.put("g/.zgroup", #"{"zarr_format": 2}"#.utf8)
            try await desk.put("old/.zarray", "{".utf8)
            let many = [String](repeating: "0", count: 1025)
            let rows: [(String, String, String)] = [
                ("x", #"{"keys": ["0", "zarr.json"]}"#, "400 member_invalid"),
                ("x", #"{"keys": ["0", 1]}"#, "400 member_invalid"),
                ("x", #"{"keys": ["../x/0"]}"#, "400 member_invalid"),
                ("x", #"{"keys": ["c//0"]}"#, "400 member_invalid"),
                ("x", #"{"keys": [""]}"#, "400 member_invalid"),
                ("x", #"{"keys": "0"}"#, "400 member_invalid"),
                ("x", #"{"keys": ["0"], "entity_tags": []}"#, "400 member_invalid"),
                ("x", #"{"keys": ["0"], "entity_tags": [1]}"#, "400 member_invalid"),
                ("x", #"{"keys": ["0"], "other": 1}"#, "400 member_unknown"),
                ("x", "{}", "400 member_missing"), ("x", "[]", "400 body_invalid"),
                ("x", "{", "400 body_invalid"), ("x", "", "400 body_invalid"),
                ("x", String(decoding: Self.body(many), as: UTF8.self), "400 member_invalid"),
                ("x", String(repeating: " ", count: 262_145), "413 body_too_large"),
                ("g", #"{"keys": ["0"]}"#, "422 group_not_sliceable"),
                ("old", #"{"keys": ["0"]}"#, "422 metadata_unreadable"),
                ("y", #"{"keys": ["0"]}"#, "404 array_missing"),
                ("y:v1", #"{"keys": ["0"]}"#, "404 array_missing"),
            ]
            for (name, body, expected) in rows {
                let answer = try await desk.send(
                    .POST,
                    "/v1/chunks/test/\(name)",
                    body: Array(body.utf8)
                )
                #expect(try answer.problem() == expected, "\(name) \(body.prefix(80))")
            }
            let named = try await desk.send(
                .POST,
                "/v1/chunks/test/x",
                body: Self.body(["0", "zarr.json"])
            ).json()
            #expect(named["member"]?.string == "keys[1]")
            #expect(named["detail"]?.string?.contains("\"zarr.json\"") == true)
            #expect(try await desk.get("/v1/chunks/test/x").problem() == "405 method_not_allowed")
        }
    }

    @Test func `only who may read a namespace reads its chunks`() async throws {
        try await ServiceDesk.with { desk in
            for name in ["test", "open"] {
                try await desk.put("x/.zarray", Self.v2.utf8, in: name)
                try await desk.put("x/0", [7], in: name)
            }
            let rows: [(ServiceDesk.Sender, String, Int)] = [
                (.root, "test", 200), (.owner, "test", 200), (.stranger, "test", 403),
                (.nobody, "test", 401), (.stranger, "open", 200), (.nobody, "open", 200),
            ]
            for (sender, name, status) in rows {
                let answer = try await desk.send(
                    .POST,
                    "/v1/chunks/\(name)/x",
                    as: sender,
                    body: Self.body(["0"])
                )
                #expect(answer.status == status, "\(sender) \(name)")
            }
        }
    }

    @Test func `texts that are keys of chunks`() {
        let keys = ["c", "c/0", "c/0/12", "0", "1/0", "c.1.0", "1.0"]
        for key in keys { #expect(ZarrPath.isChunkKey(key), "\(key)") }
        let others = [
            "", "/", "c/", "/0", "0/", "c/x", "d/0", "c/c/0", "zarr.json", "c.", ".0", "c/0.1",
            "-1",
            "c/-1", String(repeating: "0/", count: 40) + "0",
        ]
        for text in others { #expect(!ZarrPath.isChunkKey(text), "\(text)") }
    }
}
