import NIOCore
import NIOHTTP1
import Testing

@testable import HTTPServing

/// Checks the bytes of response heads and the framing that is chosen for a response.
@Suite struct ResponseHeadTests {
    static func text(
        _ status: HTTPResponseStatus,
        _ headers: HTTPHeaders = [:],
        _ framing: ResponseHead.Framing = .sized(0),
        _ connection: ResponseHead.Connection = .unsaid
    ) -> String {
        var output = ByteBuffer()
        ResponseHead(status: status, headers: headers, framing: framing)
            .write(into: &output, date: "D", connection: connection)
        return String(buffer: output)
    }

    @Test func `heads are written as they are sent`() {
        #expect(
            Self.text(.ok, ["ETag": "\"x\""], .sized(4096))
                == "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nDate: D\r\nContent-Length: 4096\r\n\r\n"
        )
        #expect(
            Self.text(.rangeNotSatisfiable, [:], .chunked, .close)
                == "HTTP/1.1 416 Range Not Satisfiable\r\nDate: D\r\n"
                + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        #expect(
            Self.text(
                .custom(code: 507, reasonPhrase: "No\r\nSpace"),
                ["date": "E"],
                .none,
                .keepAlive
            )
                == "HTTP/1.1 507 No  Space\r\ndate: E\r\nConnection: keep-alive\r\n\r\n"
        )
    }

    @Test func `the framing is the server's own`() {
        let headers: HTTPHeaders = [
            "content-length": "7", "Transfer-Encoding": "gzip", "CONNECTION": "upgrade", "A": "b",
        ]
        #expect(
            Self.text(.ok, headers, .sized(1))
                == "HTTP/1.1 200 OK\r\nA: b\r\nDate: D\r\nContent-Length: 1\r\n\r\n"
        )
        #expect(
            Self.text(.ok, headers, .given)
                == "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nA: b\r\nDate: D\r\n\r\n"
        )
    }

    @Test func `no header value ends its line`() {
        #expect(
            Self.text(.ok, ["A": "b\r\nSet-Cookie: c\0\u{9}ü"], .none)
                == "HTTP/1.1 200 OK\r\nA: b  Set-Cookie: c  ü\r\nDate: D\r\n\r\n"
        )
    }

    @Test(
        arguments: [
            (0, "0"), (9, "9"), (10, "10"), (99, "99"), (100, "100"), (12_345_678, "12345678"),
            (Int64.max, "9223372036854775807"),
        ] as [(Int64, String)]
    )
    func `lengths are written in decimal`(_ number: Int64, _ expected: String) {
        let text = withUnsafeTemporaryAllocation(byteCount: 19, alignment: 1) { memory in
            var writer = HeadWriter(memory)
            writer.writeDecimal(number)
            return String(decoding: memory[..<writer.count], as: UTF8.self)
        }
        #expect(text == expected)
    }

    @Test func `heads longer than the usual are written whole`() {
        let values = (0..<40).map { String(repeating: "v", count: $0 * 97) }
        let headers = HTTPHeaders(values.map { ("name", $0) })
        let lines = values.map { "name: \($0)\r\n" }.joined()
        #expect(
            Self.text(.ok, headers, .none) == "HTTP/1.1 200 OK\r\n\(lines)Date: D\r\n\r\n"
        )
    }

    /// Source: RFC 9110 section 5.6.7 has the first date as its example.
    @Test(
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        ] as [(Int64, String)]
    )
    func `dates are written as RFC 9110 has them`(_ seconds: Int64, _ expected: String) {
        #expect(HTTPDate.text(secondsSinceEpoch: seconds) == expected)
    }

    @Test func `framing follows body, method, status and version`() {
        func plan(
            _ body: HTTPResponseBody,
            _ status: HTTPResponseStatus = .ok,
            _ method: HTTPMethod = .GET,
            _ version: RequestHead.Version = .http11
        ) -> ResponsePlan {
            ResponsePlan(
                HTTPResponse(status: status, body: body),
                method: method,
                version: version
            )
        }
        let bytes = HTTPResponseBody.bytes(ByteBuffer(string: "abc"))
        let counted = HTTPResponseBody.streamed(byteCount: 5) { _ in }
        let open = HTTPResponseBody.streamed(byteCount: nil) { _ in }
        #expect(plan(.none).framing == .sized(0))
        #expect(plan(bytes).framing == .sized(3))
        #expect(plan(bytes).body == .sent)
        #expect(plan(counted).framing == .sized(5))
        #expect(plan(open).framing == .chunked)
        #expect(plan(open, .ok, .GET, .http10).framing == .untilClose)
        #expect(plan(.none, .ok, .HEAD).framing == .given)
        #expect(plan(bytes, .ok, .HEAD).framing == .sized(3))
        #expect(plan(bytes, .ok, .HEAD).body == .omitted)
        #expect(plan(open, .ok, .HEAD).body == .omitted)
        #expect(plan(bytes, .noContent).framing == .none)
        #expect(plan(bytes, .noContent).body == .omitted)
        #expect(plan(.none, .notModified).framing == .given)
        #expect(plan(bytes, .notModified).body == .omitted)
    }
}
