import HTTPServing
import NIOCore
import NIOHTTP1
import Testing

/// Checks what happens to clients that break the protocol, the limits or the connection.
@Suite(.timeLimit(.minutes(1))) struct RefusalTests {
    static let put = "PUT /echo HTTP/1.1\r\nHost: a\r\n"

    static let rows: [(String, Int)] = [
        ("GET /\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/3.0\r\n\r\n", 505),
        (put + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (put + "Transfer-Encoding: gzip\r\n\r\n", 501),
        (put + "X: a\r\n b\r\n\r\n", 400),
        (put + "Content-Length: 1001\r\n\r\n", 413),
        ("GET /" + String(repeating: "x", count: 3000), 414),
        (put + "X: " + String(repeating: "x", count: 9000), 431),
        (put + String(repeating: "X: y\r\n", count: 60) + "\r\n", 431),
    ]

    @Test(arguments: rows)
    func `a refusal has its status and ends the connection`(
        _ text: String,
        _ status: Int
    ) async throws {
        var limits = HTTPServerLimits()
        limits.bodyBytesMax = 1000
        limits.targetBytesMax = 2000
        limits.headBytesMax = 8192
        limits.headerCountMax = 50
        try await ServerHarness.run(limits: limits) { port in
            let client = try RawClient(port: port)
            // An earlier answer stays whole; a later request is not looked at.
            try client.send("GET /before HTTP/1.1\r\nHost: a\r\n\r\n" + text)
            #expect(try client.response().text == "GET /before")
            let response = try client.response()
            #expect(response.status == status)
            #expect(response.headers["connection"] == "close")
            client.finishSending()
            #expect(try client.isEnded())
        }
    }

    @Test func `a refusal can look as the service likes`() async throws {
        let configuration = HTTPServerConfiguration(
            port: 0,
            errorResponse: { error in
                HTTPResponse(
                    status: error.status,
                    headers: ["Content-Type": "application/xml"],
                    body: .bytes(ByteBuffer(string: "<Error/>"))
                )
            }
        )
        try await ServerHarness.run(configuration) { server, port in
            let client = try RawClient(port: port)
            try client.send("nonsense\r\n\r\n")
            let response = try client.response()
            #expect(response.headers["content-type"] == "application/xml")
            #expect(response.text == "<Error/>")
            #expect(server.statistics.requestsRefused == 1)
        }
    }

    static let brokenBodies = [
        ("zz\r\n", "malformed"),
        ("3\r\nabcd", "malformed"),
        ("3e9\r\n", "tooLarge(limitBytes: 1000)"),
    ]

    @Test(arguments: brokenBodies)
    func `the reader of a broken body gets its error`(
        _ chunks: String,
        _ error: String
    ) async throws {
        var limits = HTTPServerLimits()
        limits.bodyBytesMax = 1000
        try await ServerHarness.run(limits: limits) { port in
            let client = try RawClient(port: port)
            try client.send(Self.put + "Transfer-Encoding: chunked\r\n\r\n" + chunks)
            let response = try client.response()
            #expect(response.status == 400)
            #expect(response.text == error)
            #expect(response.headers["connection"] == "close")
        }
    }

    static let shortBodies = [
        "Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc",
    ]

    @Test(arguments: shortBodies)
    func `a body that stops early is an error`(_ text: String) async throws {
        try await ServerHarness.run { port in
            let client = try RawClient(port: port)
            try client.send(Self.put + text)
            client.finishSending()
            let response = try client.response()
            #expect(response.status == 400)
            #expect(response.text == "clientDisconnected")
            #expect(try client.isEnded())
        }
    }

    @Test func `an unread body is dropped up to the limit, then the connection ends`() async throws
    {
        var limits = HTTPServerLimits()
        limits.discardedBodyBytesMax = 100_000
        try await ServerHarness.run(limits: limits) { port in
            let kept = try RawClient(port: port)
            try kept.send("PUT /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
            try kept.send([UInt8](repeating: 7, count: 100_000))
            try kept.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try kept.response().status == 403)
            #expect(try kept.response().text == "GET /next")

            // The client sends far more than the limit and can still read the answer.
            let ended = try RawClient(port: port)
            try ended.send("PUT /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n")
            try ended.send([UInt8](repeating: 7, count: 20_000_000))
            let response = try ended.response()
            #expect(response.status == 403)
            #expect(response.headers["connection"] == "close")

            let chunked = try RawClient(port: port)
            try chunked.send(
                "PUT /refuse HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            try chunked.send("fffff\r\n")
            try chunked.send([UInt8](repeating: 7, count: 0xFFFFF))
            #expect(try chunked.response().status == 403)
            #expect(try chunked.isEnded())
        }
    }

    @Test func `a body that fails half-way cuts the connection`() async throws {
        struct Failure: Error {}
        try await ServerHarness.run { request in
            let body: HTTPResponseBody
            switch request.target {
            case "/failing":
                body = .pulled(CountingSource(byteCount: 9_000_000, .failing(at: 1_000_000)))
            case "/short":
                body = .pulled(CountingSource(byteCount: 9_000_000, .short(at: 1_000_000)))
            case "/throwing":
                body = .streamed(byteCount: nil) { writer in
                    try await writer.write(ByteBuffer(string: "half"))
                    throw Failure()
                }
            default:
                body = .streamed(byteCount: 10) { writer in
                    try await writer.write(ByteBuffer(string: "half"))
                }
            }
            return .now(HTTPResponse(status: .ok, body: body))
        } script: { port in
            for target in ["/failing", "/short", "/throwing", "/few"] {
                let client = try RawClient(port: port)
                try client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(throws: RawClient.Failure.self, "\(target)") { try client.response() }
            }
        }
    }

    @Test func `connections over the limit wait their turn`() async throws {
        var limits = HTTPServerLimits()
        limits.connectionsMax = 2
        let configuration = HTTPServerConfiguration(port: 0, limits: limits, eventLoopThreads: 1)
        try await ServerHarness.run(configuration) { server, port in
            var clients: [RawClient] = []
            for _ in 0..<2 {
                let client = try RawClient(port: port)
                try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.response().status == 200)
                clients.append(client)
            }
            let third = try RawClient(port: port)
            try third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            third.setTimeout(milliseconds: 200)
            #expect(throws: RawClient.Failure.self) { try third.response() }
            #expect(server.statistics.connectionsAccepted == 2)
            clients.removeFirst()
            third.setTimeout(milliseconds: 10_000)
            #expect(try third.response().status == 200)
        }
    }
}
