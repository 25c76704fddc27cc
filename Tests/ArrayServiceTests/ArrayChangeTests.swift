import ArrayModel
import NIOHTTP1
import StorageModel
import Testing

@testable import ArrayService

/// Checks what requests that create and change arrays and groups refuse, keep and say.
///
/// Method: worked requests to the service itself; what zarr-python makes of the results is compared in
/// `Tests/Clients`.
@Suite struct ArrayChangeTests {
    static let array = #"{"shape":[4],"dtype":"u1"}"#

    static func put(
        _ reference: String,
        _ body: String = array,
        headers: HTTPHeaders = [:],
        to desk: ServiceDesk
    ) async throws -> ServiceDesk.Answer {
        try await desk.send(
            .PUT,
            "/v1/arrays/test/\(reference)",
            headers: headers,
            body: Array(body.utf8)
        )
    }

    static func patch(
        _ reference: String,
        _ body: String,
        to desk: ServiceDesk
    ) async throws -> ServiceDesk.Answer {
        try await desk.send(.PATCH, "/v1/arrays/test/\(reference)", body: Array(body.utf8))
    }

    static func stored(_ key: String, in desk: ServiceDesk) async throws -> String {
        let namespace = try #require(desk.store.namespace(try NamespaceName("test")))
        let entry = try #require(try desk.store.lookUp(try ObjectKey(key), in: namespace))
        let bytes = try await desk.store.diskPool.run {
            try desk.store.readBlocking(entry, range: 0..<entry.sizeBytes)
        }
        return String(decoding: bytes.readableBytesView, as: UTF8.self)
    }

    @Test func `nothing is created inside an array`() async throws {
        try await ServiceDesk.with { desk in
            #expect(try await Self.put("g:v1/x", to: desk).status == 201)
            #expect(try await Self.put("whole:v1", to: desk).status == 201)
            for reference in ["g:v1/x/y", "g:v1/x/c/0", "g:v1/x/y/z", "whole:v1/c/0", "whole:v1/m"]
            {
                for body in [
                    Self.array, #"{"kind":"group"}"#,
                    #"{"shape":[1],"dtype":"u1","dialect":"zarr2"}"#,
                ] {
                    let answer = try await Self.put(reference, body, to: desk)
                    #expect(try answer.problem() == "409 inside_array", "\(reference)")
                }
            }
            // A name that only begins like the array's is another one.
            #expect(try await Self.put("g:v1/xy", to: desk).status == 201)
            #expect(try await Self.put("g:v1/x-1", to: desk).status == 201)
        }
    }

    @Test func `an array is not created around others`() async throws {
        try await ServiceDesk.with { desk in
            let inner = try await Self.put("g:v1/a/b", to: desk)
            #expect(inner.status == 201)
            let outer = try await Self.put("g:v1/a", to: desk)
            #expect(try outer.problem() == "409 members_inside")
            let group = try await Self.put("g:v1/a", #"{"kind":"group"}"#, to: desk)
            #expect(group.status == 201)
        }
    }

    @Test func `of creators around and inside each other one wins`() async throws {
        try await ServiceDesk.with { desk in
            #expect(try await Self.put("g:v1", #"{"kind":"group"}"#, to: desk).status == 201)
            for number in 0..<20 {
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for reference in [
                        "g:v1/n\(number)", "g:v1/n\(number)/m", "g:v1/n\(number)/m/o",
                    ] {
                        group.addTask { try await Self.put(reference, to: desk).status }
                    }
                    return try await group.reduce(into: [Int]()) { $0.append($1) }
                }
                #expect(statuses.sorted() == [201, 409, 409])
            }
        }
    }

    @Test func `what S3 clients wrote inside an array is left out of the group's document`()
        async throws
    {
        try await ServiceDesk.with { desk in
            #expect(try await Self.put("g:v1/x", to: desk).status == 201)
            #expect(try await Self.put("g:v1/z", to: desk).status == 201)
            try await desk.put("g:v1/x/y/zarr.json", Self.stored("g:v1/x/zarr.json", in: desk).utf8)
            let document = try await desk.get("/v1/zarr/test/g:v1/zarr.json").json()
            let members = try #require(document["consolidated_metadata"]?["metadata"]?.members)
            #expect(members.map(\.name) == ["x", "z"])
        }
    }

    @Test(arguments: ["zarr3", "zarr2"])
    func `the attributes of a group are changed`(_ dialect: String) async throws {
        try await ServiceDesk.with { desk in
            let body = #"{"kind":"group","dialect":"\#(dialect)","attributes":{"a":1,"b":{"c":2}}}"#
            #expect(try await Self.put("g:v1", body, to: desk).status == 201)
            let merged = try await Self.patch(
                "g:v1",
                #"{"attributes":{"a":null,"b":{"d":3}}}"#,
                to: desk
            )
            #expect(merged.status == 200)
            #expect(
                try merged.json()["attributes"]?.serialized() == Array(#"{"b":{"c":2,"d":3}}"#.utf8)
            )
            let replaced = try await Self.patch(
                "g:v1",
                #"{"attributes":{"x":[]},"attribute_policy":"replace"}"#,
                to: desk
            )
            #expect(try replaced.json()["attributes"]?.serialized() == Array(#"{"x":[]}"#.utf8))
            #expect(try replaced.json()["kind"]?.string == "group")
            let shaped = try await Self.patch("g:v1", #"{"shape":[2]}"#, to: desk)
            #expect(try shaped.problem() == "422 group_not_sliceable")
        }
    }

    @Test(arguments: [
        "{\"a\":\"\u{e9}\"}".unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) },
        [0xEF, 0xBB, 0xBF] + Array("{}".utf8),
        Array(#"{"a":"\ud800"}"#.utf8),
        Array((String(repeating: "[", count: 200) + String(repeating: "]", count: 200)).utf8),
        Array(#"{"a":1"#.utf8),
        Array("[1,2]".utf8),
        Array("{\"a\":\"\(String(repeating: "x", count: 5 << 20))\"}".utf8),
    ])
    func `attributes that cannot be read are not thrown away`(_ bytes: [UInt8]) async throws {
        try await ServiceDesk.with { desk in
            let body = #"{"shape":[4],"dtype":"u1","dialect":"zarr2"}"#
            #expect(try await Self.put("a:v1", body, to: desk).status == 201)
            try await desk.put("a:v1/.zattrs", bytes)
            let merged = try await Self.patch("a:v1", #"{"attributes":{"b":2}}"#, to: desk)
            #expect(try merged.problem() == "422 attributes_unreadable")
            #expect(try merged.json()["key"]?.string == ".zattrs")
            let kept = try await Self.stored("a:v1/.zattrs", in: desk)
            #expect(kept.utf8.count >= bytes.count)
            // Nor with another shape beside them.
            let shaped = try await Self.patch("a:v1", #"{"shape":[9],"attributes":{}}"#, to: desk)
            #expect(try shaped.problem() == "422 attributes_unreadable")
            #expect(try await desk.get("/v1/arrays/test/a:v1").json()["shape"] == .integers([4]))
            let replaced = try await Self.patch(
                "a:v1",
                #"{"attributes":{"b":2},"attribute_policy":"replace"}"#,
                to: desk
            )
            #expect(replaced.status == 200)
            let after = try await JSONValue(
                parsing: Array(Self.stored("a:v1/.zattrs", in: desk).utf8)
            )
            #expect(after.serialized() == Array(#"{"b":2}"#.utf8))
        }
    }

    @Test func `numbers that JSON has no word for stay numbers`() async throws {
        try await ServiceDesk.with { desk in
            #expect(
                try await Self.put("a:v1", #"{"shape":[4],"dtype":"u1"}"#, to: desk).status == 201
            )
            let document = try await Self.stored("a:v1/zarr.json", in: desk)
            let attributes = #""attributes": {"a": NaN, "b": [Infinity, -Infinity]}"#
            let changed = document.replacing(#""attributes": {}"#, with: attributes)
            try #require(changed != document)
            try await desk.put("a:v1/zarr.json", changed.utf8)
            #expect(try await Self.patch("a:v1", #"{"shape":[5]}"#, to: desk).status == 200)
            let after = try await Self.stored("a:v1/zarr.json", in: desk)
            let kept = try JSONValue(parsing: Array(after.utf8))["attributes"]
            #expect(
                kept
                    == .members([
                        "a": .double(.nan), "b": .array([.double(.infinity), .double(-.infinity)]),
                    ])
            )
            // In answers they are words, which every reader of JSON takes.
            let described = try await desk.get("/v1/arrays/test/a:v1").json()["attributes"]
            #expect(described?["a"]?.string == "NaN")
        }
    }

    @Test(
        arguments: [
            (.PUT, "/v1/data/test/a:v1?format=raw", "If-Match", "\"x\""),
            (.PUT, "/v1/data/test/a:v1?format=raw", "If-None-Match", "*"),
            (
                .PUT, "/v1/data/test/a:v1?format=raw", "If-Unmodified-Since",
                "Sat, 01 Jan 2000 00:00:00 GMT"
            ),
            (.POST, "/v1/append/test/a:v1", "If-Match", "*"),
            (.PATCH, "/v1/arrays/test/a:v1", "If-None-Match", "\"x\""),
            (.DELETE, "/v1/arrays/test/a:v1", "If-Match", "\"x\""),
            (.PUT, "/v1/arrays/test/b:v1", "If-Match", "\"x\""),
            (.PUT, "/v1/arrays/test/b:v1", "If-None-Match", "\"x\""),
        ] as [(HTTPMethod, String, String, String)]
    )
    func `a condition that is not held to is refused`(
        _ method: HTTPMethod,
        _ target: String,
        _ header: String,
        _ value: String
    ) async throws {
        try await ServiceDesk.with { desk in
            #expect(try await Self.put("a:v1", to: desk).status == 201)
            let answer = try await desk.send(
                method,
                target,
                headers: [header: value],
                body: [1, 2, 3, 4]
            )
            #expect(try answer.problem() == "400 condition_unsupported")
            #expect(try answer.json()["header"]?.string == header)
            let data = try await desk.get("/v1/data/test/a:v1?format=raw")
            #expect(data.bytes == [0, 0, 0, 0])
        }
    }

    @Test func `what is created only if it is not there`() async throws {
        try await ServiceDesk.with { desk in
            let absent: HTTPHeaders = ["If-None-Match": "*"]
            #expect(try await Self.put("a:v1", headers: absent, to: desk).status == 201)
            let again = try await Self.put("a:v1", headers: absent, to: desk)
            #expect(try again.problem() == "412 precondition_failed")
        }
    }

    @Test(
        arguments: [
            (.PUT, "/v1/data/test/a:v1?format=raw"), (.POST, "/v1/append/test/a:v1"),
            (.PUT, "/v1/arrays/test/b:v1"), (.POST, "/v1/gather/test/a:v1"),
            (.PUT, "/v1/namespaces/other"),
        ] as [(HTTPMethod, String)]
    )
    func `a body in a coding is refused`(_ method: HTTPMethod, _ target: String) async throws {
        try await ServiceDesk.with { desk in
            #expect(try await Self.put("a:v1", to: desk).status == 201)
            for coding in ["gzip", "zstd", "identity, br"] {
                let answer = try await desk.send(
                    method,
                    target,
                    headers: ["Content-Encoding": coding],
                    body: [1, 2, 3, 4]
                )
                #expect(try answer.problem() == "415 content_encoding_unsupported")
                #expect(answer.headers.first(name: "Accept-Encoding") == "identity")
            }
        }
    }

    @Test func `a body as it is may say so`() async throws {
        try await ServiceDesk.with { desk in
            #expect(try await Self.put("a:v1", to: desk).status == 201)
            let answer = try await desk.send(
                .PUT,
                "/v1/data/test/a:v1?format=raw",
                headers: ["Content-Encoding": "identity"],
                body: [1, 2, 3, 4]
            )
            #expect(answer.status == 200)
        }
    }

    @Test(arguments: [
        (#"{"shape":[1],"shape":[2],"dtype":"u1"}"#, "400 body_invalid", "twice"),
        (#"{"shape":[1],"dtype":"u1","attributes":{"a":1,"a":2}}"#, "400 body_invalid", "twice"),
        (#"{"shape":[-1,4],"dtype":"u1"}"#, "400 specification_invalid", "axis 0 is -1"),
        (#"{"shape":[4,1.5],"dtype":"u1"}"#, "400 specification_invalid", "axis 1 is 1.5"),
        (#"{"shape":5,"dtype":"u1"}"#, "400 specification_invalid", "list of whole numbers"),
        (
            #"{"shape":[1],"dtype":"u1","codecs":[{"name":"zip"}]}"#, "422 codec_missing",
            "numcodecs.lz4"
        ),
    ])
    func `what cannot be created is told`(
        _ body: String,
        _ problem: String,
        _ words: String
    ) async throws {
        try await ServiceDesk.with { desk in
            let answer = try await Self.put("a:v1", body, to: desk)
            #expect(try answer.problem() == problem)
            #expect(try answer.json()["detail"]?.string?.contains(words) == true)
            #expect(try await desk.get("/v1/arrays/test/a:v1").status == 404)
        }
    }

    @Test(arguments: [
        ("{}", "400 specification_invalid", "\"shape\", or \"attributes\""),
        (#"{"shape":[-1]}"#, "400 specification_invalid", "axis 0 is -1"),
        (#"{"shape":"4"}"#, "400 specification_invalid", "list of whole numbers"),
        (#"{"shape":[2],"shape":[3]}"#, "400 body_invalid", "twice"),
    ])
    func `what cannot be changed is told`(
        _ body: String,
        _ problem: String,
        _ words: String
    ) async throws {
        try await ServiceDesk.with { desk in
            #expect(try await Self.put("a:v1", to: desk).status == 201)
            let answer = try await Self.patch("a:v1", body, to: desk)
            #expect(try answer.problem() == problem)
            #expect(try answer.json()["detail"]?.string?.contains(words) == true)
        }
    }

    @Test(arguments: [
        ("c8", "5", "[5.0,0.0]"), ("c16", "-1.5", "[-1.5,0.0]"), ("c8", "[1,2]", "[1.0,2.0]"),
        ("c8", "NaN", #"["NaN",0.0]"#), ("f4", "NaN", #""NaN""#),
        ("f8", "-Infinity", #""-Infinity""#),
        ("f4", "0.1", "0.1"), ("i4", "7", "7"),
    ])
    func `fill values are spelled as Zarr v3 wants them`(
        _ type: String,
        _ given: String,
        _ stored: String
    ) async throws {
        try await ServiceDesk.with { desk in
            let body = #"{"shape":[4],"dtype":"\#(type)","fill_value":\#(given)}"#
            #expect(try await Self.put("a:v1", body, to: desk).status == 201)
            let document = try await JSONValue(
                parsing: Array(Self.stored("a:v1/zarr.json", in: desk).utf8)
            )
            #expect(document["fill_value"]?.serialized() == Array(stored.utf8))
        }
    }
}
