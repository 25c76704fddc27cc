import NIOHTTP1
import Testing

@testable import ArrayService

/// Checks that web pages of any origin may read what the array API answers, errors too, and no more.
@Suite struct CrossOriginTests {
    @Test func `every resource tells pages what they may ask, without keys`() async throws {
        try await ServiceDesk.with { desk in
            for route in ArrayRequest.Route.allCases {
                let answer = try await desk.send(
                    .OPTIONS,
                    "/v1/\(route.rawValue)/test/x:v0",
                    as: .nobody,
                    headers: [
                        "Origin": "https://viewer.example", "Access-Control-Request-Method": "GET",
                        "Access-Control-Request-Headers": "authorization,range",
                    ]
                )
                #expect(answer.status == 204 && answer.bytes.isEmpty)
                let headers = answer.headers
                #expect(headers["access-control-allow-origin"] == ["*"])
                #expect(headers["access-control-allow-methods"] == ["GET, HEAD"])
                for name in ["Authorization", "Range", "If-None-Match"] {
                    let allowed = headers[canonicalForm: "access-control-allow-headers"]
                    #expect(allowed.contains(Substring(name)), "\(name)")
                }
                let methods = (route.methods + [.OPTIONS]).map(\.rawValue)
                #expect(headers["allow"] == [methods.joined(separator: ", ")])
            }
            #expect(try await desk.send(.OPTIONS, "/v1/nothing").problem() == "404 route_missing")
        }
    }

    @Test func `answers and refusals can be read by pages`() async throws {
        try await ServiceDesk.with { desk in
            try await desk.put("x/.zarray", ZarrViewTests.v2.utf8)
            let rows = [
                ("arrays", 200), ("data/test/x", 200), ("stats/test/x", 200),
                ("zarr/test/x/zarr.json", 200), ("zarr/test/x/0", 404), ("namespaces", 200),
                ("openapi.json", 200), ("data/test/none", 404), ("data/test/x?slice=9", 400),
            ]
            for (path, status) in rows {
                let answer = try await desk.get("/v1/\(path)")
                #expect(answer.status == status, "\(path)")
                #expect(answer.headers["access-control-allow-origin"] == ["*"], "\(path)")
                #expect(answer.headers["cross-origin-resource-policy"] == ["cross-origin"])
                #expect(answer.headers["access-control-allow-credentials"].isEmpty)
                let shown = answer.headers[canonicalForm: "access-control-expose-headers"]
                for name in ["Content-Range", "Content-Length", "ETag", "X-Nave-Shape"] {
                    #expect(shown.contains(Substring(name)), "\(name)")
                }
            }
        }
    }
}
