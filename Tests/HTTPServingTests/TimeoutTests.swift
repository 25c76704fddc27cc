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

    @Test(arguments: ["GET", "HEAD"])
    func `work for a client that has gone is cancelled`(_ method: String) async throws {
        let limits = Self.limits { $0.departureTimeout = .milliseconds(100) }
        let (begun, cancelled) = (Gate(), Gate())
        try await ServerHarness.run(limits: limits) { _ in
            .later { _ in
                await withTaskCancellationHandler {
                    begun.open()
                    try? await cancelled.pass()
                } onCancel: {
                    cancelled.open()
                }
                return ServerHarness.ok(ByteBuffer())
            }
        } script: { port in
            var client: RawClient? = try RawClient(port: port)
            try client?.send("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n")
            try begun.block()
            client = nil
            try cancelled.block()
        }
    }

    @Test func `what a client asked to be changed is done though it has gone`() async throws {
        let limits = Self.limits { $0.departureTimeout = .milliseconds(50) }
        let (begun, released, done) = (Gate(), Gate(), Gate())
        try await ServerHarness.run(limits: limits) { request in
            guard request.method == .POST else {
                return .now(ServerHarness.ok(ByteBuffer(string: "there")))
            }
            return .later { _ in
                begun.open()
                try? await released.pass()
                if !Task.isCancelled { done.open() }
                return ServerHarness.ok(ByteBuffer())
            }
        } script: { port in
            var client: RawClient? = try RawClient(port: port)
            try client?.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            try begun.block()
            client = nil
            // Far beyond the time in which the work for a GET would be cancelled.
            try ServerHarness.pause(milliseconds: 300)
            released.open()
            try done.block()
        }
    }

    @Test func `who sends nothing more gets an answer that comes in time`() async throws {
        let released = Gate()
        try await ServerHarness.run { _ in
            .later { _ in
                try? await released.pass()
                return ServerHarness.ok(ByteBuffer(string: "late"))
            }
        } script: { port in
            let client = try RawClient(port: port)
            try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            client.finishSending()
            try ServerHarness.pause(milliseconds: 100)
            released.open()
            #expect(try client.response().text == "late")
            #expect(try client.isEnded())
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
