import HTTPServing
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

/// Checks what a client sees on the wire when all goes well.
///
/// Method: a real server on 127.0.0.1, a client that sends and compares bytes.
@Suite(.timeLimit(.minutes(1))) struct ServingTests {
    static func get(_ target: String, _ more: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: a\r\n\(more)\r\n"
    }

    @Test func `a connection serves request after request`() async throws {
        try await ServerHarness.run { port in
            let client = try RawClient(port: port)
            for index in 0..<20 {
                try client.send(Self.get("/\(index)?q"))
                let response = try client.response()
                #expect(response.status == 200)
                #expect(response.text == "GET /\(index)?q")
                #expect(response.headers["date"]?.hasSuffix(" GMT") == true)
                #expect(response.headers["connection"] == nil)
            }
        }
    }

    @Test func `pipelined requests are answered in order`() async throws {
        try await ServerHarness.run { port in
            let client = try RawClient(port: port)
            var sent = ""
            for index in 0..<400 {
                switch index % 4 {
                case 0:
                    sent += "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
                    sent += String(index + 100)
                case 1: sent += Self.get("/\(index)")
                case 2: sent += Self.get("/stream")
                default:
                    sent += "PUT /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy"
                }
            }
            try client.send(sent)
            for index in 0..<400 {
                let response = try client.response()
                switch index % 4 {
                case 0: #expect(response.text == String(index + 100))
                case 1: #expect(response.text == "GET /\(index)")
                case 2: #expect(response.text == "onetwothree")
                default: #expect(response.status == 403)
                }
            }
        }
    }

    /// More connections than hold output at a time, with answers that are held, sent at once, and
    /// made later.
    @Test func `many connections get their answers whole and in order`() async throws {
        let sizes = [10, 200_000, 3000, 20, 17_000, 1, 40_000, 5]
        try await ServerHarness.run { request in
            let number = Int(request.target.dropFirst()) ?? 0
            let bytes = ByteBuffer(repeating: UInt8(number), count: sizes[number])
            guard number.isMultiple(of: 3) else { return .now(ServerHarness.ok(bytes)) }
            return .later { _ in ServerHarness.ok(bytes) }
        } script: { port in
            let clients = try (0..<150).map { _ in try RawClient(port: port) }
            let requests = sizes.indices.map { Self.get("/\($0)") }
            for client in clients { try client.send(requests.joined()) }
            for client in clients {
                for (number, size) in sizes.enumerated() {
                    let body = try client.response().body
                    #expect(body.count == size)
                    #expect(body.allSatisfy { $0 == UInt8(number) })
                }
            }
        }
    }

    @Test func `work for soon runs on the connection's event loop, also after its waits`()
        async throws
    {
        try await ServerHarness.run { _ in
            .soon { body in
                let before = MultiThreadedEventLoopGroup.currentEventLoop
                let bytes = try? await body.collect(upTo: 100)
                await ServerHarness.resumedElsewhere()
                let after = MultiThreadedEventLoopGroup.currentEventLoop
                guard let before, let after, before === after else {
                    return HTTPResponse(status: .internalServerError)
                }
                return ServerHarness.ok(bytes ?? ByteBuffer())
            }
        } script: { port in
            let client = try RawClient(port: port)
            for text in ["one", "three"] {
                let head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(text.utf8.count)\r\n\r\n"
                try client.send(head + text)
                let response = try client.response()
                #expect(response.status == 200)
                #expect(response.text == text)
            }
        }
    }

    @Test func `pipelined answers wait for a client that does not read`() async throws {
        let served = Mutex(0)
        try await ServerHarness.run(limits: HTTPServerLimits()) { _ in
            served.withLock { $0 += 1 }
            return .now(ServerHarness.ok(ByteBuffer(repeating: 7, count: 10_000)))
        } script: { port in
            let client = try RawClient(port: port, receiveBufferBytes: 4096)
            client.setTimeout(milliseconds: 300)
            let requests = Array(String(repeating: Self.get("/"), count: 1_000_000).utf8)
            let sent = try client.sendSome(requests)
            #expect(sent < requests.count)
            #expect(served.withLock { $0 } < 2000)
        }
    }

    @Test func `HTTP/1.0 clients get what they know`() async throws {
        try await ServerHarness.run { port in
            let once = try RawClient(port: port)
            try once.send("GET /a HTTP/1.0\r\n\r\n")
            let first = try once.response()
            #expect(first.text == "GET /a")
            #expect(first.headers["connection"] == "close")
            #expect(try once.isEnded())

            let again = try RawClient(port: port)
            for _ in 0..<2 {
                try again.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                #expect(try again.response().headers["connection"] == "keep-alive")
            }
            try again.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let streamed = try again.response()
            #expect(streamed.headers["transfer-encoding"] == nil)
            #expect(streamed.headers["connection"] == "close")
            #expect(streamed.text == "onetwothree")
        }
    }

    @Test func `a client may ask for the end of the connection, or send no more`() async throws {
        try await ServerHarness.run { port in
            let closing = try RawClient(port: port)
            try closing.send(Self.get("/a", "Connection: close\r\n") + Self.get("/b"))
            #expect(try closing.response().headers["connection"] == "close")
            #expect(try closing.isEnded())

            let halfClosed = try RawClient(port: port)
            try halfClosed.send(Self.get("/a") + Self.get("/stream?1000000") + Self.get("/b"))
            halfClosed.finishSending()
            #expect(try halfClosed.response().text == "GET /a")
            #expect(try halfClosed.response().body.count == 1_000_000)
            #expect(try halfClosed.response().text == "GET /b")
            #expect(try halfClosed.isEnded())
        }
    }

    @Test func `HEAD is never answered with a body`() async throws {
        let source = CountingSource(byteCount: 1 << 40)
        try await ServerHarness.run { request in
            switch request.target {
            case "/pulled": .now(HTTPResponse(status: .ok, body: .pulled(source)))
            case "/given":
                .now(HTTPResponse(status: .ok, headers: ["Content-Length": "77"]))
            default: ServerHarness.standard(request)
            }
        } script: { port in
            let client = try RawClient(port: port)
            for (target, length) in [
                ("/abc", "9"), ("/pulled", "1099511627776"), ("/given", "77"), ("/stream?5", "5"),
                ("/stream", nil),
            ] {
                try client.send("HEAD \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
                let response = try client.response(.none)
                #expect(response.status == 200)
                #expect(response.headers["content-length"] == length)
            }
            try client.send(Self.get("/last"))
            #expect(try client.response().text == "GET /last")
        }
        #expect(source.producedBytes == 0)
    }

    @Test func `sized and chunked bodies arrive whole, cut at every byte`() async throws {
        try await ServerHarness.run { port in
            let client = try RawClient(port: port)
            let sized = "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nhello, world"
            let chunked =
                "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n7;x\r\n, world\r\n0\r\nT: v\r\n\r\n"
            for text in [sized, chunked] {
                let bytes = Array(text.utf8)
                for cut in 1..<bytes.count {
                    try client.send(Array(bytes[..<cut]))
                    try client.send(Array(bytes[cut...]))
                    let response = try client.response()
                    #expect(response.text == "hello, world", "cut at \(cut)")
                }
            }
        }
    }

    @Test func `large bodies go both ways`() async throws {
        try await ServerHarness.run { port in
            let client = try RawClient(port: port)
            let bytes = CountingSource.bytes(from: 0, count: 3_000_001)
            try client.send("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000001\r\n\r\n")
            try client.send(bytes)
            #expect(try client.response().body == bytes)
            try client.send(Self.get("/stream?5000000"))
            #expect(try client.response().body.count == 5_000_000)
        }
    }

    @Test(arguments: [CountingSource.Behaviour.ready, .blocking], [0, 1, 16_384, 5_000_001])
    func `a pulled body arrives whole`(
        _ behaviour: CountingSource.Behaviour,
        _ count: Int64
    ) async throws {
        try await ServerHarness.run { _ in
            .now(
                HTTPResponse(
                    status: .ok,
                    body: .pulled(CountingSource(byteCount: count, behaviour))
                )
            )
        } script: { port in
            let client = try RawClient(port: port)
            for _ in 0..<2 {
                try client.send(Self.get("/"))
                let response = try client.response()
                #expect(response.body == CountingSource.bytes(from: 0, count: Int(count)))
            }
        }
    }

    @Test(arguments: [
        (270_000, [270_000]),
        (524_288, [524_288]),
        (524_289, [262_144, 262_145]),
        (1_000_000, [262_144, 262_144, 475_712]),
    ])
    func `the rest of a pulled body is one piece, unless it is long`(
        _ count: Int,
        _ pieces: [Int]
    ) async throws {
        let source = CountingSource(byteCount: Int64(count))
        try await ServerHarness.run { _ in
            .now(HTTPResponse(status: .ok, body: .pulled(source)))
        } script: { port in
            let client = try RawClient(port: port)
            try client.send(Self.get("/"))
            #expect(try client.response().body.count == count)
        }
        #expect(source.pieceLimits == pieces)
    }

    // MARK: Expect: 100-continue

    static let expecting =
        "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"

    @Test func `continue is sent when the body is first read`() async throws {
        try await ServerHarness.run { port in
            let client = try RawClient(port: port)
            for _ in 0..<2 {
                try client.send("PUT /echo " + Self.expecting)
                #expect(try client.take(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
                try client.send("hello")
                #expect(try client.response().text == "hello")
            }
            // A client that does not wait is not told to go on.
            try client.send("PUT /echo " + Self.expecting + "hello")
            #expect(try client.response().text == "hello")
        }
    }

    @Test func `a final status takes the place of continue`() async throws {
        try await ServerHarness.run { request in
            guard request.target == "/late" else { return ServerHarness.standard(request) }
            return .later { _ in HTTPResponse(status: .forbidden) }
        } script: { port in
            for target in ["/refuse", "/late"] {
                let client = try RawClient(port: port)
                try client.send("PUT \(target) " + Self.expecting)
                let response = try client.response()
                #expect(response.status == 403)
                #expect(response.headers["connection"] == "close")
                #expect(try client.isEnded())
            }
        }
    }

    /// botocore takes a final status that comes in place of `100 Continue` for that of the next request
    /// on the connection as well, and waits for a minute.
    @Test(arguments: ["/echo", "/refuse"])
    func `continue is sent for a body of no bytes as well`(target: String) async throws {
        try await ServerHarness.run { port in
            let client = try RawClient(port: port)
            for _ in 0..<2 {
                try client.send(
                    "PUT \(target) HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                        + "Content-Length: 0\r\n\r\n"
                )
                #expect(try client.take(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
                let response = try client.response()
                #expect(response.status == (target == "/echo" ? 200 : 403))
                #expect(response.headers["connection"] == nil)
            }
        }
    }

    @Test func `a responder is told who asks`() async throws {
        try await ServerHarness.run { request in
            let facts =
                "\(request.isLoopback) \(request.isSecure) \(request.declaredBodyBytes ?? -1)"
            return .now(ServerHarness.ok(ByteBuffer(string: facts)))
        } script: { port in
            let client = try RawClient(port: port)
            try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
            #expect(try client.response().text == "true false 2")
        }
    }
}
