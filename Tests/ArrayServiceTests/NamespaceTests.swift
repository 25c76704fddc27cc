import ArrayModel
import NIOHTTP1
import Testing

@testable import ArrayService

/// Holds the calls for namespaces against the rules of S3's calls for buckets.
@Suite struct NamespaceTests {
    private static let path = "/v1/namespaces"

    @Test func `a namespace is created, described, changed and deleted`() async throws {
        try await ServiceDesk.with { desk in
            let created = try await desk.send(.PUT, "\(Self.path)/new")
            #expect(created.status == 201)
            #expect(created.headers.first(name: "location") == "/v1/namespaces/new")
            let expected = JSONValue.members([
                "name": .string("new"), "owner": .string("owner"), "access": .string("private"),
                "created": .string("2026-11-22T10:05:00.123Z"), "arrays": .integer(0),
                "groups": .integer(0), "truncated": .bool(false), "objects": .integer(0),
                "bytes": .integer(0), "kept_objects": .integer(0), "kept_bytes": .integer(0),
            ])
            #expect(try created.json() == expected)
            #expect(try await desk.get("\(Self.path)/new").json() == expected)
            #expect(try await desk.send(.PUT, "\(Self.path)/new").status == 200)
            let opened = try await desk.send(
                .PATCH,
                "\(Self.path)/new/",
                body: Array(#"{"access": "public-read"}"#.utf8)
            )
            #expect(try opened.json()["access"] == .string("public-read"))
            #expect(try await desk.get("\(Self.path)/new", as: .nobody).status == 200)
            let same = try await desk.send(
                .PUT,
                "\(Self.path)/new",
                body: Array(#"{"access": "private"}"#.utf8)
            )
            #expect(try same.problem() == "409 namespace_exists")
            try await desk.put("x/.zarray", ZarrViewTests.v2.utf8, in: "new")
            try await desk.put("g/.zgroup", #"{"zarr_format": 2}"#.utf8, in: "new")
            let filled = try await desk.get("\(Self.path)/new").json()
            #expect(filled["arrays"]?.integer == 1 && filled["groups"]?.integer == 1)
            let refused = try await desk.send(.DELETE, "\(Self.path)/new")
            #expect(try refused.problem() == "409 namespace_not_empty")
            try await desk.delete("x/.zarray", in: "new")
            try await desk.delete("g/.zgroup", in: "new")
            let deleted = try await desk.send(.DELETE, "\(Self.path)/new")
            #expect(deleted.status == 204 && deleted.bytes.isEmpty)
            #expect(
                try await desk.get("\(Self.path)/new").problem() == "404 namespace_missing"
            )
        }
    }

    @Test func `everybody is listed what they may list, page by page`() async throws {
        try await ServiceDesk.with { desk in
            for name in ["alpha", "beta", "gamma"] {
                #expect(
                    try await desk.send(.PUT, "\(Self.path)/\(name)", as: .stranger).status == 201
                )
            }
            let rows: [(ServiceDesk.Sender, String, [String])] = [
                (.root, "", ["alpha", "beta", "gamma", "open", "test"]),
                (.owner, "", ["open", "test"]), (.owner, "&prefix=t", ["test"]),
                (.stranger, "", ["alpha", "beta", "gamma", "open"]),
                (.stranger, "&prefix=be", ["beta"]), (.stranger, "&prefix=x", []),
            ]
            for (sender, query, expected) in rows {
                for limit in 1...6 {
                    var found: [String] = []
                    var cursor = ""
                    repeat {
                        let target = "\(Self.path)?limit=\(limit)\(query)\(cursor)"
                        let page = try await desk.get(target, as: sender).json()
                        let entries = try #require(page["namespaces"]?.elements)
                        #expect(entries.count <= limit)
                        found += entries.compactMap { $0["name"]?.string }
                        cursor = page["next"]?.string.map { "&cursor=\($0)" } ?? ""
                    } while !cursor.isEmpty
                    #expect(found == expected)
                }
            }
        }
    }

    @Test func `what is wrong or not allowed is told`() async throws {
        try await ServiceDesk.with { desk in
            let long = #"{"access": ""# + String(repeating: "x", count: 70_000) + #""}"#
            let rows: [(HTTPMethod, String, ServiceDesk.Sender, String, String)] = [
                (.GET, "", .nobody, "", "401 unauthenticated"),
                (.GET, "/test", .nobody, "", "401 unauthenticated"),
                (.GET, "/test", .stranger, "", "403 access_denied"),
                (.GET, "/none", .owner, "", "404 namespace_missing"),
                (.PUT, "", .owner, "", "405 method_not_allowed"),
                (.POST, "/new", .owner, "", "405 method_not_allowed"),
                (.PUT, "/new", .nobody, "", "401 unauthenticated"),
                (.PUT, "/test", .stranger, "", "409 namespace_taken"),
                (.PUT, "/No", .owner, "", "400 namespace_name_invalid"),
                (.PUT, "/a/b", .owner, "", "400 namespace_name_invalid"),
                (.PUT, "/new?limit=1", .owner, "", "400 parameter_unknown"),
                (.PUT, "/new", .owner, "{", "400 body_invalid"),
                (.PUT, "/new", .owner, "[]", "400 body_invalid"),
                (.PUT, "/new", .owner, #"{"acces": "private"}"#, "400 member_unknown"),
                (.PUT, "/new", .owner, #"{"access": 1}"#, "400 member_invalid"),
                (.PUT, "/new", .owner, #"{"access": "public"}"#, "400 member_invalid"),
                (.PUT, "/new", .owner, long, "413 body_too_large"),
                (.PATCH, "/test", .owner, "", "400 member_missing"),
                (.PATCH, "/open", .stranger, #"{"access": "private"}"#, "403 access_denied"),
                (.PATCH, "/test", .nobody, #"{"access": "private"}"#, "401 unauthenticated"),
                (.DELETE, "/open", .stranger, "", "403 access_denied"),
                (.DELETE, "/none", .owner, "", "404 namespace_missing"),
            ]
            for (method, path, sender, body, expected) in rows {
                let answer = try await desk.send(
                    method,
                    Self.path + path,
                    as: sender,
                    body: Array(body.utf8)
                )
                #expect(try answer.problem() == expected, "\(method) \(path) \(body.prefix(40))")
            }
            #expect(try await desk.get("\(Self.path)/new").status == 404)
            let refused = try await desk.send(.PUT, Self.path)
            #expect(refused.headers.first(name: "allow") == "GET, HEAD")
        }
    }
}
