import NIOCore
import NIOHTTP1
import SeededRandom
import Testing

@testable import HTTPServing

/// Checks what the parser makes of bytes, and that it does not matter how they are cut.
///
/// Method: rows of requests with the reading that RFC 9112 gives them; every request is parsed
/// whole and cut at every byte.
@Suite struct RequestParserTests {
    /// What a run of the parser saw, in a form that can be compared.
    enum Seen: Equatable {
        case head(String, String)
        case body(String)
        case end
        case refused(HTTPProtocolError)
        case bodyFailed(HTTPBodyError)
    }

    /// Parses the pieces one after another; neighbouring body pieces are joined.
    static func parse(
        _ pieces: [ByteBuffer],
        limits: HTTPServerLimits = HTTPServerLimits()
    ) -> [Seen] {
        var parser = RequestParser(limits: limits)
        var input = ByteBuffer()
        var seen: [Seen] = []
        for piece in pieces {
            input.writeImmutableBuffer(piece)
            parsing: while true {
                switch parser.next(&input) {
                case .incomplete: break parsing
                case .head(let head): seen.append(.head(head.method.rawValue, head.target))
                case .body(let bytes):
                    let text = String(buffer: bytes)
                    if case .body(let before) = seen.last {
                        seen[seen.count - 1] = .body(before + text)
                    } else {
                        seen.append(.body(text))
                    }
                case .end: seen.append(.end)
                case .refused(let error): return seen + [.refused(error)]
                case .bodyFailed(let error): return seen + [.bodyFailed(error)]
                }
            }
        }
        return seen
    }

    static func parse(_ text: String, limits: HTTPServerLimits = HTTPServerLimits()) -> [Seen] {
        parse([ByteBuffer(string: text)], limits: limits)
    }

    struct Row: CustomTestStringConvertible {
        let text: String
        let expected: [Seen]

        init(_ text: String, _ expected: [Seen]) {
            self.text = text
            self.expected = expected
        }

        var testDescription: String { text.debugDescription }
    }

    static let rows = [
        Row("GET / HTTP/1.1\r\nHost: a\r\n\r\n", [.head("GET", "/")]),
        Row("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", [.head("GET", "/")]),
        Row("get /%3a?a=b HTTP/1.1\r\nhOsT:a:1\r\n\r\n", [.head("get", "/%3a?a=b")]),
        Row("GET /ü HTTP/1.1\r\nHost:\r\n\r\n", [.head("GET", "/ü")]),
        Row("GET http://h:9/k?q HTTP/1.1\r\nHost: a\r\n\r\n", [.head("GET", "/k?q")]),
        Row("GET HTTPS://h HTTP/1.1\r\nHost: a\r\n\r\n", [.head("GET", "/")]),
        Row("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", [.head("OPTIONS", "*")]),
        Row("GET / HTTP/1.0\r\n\r\n", [.head("GET", "/")]),
        Row(
            "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
            [.head("PUT", "/a"), .body("abc"), .end, .head("GET", "/b")]
        ),
        Row("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", [.head("PUT", "/a")]),
        Row(
            "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "3\r\nabc\r\n00A;x=\"y\"\r\n0123456789\r\n0\r\nT: v\r\nU:\r\n\r\n"
                + "GET /b HTTP/1.1\r\nHost: a\r\n\r\n",
            [.head("PUT", "/a"), .body("abc0123456789"), .end, .head("GET", "/b")]
        ),
    ]

    @Test(arguments: rows)
    func `requests are read alike however they are cut`(_ row: Row) {
        #expect(Self.parse(row.text) == row.expected)
        let bytes = Array(row.text.utf8)
        for cut in 1..<bytes.count {
            let pieces = [ByteBuffer(bytes: bytes[..<cut]), ByteBuffer(bytes: bytes[cut...])]
            #expect(Self.parse(pieces) == row.expected, "cut at \(cut)")
        }
        #expect(Self.parse(bytes.map { ByteBuffer(bytes: [$0]) }) == row.expected)
    }

    static let put = "PUT /a HTTP/1.1\r\nHost: a\r\n"

    /// Requests that two readers could take differently, or that are no requests.
    static let refusals: [(String, HTTPProtocolError)] = [
        (put + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", .framingAmbiguous),
        (put + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", .framingAmbiguous),
        (put + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", .framingAmbiguous),
        (put + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", .framingAmbiguous),
        (put + "Content-Length: 3, 3\r\n\r\n", .framingAmbiguous),
        (put + "Content-Length: +3\r\n\r\n", .framingAmbiguous),
        (put + "Content-Length: -3\r\n\r\n", .framingAmbiguous),
        (put + "Content-Length: 0x3\r\n\r\n", .framingAmbiguous),
        (put + "Content-Length:\r\n\r\n", .framingAmbiguous),
        (put + "Content-Length: 99999999999999999999\r\n\r\n", .framingAmbiguous),
        (put + "Transfer-Encoding: gzip, chunked\r\n\r\n", .transferCodingUnsupported),
        (put + "Transfer-Encoding: identity\r\n\r\n", .transferCodingUnsupported),
        (
            put + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            .framingAmbiguous
        ),
        ("PUT /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .framingAmbiguous),
        (put + "X: a\r\n folded\r\n\r\n", .headerMalformed),
        (put + " X: a\r\n\r\n", .headerMalformed),
        (put + "X : a\r\n\r\n", .headerMalformed),
        (put + "X\r\n\r\n", .headerMalformed),
        (put + ": a\r\n\r\n", .headerMalformed),
        (put + "X(y): a\r\n\r\n", .headerMalformed),
        (put + "X: a\u{0}b\r\n\r\n", .headerMalformed),
        (put + "X: a\rb\r\n\r\n", .headerMalformed),
        (put + "X: a\nY: b\r\n\r\n", .headerMalformed),
        ("GET / HTTP/1.1\r\n\r\n", .hostInvalid),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .hostInvalid),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .hostInvalid),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .hostInvalid),
        ("GET / HTTP/2.0\r\n\r\n", .versionUnsupported),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .versionUnsupported),
        ("GET / HTTP/1\r\n\r\n", .requestLineMalformed),
        ("GET / http/1.1\r\n\r\n", .requestLineMalformed),
        ("GET /\r\n\r\n", .requestLineMalformed),
        ("GET  / HTTP/1.1\r\n\r\n", .requestLineMalformed),
        ("GET / a HTTP/1.1\r\n\r\n", .requestLineMalformed),
        ("GET /\u{7F} HTTP/1.1\r\n\r\n", .requestLineMalformed),
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineMalformed),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineMalformed),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineMalformed),
        ("GET http://u@h/ HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineMalformed),
        ("GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineMalformed),
        ("GET / HTTP/1.1\nHost: a\n\n", .requestLineMalformed),
        ("\u{16}\u{3}\u{1}\u{0}", .requestLineMalformed),
        (String(repeating: "A", count: 33), .requestLineMalformed),
    ]

    @Test(arguments: refusals)
    func `an ambiguous or malformed head is refused`(
        _ text: String,
        _ expected: HTTPProtocolError
    ) {
        #expect(Self.parse(text) == [.refused(expected)])
    }

    @Test func `bytes that are not text are refused`() {
        var target = ByteBuffer(string: "GET /")
        target.writeBytes([0xFF])
        target.writeString(" HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(Self.parse([target]) == [.refused(.requestLineMalformed)])
        var value = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\nX: ")
        value.writeBytes([0xC3, 0x28])
        value.writeString("\r\n\r\n")
        #expect(Self.parse([value]) == [.refused(.headerMalformed)])
    }

    static let brokenChunks: [(String, HTTPBodyError)] = [
        ("x\r\n", .malformed),
        ("\r\n", .malformed),
        ("-1\r\n", .malformed),
        ("3 3\r\nabcx", .malformed),
        ("3\nabc", .malformed),
        ("3\r\nabcd\r\n", .malformed),
        ("0000000000000001\r\n", .malformed),
        ("FFFFFFFFFFFFFFFFF\r\n", .malformed),
        ("fffffffffffffff\r\n", .tooLarge(limitBytes: 20)),
        ("10\r\n0123456789abcdef\r\n5\r\n", .tooLarge(limitBytes: 20)),
        ("3;\u{0}\r\n", .malformed),
        ("3;" + String(repeating: "x", count: 1100) + "\r\n", .malformed),
        ("0\r\n folded\r\n\r\n", .malformed),
        ("0\r\nnocolon\r\n\r\n", .malformed),
        ("0\r\nX: " + String(repeating: "x", count: 40_000), .malformed),
    ]

    @Test(arguments: brokenChunks)
    func `a broken chunked body fails`(_ text: String, _ expected: HTTPBodyError) {
        var limits = HTTPServerLimits()
        limits.bodyBytesMax = 20
        let seen = Self.parse(
            Self.put + "Transfer-Encoding: chunked\r\n\r\n" + text,
            limits: limits
        )
        #expect(seen.last == .bodyFailed(expected))
    }

    @Test func `limits are exact`() {
        var limits = HTTPServerLimits()
        limits.headBytesMax = 100
        limits.targetBytesMax = 20
        limits.headerCountMax = 3
        limits.bodyBytesMax = 10
        func parse(_ text: String) -> Seen? { Self.parse(text, limits: limits).last }
        let target = String(repeating: "x", count: 19)
        #expect(parse("GET /\(target) HTTP/1.1\r\nHost: a\r\n\r\n") == .head("GET", "/" + target))
        #expect(parse("GET /\(target)x") == .refused(.targetTooLong(limitBytes: 20)))
        // "GET / HTTP/1.1" CR LF "Host: a" CR LF "X: " … CR LF CR LF is 32 bytes without the value.
        let value = String(repeating: "v", count: 68)
        #expect(parse("GET / HTTP/1.1\r\nHost: a\r\nX: \(value)\r\n\r\n") == .head("GET", "/"))
        #expect(
            parse("GET / HTTP/1.1\r\nHost: a\r\nX: \(value)v\r\n\r\n")
                == .refused(.headTooLong(limitBytes: 100))
        )
        #expect(
            parse("GET / HTTP/1.1\r\nHost: a\r\nX: \(value)\(value)")
                == .refused(.headTooLong(limitBytes: 100))
        )
        #expect(parse("GET / HTTP/1.1\r\nHost: a\r\na:\r\nb:\r\n\r\n") == .head("GET", "/"))
        #expect(
            parse("GET / HTTP/1.1\r\nHost: a\r\na:\r\nb:\r\nc:\r\n\r\n")
                == .refused(.tooManyHeaders(limit: 3))
        )
        #expect(parse(Self.put + "Content-Length: 10\r\n\r\n") == .head("PUT", "/a"))
        #expect(
            parse(Self.put + "Content-Length: 11\r\n\r\n")
                == .refused(.bodyTooLarge(limitBytes: 10))
        )
    }

    @Test func `a head is understood in all its parts`() throws {
        var parser = RequestParser(limits: HTTPServerLimits())
        var input = ByteBuffer(
            string: "PUT http://b/k HTTP/1.1\r\nHost: a\r\nX-Tab:\t v \t\r\nX-Tab: w\r\n"
                + "Expect: 100-Continue\r\nConnection: foo, Close\r\nContent-Length: 7\r\n\r\n"
        )
        guard case .head(let head) = parser.next(&input) else {
            Issue.record("no head")
            return
        }
        #expect(head.headers["x-tab"] == ["v", "w"])
        #expect(head.headers["host"] == ["b"])
        #expect(head.expectation == .continuation)
        #expect(head.persistence == .close)
        #expect(head.framing == .sized(7))
        #expect(parser.remainingBytes == 7)
    }

    @Test(arguments: [
        ("HTTP/1.1\r\nHost: a\r\n", RequestHead.Persistence.keepAlive),
        ("HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", .close),
        ("HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n", .close),
        ("HTTP/1.0\r\n", .close),
        ("HTTP/1.0\r\nConnection: Keep-Alive\r\n", .keepAlive),
    ])
    func `persistence follows version and options`(
        _ text: String,
        _ expected: RequestHead.Persistence
    ) {
        var parser = RequestParser(limits: HTTPServerLimits())
        var input = ByteBuffer(string: "GET / \(text)\r\n")
        guard case .head(let head) = parser.next(&input) else {
            Issue.record("no head")
            return
        }
        #expect(head.persistence == expected)
    }

    @Test func `a run ends at the first byte below the bound and at a DEL`() {
        var generator = SeededGenerator(seed: 0x72_756e)
        for _ in 0..<20_000 {
            let least: UInt8 = Bool.random(using: &generator) ? 0x20 : 0x21
            var bytes = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in
                UInt8.random(in: least...UInt8.max, using: &generator)
            }
            for _ in 0..<Int.random(in: 0...2, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: bytes.indices, using: &generator)
                bytes[index] = UInt8.random(in: 0..<least, using: &generator)
            }
            let start = Int.random(in: 0...bytes.count, using: &generator)
            let expected =
                bytes[start...].firstIndex { $0 < least || $0 == 0x7F } ?? bytes.count
            let end = bytes.withUnsafeBytes { ASCII.runEnd($0, from: start, least: least) }
            #expect(end == expected, "\(bytes) from \(start)")
        }
    }

    @Test func `random bytes never trap the parser`() {
        var generator = SeededGenerator(seed: 0x6e61_7665)
        let alphabet = Array("GET PUT/ HTTP/1.1\r\n:Host a;0123456789abcdefContent-Length\0".utf8)
        for _ in 0..<3000 {
            var bytes = Array(
                "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8
            )
            bytes = Bool.random(using: &generator) ? bytes : []
            for _ in 0..<Int.random(in: 1..<120, using: &generator) {
                bytes.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
            }
            _ = Self.parse([ByteBuffer(bytes: bytes)])
        }
    }
}
