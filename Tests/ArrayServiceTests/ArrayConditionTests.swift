import ArrayModel
import ArrayStorage
import NIOHTTP1
import StorageModel
import Testing

@testable import ArrayService

/// Checks that a change of metadata, and a rollback, can be made to depend on what the client knows.
///
/// Method: descriptions give the tag; others change what it names, or race; what is refused has changed nothing.
@Suite struct ArrayConditionTests {
    static let dialects = ["zarr3", "zarr2"]

    /// Creates an array of four bytes, or a group, and gives its tag.
    private func create(
        _ name: String,
        _ dialect: String,
        kind: String = "array",
        in desk: ServiceDesk
    ) async throws -> String {
        let shape = kind == "array" ? #""shape": [4], "dtype": "uint8", "chunks": [2],"# : ""
        let body = """
            {"kind": "\(kind)", \(shape) "dialect": "\(dialect)", "attributes": {"a": 1}}
            """
        let created = try await desk.send(.PUT, "/v1/arrays/test/\(name)", body: Array(body.utf8))
        #expect(created.status == 201)
        return try #require(try created.json()["metadata_entity_tag"]?.string)
    }

    private func tag(_ name: String, in desk: ServiceDesk) async throws -> String {
        let described = try await desk.get("/v1/arrays/test/\(name)").json()
        return try #require(described["metadata_entity_tag"]?.string)
    }

    private func patch(
        _ name: String,
        _ body: String,
        ifMatch: String?,
        in desk: ServiceDesk
    ) async throws -> ServiceDesk.Answer {
        try await desk.send(
            .PATCH,
            "/v1/arrays/test/\(name)",
            headers: ifMatch.map { ["If-Match": $0] } ?? [:],
            body: Array(body.utf8)
        )
    }

    @Test(arguments: dialects)
    func `the tag follows the metadata and nothing else`(_ dialect: String) async throws {
        try await ServiceDesk.with { desk in
            var last = try await create("x:v1", dialect, in: desk)
            #expect(try await tag("x:v1", in: desk) == last)
            let written = try await desk.send(
                .PUT,
                "/v1/data/test/x:v1?format=raw",
                headers: ["Content-Type": "application/octet-stream"],
                body: [1, 2, 3, 4]
            )
            #expect(written.status == 200)
            #expect(try await tag("x:v1", in: desk) == last)
            let changes = [
                #"{"shape": [6]}"#, #"{"shape": [3]}"#, #"{"attributes": {"b": 2}}"#,
                #"{"shape": [5], "attributes": {"b": null}}"#,
            ]
            for change in changes {
                let answer = try await patch("x:v1", change, ifMatch: last, in: desk)
                let now = try #require(try answer.json()["metadata_entity_tag"]?.string)
                #expect(now != last, "\(change)")
                #expect(try await tag("x:v1", in: desk) == now, "\(change)")
                last = now
            }
        }
    }

    @Test(arguments: dialects, ["array", "group"])
    func `what was made for another state changes nothing`(
        _ dialect: String,
        _ kind: String
    ) async throws {
        try await ServiceDesk.with { desk in
            let stale = try await create("x:v1", dialect, kind: kind, in: desk)
            let change = #"{"attributes": {"a": 2}}"#
            #expect(try await patch("x:v1", change, ifMatch: stale, in: desk).status == 200)
            let now = try await tag("x:v1", in: desk)
            let others = [
                stale, "W/\(now)", String(now.dropFirst().dropLast()), "\"\"", "\"x\"",
                "\"\(now)\"", "\"-1\"", "\(stale), \"99999999999999999999\"",
            ]
            for tags in others {
                let other = #"{"attributes": {"a": 3}}"#
                let answer = try await patch("x:v1", other, ifMatch: tags, in: desk)
                #expect(try answer.problem() == "412 precondition_failed", "\(tags)")
            }
            let described = try await desk.get("/v1/arrays/test/x:v1").json()
            #expect(described["attributes"] == .members(["a": .integer(2)]))
            #expect(described["metadata_entity_tag"]?.string == now)
            for tags in ["\(stale), \(now)", "*"] {
                let answer = try await patch("x:v1", change, ifMatch: tags, in: desk)
                #expect(answer.status == 200, "\(tags)")
            }
            let missing = try await patch("y:v1", change, ifMatch: now, in: desk)
            #expect(try missing.problem() == "404 array_missing")
        }
    }

    @Test(arguments: ["shape", "attributes"])
    func `attributes beside the metadata belong to its state`(_ member: String) async throws {
        try await ServiceDesk.with { desk in
            let stale = try await create("x:v1", "zarr2", in: desk)
            // An S3 client, which knows nothing of arrays.
            try await desk.put("x:v1/.zattrs", #"{"a": 9}"#.utf8)
            let change = member == "shape" ? #"{"shape": [2]}"# : #"{"attributes": {"b": 1}}"#
            let refused = try await patch("x:v1", change, ifMatch: stale, in: desk)
            #expect(try refused.problem() == "412 precondition_failed")
            try await desk.delete("x:v1/.zattrs")
            let none = try await tag("x:v1", in: desk)
            #expect(none.hasSuffix("-0\""))
            #expect(try await patch("x:v1", change, ifMatch: none, in: desk).status == 200)
            try await desk.put("x:v1/.zattrs", "{}".utf8)
            let again = try await patch("x:v1", change, ifMatch: none, in: desk)
            #expect(try again.problem() == "412 precondition_failed")
        }
    }

    @Test(
        arguments: dialects,
        [#"{"shape": [9]}"#, #"{"shape": [1]}"#, #"{"attributes": {"c": 3}}"#]
    )
    func `of many who change one state one does`(_ dialect: String, _ body: String) async throws {
        try await ServiceDesk.with { desk in
            let tag = try await create("x:v1", dialect, in: desk)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<16 {
                    group.addTask { try await patch("x:v1", body, ifMatch: tag, in: desk).status }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200] + [Int](repeating: 412, count: 15))
        }
    }

    @Test func `what was committed has no tag`() async throws {
        try await ServiceDesk.with { desk in
            _ = try await create("x:v1", "zarr3", in: desk)
            let commit = try await desk.send(.POST, "/v1/commits/test/x:v1", body: Array("{}".utf8))
            let digest = try #require(try commit.json()["digest"]?.string)
            let described = try await desk.get("/v1/arrays/test/x@\(digest)").json()
            #expect(described["kind"] == .string("array"))
            #expect(described["metadata_entity_tag"] == nil)
        }
    }

    @Test func `a version is rolled back from what the client knows`() async throws {
        try await ServiceDesk.with { desk in
            _ = try await create("x:v1", "zarr3", in: desk)
            let commit = try await desk.send(.POST, "/v1/commits/test/x:v1", body: Array("{}".utf8))
            let digest = try #require(try commit.json()["digest"]?.string)
            @Sendable func hash() async throws -> String {
                let version = try await desk.get("/v1/versions/test/x:v1").json()
                return "\"\(try #require(version["content_hash"]?.string))\""
            }
            @Sendable func rollBack(_ headers: HTTPHeaders) async throws -> ServiceDesk.Answer {
                let body = Array("{\"to\": \"\(digest)\"}".utf8)
                return try await desk.send(
                    .POST,
                    "/v1/rollbacks/test/x:v1",
                    headers: headers,
                    body: body
                )
            }
            let committed = try await hash()
            try await desk.put("x:v1/c/0", [7])
            let changed = try await hash()
            #expect(changed != committed)
            for tags in [committed, "W/\(changed)", "\"\"", changed.uppercased() + "0"] {
                let answer = try await rollBack(["If-Match": tags])
                #expect(try answer.problem() == "412 precondition_failed", "\(tags)")
            }
            for header in ["If-None-Match", "If-Unmodified-Since"] {
                let answer = try await rollBack([header: "*"])
                #expect(try answer.problem() == "400 condition_unsupported")
            }
            #expect(try await hash() == changed)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await rollBack(["If-Match": changed]).status }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200] + [Int](repeating: 412, count: 7))
            #expect(try await hash() == committed)
            #expect(try await rollBack(["If-Match": "*"]).status == 200)
            #expect(try await rollBack(["If-Match": "\(changed), \(committed)"]).status == 200)
        }
    }

    @Test func `states as text`() {
        for text in ["0", "17", "17-0", "17-23", "9223372036854775807"] {
            #expect(MetadataState(text)?.text == text, "\(text)")
        }
        let others = [
            "", "-", "17-", "-17", "+17", "017", " 17", "17-23-5", "17-+2", "x",
            "9223372036854775808",
            "１７",
        ]
        for text in others { #expect(MetadataState(text) == nil, "\(text)") }
        let hash = ContentHash(high: 0xFEDC, low: 1 << 63)
        #expect(ContentHash(hexadecimal: hash.hexadecimal) == hash)
        for text in ["", "0", hash.hexadecimal.uppercased(), "+" + hash.hexadecimal.dropFirst()] {
            #expect(ContentHash(hexadecimal: text) == nil, "\(text)")
        }
    }
}
