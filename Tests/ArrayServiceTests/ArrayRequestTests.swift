import ArrayModel
import ArrayStorage
import NIOHTTP1
import Testing

@testable import ArrayService

/// Holds the reading of request targets against rows worked by hand.
@Suite struct ArrayRequestTests {
    @Test func `targets are understood`() throws {
        let v0 = try ArrayReference("test/big:v0")
        let rows: [(String, ArrayRequest)] = [
            ("/v1/arrays", .list(page(nil))), ("/v1/arrays/", .list(page(nil))),
            ("/v1/arrays/test", .list(page("test"))), ("/v1/arrays/test/", .list(page("test"))),
            (
                "/v1/arrays/test?prefix=a%2Fb+c&limit=7",
                .list(page("test", prefix: "a/b c", limit: 7))
            ),
            ("/v1/arrays/imagenet:v1", .describe(try ArrayReference("library/imagenet:v1"))),
            ("/v1/arrays/test/big", .describe(try ArrayReference("test/big"))),
            ("/v1/arrays/test/big%3Av0", .describe(v0)),
            ("/v1/arrays/test/big:v0/a/b", .describe(try ArrayReference("test/big:v0/a/b"))),
            ("/v1/data/test/big:v0", data(v0, "")),
            ("/v1/data/test%2Fbig:v0?slice=0%3A10,::-1", data(v0, "0:10,::-1")),
            ("/v1/data/test/big:v0?slice=0:1,+-2&format=raw", data(v0, "0:1, -2", .raw)),
            ("/v1/data/imagenet", data(try ArrayReference("imagenet"), "")),
            ("/v1/data/test/big:v0?X-Amz-Signature=0&x-amz-date=1", data(v0, "")),
            (
                "/v1/stats/test/big:v0?op=mean,%20max,mean",
                .statistics(
                    StatisticsRequest(reference: v0, slice: "", operations: [.mean, .maximum])
                )
            ),
            (
                "/v1/stats/test/big:v0",
                .statistics(StatisticsRequest(reference: v0, slice: "", operations: nil))
            ),
        ]
        for (target, expected) in rows {
            #expect(
                try ArrayRequest(.init(method: .GET, target: target)) == expected,
                "\(target)"
            )
            #expect(ArrayService.serves(target: target))
        }
        #expect(!ArrayService.serves(target: "/v1/arraysque"))
        #expect(!ArrayService.serves(target: "/v1/principals"))
    }

    private func page(
        _ namespace: String?,
        prefix: String = "",
        limit: Int = 100
    ) -> ListRequest {
        ListRequest(namespace: namespace, prefix: prefix, cursor: nil, limit: limit)
    }

    private func data(
        _ reference: ArrayReference,
        _ slice: String,
        _ format: DataFormat = .npy
    ) -> ArrayRequest {
        .data(DataRequest(reference: reference, slice: slice, format: format))
    }

    @Test func `the form follows the parameter, then the Accept header`() throws {
        let rows: [(String, String?, DataFormat)] = [
            ("", nil, .npy), ("", "*/*", .npy), ("", "application/json", .json),
            ("", "Application/JSON;q=0.9", .json), ("", "application/octet-stream", .raw),
            ("?format=npy", "application/json", .npy),
        ]
        for (query, accept, format) in rows {
            let request = try ArrayRequest(
                .init(method: .GET, target: "/v1/data/test/a\(query)", accept: accept)
            )
            #expect(request == data(try ArrayReference("test/a"), "", format))
        }
    }

    @Test func `what is wrong is named`() {
        let digits = String(repeating: "0", count: 64)
        let rows: [(HTTPMethod, String, String)] = [
            (.GET, "/v1", "404 route_missing"), (.GET, "/v1/", "404 route_missing"),
            (.GET, "/v1/array", "404 route_missing"), (.GET, "/v1/arraysx", "404 route_missing"),
            (.POST, "/v1/data/test/a", "405 method_not_allowed"),
            (.DELETE, "/v1/arrays", "405 method_not_allowed"),
            (.GET, "/v1/arrays/%ff", "400 target_invalid"),
            (.GET, "/v1/arrays/%4", "400 target_invalid"),
            (.GET, "/v1/data/test/a?slice=%zz", "400 target_invalid"),
            (.GET, "/v1/data/", "400 reference_invalid"),
            (.GET, "/v1/data", "400 reference_invalid"),
            (.GET, "/v1/data/test//a", "400 reference_invalid"),
            (.GET, "/v1/data/test/../a", "400 reference_invalid"),
            (.GET, "/v1/data/test/a%00", "400 reference_invalid"),
            (.GET, "/v1/data/test/a:b%20c", "400 reference_invalid"),
            (.GET, "/v1/data/test/a?slices=1", "400 parameter_unknown"),
            (.GET, "/v1/arrays/test/a?limit=1", "400 parameter_unknown"),
            (.GET, "/v1/data/test/a?slice=1&slice=2", "400 parameter_repeated"),
            (.GET, "/v1/data/test/a?format=tiff", "400 parameter_invalid"),
            (.GET, "/v1/arrays?limit=0", "400 parameter_invalid"),
            (.GET, "/v1/arrays?limit=1001", "400 parameter_invalid"),
            (.GET, "/v1/arrays?limit=99999999999999999999", "400 parameter_invalid"),
            (.GET, "/v1/arrays?cursor=nonsense", "400 parameter_invalid"),
            (.GET, "/v1/stats/test/a?op=", "400 parameter_invalid"),
            (.GET, "/v1/stats/test/a?op=mean,median", "400 parameter_invalid"),
            (.PUT, "/v1/arrays/test/a@sha256:\(digits)", "400 tag_needed"),
            (.PATCH, "/v1/arrays/test/a@sha256:\(digits)", "400 tag_needed"),
            (.DELETE, "/v1/arrays/test/a@sha256:\(digits)/b", "400 tag_needed"),
            (.PUT, "/v1/data/test/a@sha256:\(digits)", "400 tag_needed"),
            (.POST, "/v1/append/test/a@sha256:\(digits)", "400 tag_needed"),
            (.GET, "/v1/versions/test/a:v0/b", "400 member_given"),
            (.GET, "/v1/versions/test/a@sha256:\(digits)", "400 tag_needed"),
            (.PUT, "/v1/versions/test/a", "400 tag_needed"),
            (.PUT, "/v1/versions/test/a@sha256:\(digits)", "400 tag_needed"),
            (.PATCH, "/v1/versions/test/a@sha256:\(digits)", "400 tag_needed"),
            (.DELETE, "/v1/versions/test/a@sha256:\(digits)", "400 tag_needed"),
            (.DELETE, "/v1/commits/test/a:v0", "400 digest_needed"),
            (.POST, "/v1/commits/test/a@sha256:\(digits)", "400 tag_needed"),
            (.POST, "/v1/drafts/test/a@sha256:\(digits)", "400 tag_needed"),
            (.POST, "/v1/rollbacks/test/a@sha256:\(digits)", "400 tag_needed"),
            (.GET, "/v1/diff/test/a:v0", "400 parameter_invalid"),
            (.GET, "/v1/changes/test?after=-1", "400 parameter_invalid"),
        ]
        for (method, target, expected) in rows {
            do {
                let request = try ArrayRequest(.init(method: method, target: target))
                Issue.record("\(target) was understood: \(request)")
            } catch {
                let problem = error.problem
                #expect("\(problem.status.code) \(problem.code)" == expected, "\(target)")
            }
        }
    }
}
