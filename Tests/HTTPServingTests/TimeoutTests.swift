import HTTPServing
import NIOCore
import NIOHTTP1
import Testing

/// Checks that a client that is too slow loses its connection, and that others do not.
///
/// Method: one limit is short, the client waits for the server to act; no upper bound is
/// checked but the client's ten seconds.
@Suite(.timeLimit(.minutes(1))) struct TimeoutTests {
    static func limits(_ change: (inout HTTPServerLimits) -> Void) -> HTTPServerLimits {
        var limits = HTTPServerLimits()
        change(&limits)
        return limits
    }

    @Test func `a slow head is answered with 408`() async throws {
        let limits = Self.limits { $0.headTimeout = .milliseconds(300) }
        try await ServerHarness.run(limits: limits) { port in
            let client = try RawClient(port: port)
            try client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")
            let response = try client.response()
            #expect(response.status == 408)
            #expect(response.headers["connection"] == "close")
        }
    }

    @Test func `a connection without a request ends, at first and between requests`() async throws {
        let first = Self.limits { $0.headTimeout = .milliseconds(100) }
        try await ServerHarness.run(limits: first) { port in
            let client = try RawClient(port: port)
            #expect(try client.isEnded())
        }
        let between = Self.limits { $0.keepAliveTimeout = .milliseconds(100) }
        try await ServerHarness.run(limits: between) { port in
            let client = try RawClient(port: port)
            try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.response().status == 200)
            #expect(try client.isEnded())
        }
    }

    @Test func `a body that pauses fails its reader`() async throws {
        let limits = Self.limits { $0.bodyIdleTimeout = .milliseconds(200) }
        try await ServerHarness.run(limits: limits) { port in
            let client = try RawClient(port: port)
            try client.send("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
            let response = try client.response()
            #expect(response.text == "timedOut")
            #expect(response.headers["connection"] == "close")
        }
    }

    @Test func `a slow responder is not the client's fault`() async throws {
        let limits = Self.limits {
            $0.bodyIdleTimeout = .milliseconds(50)
            $0.bufferedBodyBytesMax = 1000
            $0.keepAliveTimeout = .milliseconds(50)
            $0.writeStallTimeout = .milliseconds(50)
        }
        try await ServerHarness.run(limits: limits) { request in
            .later { body in
                try? await Task.sleep(for: .milliseconds(400))
                let bytes = try? await body.collect(upTo: 1 << 20)
                return ServerHarness.ok(ByteBuffer(string: "\(bytes?.readableBytes ?? -1)"))
            }
        } script: { port in
            let client = try RawClient(port: port)
            try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
            try client.send([UInt8](repeating: 7, count: 100_000))
            #expect(try client.response().text == "100000")
            let expecting = try RawClient(port: port)
            try expecting.send(
                "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
            )
            _ = try expecting.take(through: "100 Continue\r\n\r\n")
            try expecting.send("x")
            #expect(try expecting.response().text == "1")
        }
    }

    @Test func `a client that takes nothing of its answer is cut`() async throws {
        let limits = Self.limits { $0.writeStallTimeout = .milliseconds(300) }
        let source = CountingSource(byteCount: 1 << 40)
        let configuration = HTTPServerConfiguration(port: 0, limits: limits, eventLoopThreads: 1)
        try await ServerHarness.run(configuration) { _ in
            .now(HTTPResponse(status: .ok, body: .pulled(source)))
        } script: { server, port in
            let client = try RawClient(port: port, receiveBufferBytes: 65_536)
            try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.take(through: "\r\n\r\n")
            for _ in 0..<4000 where server.statistics.connectionsOpen > 0 {
                try ServerHarness.pause(milliseconds: 5)
            }
            #expect(server.statistics.connectionsOpen == 0)
        }
    }
}
