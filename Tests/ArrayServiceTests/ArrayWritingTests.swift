import ArrayModel
import Foundation
import NIOHTTP1
import Testing

@testable import ArrayService

/// Checks requests that change arrays: their bodies, their answers, their refusals.
///
/// Method: worked requests to the service itself; what ends up in arrays is compared with NumPy and other
/// clients in `Tests/Clients`.
@Suite struct ArrayWritingTests {
    static let specification = #"{"shape":[4,3],"dtype":"<i2","chunks":[2,3]}"#

    static func npy(_ shape: [Int], _ values: [Int16]) -> [UInt8] {
        NPYHeader(dataType: .int16, shape: shape).bytes()
            + values.flatMap {
                [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
            }
    }

    static func send(
        _ method: HTTPMethod,
        _ target: String,
        _ body: [UInt8] = [],
        to desk: ServiceDesk
    ) async throws -> ServiceDesk.Answer {
        try await desk.get(target, method: method, body: body)
    }

    @Test func `an array is created, written, extended and deleted`() async throws {
        try await ServiceDesk.with { desk in
            let created = try await Self.send(
                .PUT,
                "/v1/arrays/test/a:v0",
                Array(Self.specification.utf8),
                to: desk
            )
            #expect(created.status == 201)
            #expect(try created.json()["reference"]?.string == "test/a:v0")
            #expect(try created.json()["chunk_shape"] == .integers([2, 3]))

            let written = try await Self.send(
                .PUT,
                "/v1/data/test/a:v0?slice=1:3,::-1",
                Self.npy([3], [1, 2, -3]),
                to: desk
            )
            #expect(written.status == 200)
            #expect(try written.json()["chunks_written"]?.integer == 2)
            let read = try await desk.get("/v1/data/test/a:v0?format=json")
            #expect(
                try read.json().serialized() == Array("[[0,0,0],[-3,2,1],[-3,2,1],[0,0,0]]".utf8)
            )

            let appended = try await Self.send(
                .POST,
                "/v1/append/test/a:v0",
                Self.npy([1, 3], [7, 8, 9]),
                to: desk
            )
            #expect(try appended.json()["start"]?.integer == 4)
            #expect(try appended.json()["shape"] == .integers([5, 3]))
            let last = try await desk.get("/v1/data/test/a:v0?slice=-1&format=json")
            #expect(try last.json() == .integers([7, 8, 9]))

            let deleted = try await Self.send(.DELETE, "/v1/arrays/test/a:v0", to: desk)
            #expect(try deleted.json()["deleted_keys"]?.integer == 4)
            #expect(try await desk.get("/v1/arrays/test/a:v0").problem() == "404 array_missing")
        }
    }

    @Test func `new axes, and lists that name an index twice, are for reading`() async throws {
        try await ServiceDesk.with { desk in
            _ = try await Self.send(
                .PUT,
                "/v1/arrays/test/a:v0",
                Array(Self.specification.utf8),
                to: desk
            )
            for slice in ["[0,0]", "[0,-4]", "[3,1,2,1]", "None,0", "[0,1],None", "0:2,[1,1]"] {
                let answer = try await Self.send(
                    .PUT,
                    "/v1/data/test/a:v0?slice=\(slice)",
                    Self.npy([], [5]),
                    to: desk
                )
                #expect(try answer.problem() == "400 slice_invalid", "\(slice)")
                let read = try await desk.get("/v1/data/test/a:v0?slice=\(slice)&format=json")
                #expect(read.status == 200, "\(slice)")
            }
            #expect(
                try await desk.get("/v1/arrays/test/a:v0").json()["chunks_stored"]?.integer == 0
            )
        }
    }

    @Test func `a repeated write changes nothing more`() async throws {
        try await ServiceDesk.with { desk in
            _ = try await Self.send(
                .PUT,
                "/v1/arrays/test/a:v0",
                Array(Self.specification.utf8),
                to: desk
            )
            var hashes: Set<String> = []
            for _ in 0..<3 {
                let answer = try await Self.send(
                    .PUT,
                    "/v1/data/test/a:v0?slice=0:3",
                    Self.npy([3], [5, 6, 7]),
                    to: desk
                )
                #expect(answer.status == 200)
                let description = try await desk.get("/v1/arrays/test/a:v0").json()
                hashes.insert(description["content_hash"]?.string ?? "")
            }
            #expect(hashes.count == 1)
        }
    }

    @Test func `a region without elements takes none`() async throws {
        try await ServiceDesk.with { desk in
            _ = try await Self.send(
                .PUT,
                "/v1/arrays/test/a:v0",
                Array(Self.specification.utf8),
                to: desk
            )
            let answer = try await Self.send(
                .PUT,
                "/v1/data/test/a:v0?slice=2:2",
                Self.npy([0, 3], []),
                to: desk
            )
            #expect(answer.status == 200)
            #expect(try answer.json()["chunks_written"]?.integer == 0)
        }
    }

    @Test(arguments: [
        ServiceDesk.Sender.stranger, .nobody,
    ])
    func `who may not write is refused before the body is read`(
        _ sender: ServiceDesk.Sender
    ) async throws {
        try await ServiceDesk.with { desk in
            // Also where everybody may read.
            for (method, target) in [
                (HTTPMethod.PUT, "/v1/arrays/open/a:v0"), (.PATCH, "/v1/arrays/open/a:v0"),
                (.DELETE, "/v1/arrays/open/a:v0"), (.PUT, "/v1/data/open/a:v0"),
                (.POST, "/v1/append/open/a:v0"),
            ] {
                let answer = try await desk.get(target, as: sender, method: method)
                #expect(answer.status == (sender.keys == nil ? 401 : 403), "\(method) \(target)")
            }
        }
    }

    @Test(arguments: [
        ("/v1/data/test/a:v0?slice=0&slice=1", "400 parameter_repeated"),
        ("/v1/data/test/a:v0?limit=1", "400 parameter_unknown"),
        ("/v1/data/test/a:v0?format=json", "400 parameter_invalid"),
        ("/v1/data/test/a:~", "400 reference_invalid"),
        ("/v1/data/nowhere/a:v0", "404 namespace_missing"),
        ("/v1/data/test/b:v0", "404 array_missing"),
        ("/v1/stats/test/a:v0", "405 method_not_allowed"),
        ("/v1/append/test/a:v0", "405 method_not_allowed"),
    ])
    func `requests that cannot be are refused`(_ target: String, _ problem: String) async throws {
        try await ServiceDesk.with { desk in
            _ = try await Self.send(
                .PUT,
                "/v1/arrays/test/a:v0",
                Array(Self.specification.utf8),
                to: desk
            )
            #expect(try await Self.send(.PUT, target, to: desk).problem() == problem)
        }
    }

    @Test func `a name is given once, whatever the layout`() async throws {
        try await ServiceDesk.with { desk in
            for (name, key) in [
                ("a:v0", "a:v0/.zgroup"), ("b", "b/zarr.json"), ("c:v0", "c:v0/info.txt"),
            ] {
                // An `info.txt` that is none of an array is in the way as well.
                try await desk.put(key, Array(#"{"zarr_format":2}"#.utf8))
                let answer = try await Self.send(
                    .PUT,
                    "/v1/arrays/test/\(name)",
                    Array(Self.specification.utf8),
                    to: desk
                )
                #expect(try answer.problem() == "409 array_exists", "\(name)")
            }
        }
    }
}
