import HTTPServing
import Logging
import NIOCore
import NIOHTTP1
import Testing

/// Checks how a server starts, refuses to start, and stops.
@Suite(.timeLimit(.minutes(1))) struct ShutdownTests {
    static func server(
        _ configuration: HTTPServerConfiguration,
        _ responder: @escaping @Sendable (HTTPRequest) -> HTTPAnswer = ServerHarness.standard
    ) -> HTTPServer {
        HTTPServer(
            configuration: configuration,
            responder: ClosureResponder(body: responder),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    @Test func `a request in flight is answered, idle connections end, new ones are refused`()
        async throws
    {
        let gate = Gate()
        let begun = Gate()
        let server = Self.server(HTTPServerConfiguration(port: 0)) { request in
            guard request.target == "/slow" else { return ServerHarness.standard(request) }
            begun.open()
            return .later { _ in
                try? await gate.pass()
                return ServerHarness.ok(ByteBuffer(string: "done"))
            }
        }
        let port = try #require(try await server.start().port)
        async let script: Void = ServerHarness.onThread {
            let idle = try RawClient(port: port)
            try idle.send(ServingTests.get("/"))
            #expect(try idle.response().status == 200)
            let busy = try RawClient(port: port)
            try busy.send(ServingTests.get("/slow"))
            // The server stops when the slow request has begun.
            #expect(try idle.isEnded())
            #expect(throws: RawClient.Failure.self) { try RawClient(port: port) }
            gate.open()
            let response = try busy.response()
            #expect(response.text == "done")
            #expect(response.headers["connection"] == "close")
            #expect(try busy.isEnded())
        }
        try await begun.pass()
        await server.shutdownGracefully(deadline: .seconds(9))
        try await script
        #expect(server.statistics.connectionsOpen == 0)
        await #expect(throws: HTTPServerError.alreadyStarted) { try await server.start() }
    }

    @Test func `a request that does not end is cut at the deadline`() async throws {
        let source = CountingSource(byteCount: 1 << 40)
        let server = Self.server(HTTPServerConfiguration(port: 0)) { _ in
            .now(HTTPResponse(status: .ok, body: .pulled(source)))
        }
        let port = try #require(try await server.start().port)
        let begun = Gate()
        let ended = Gate()
        async let script: Void = ServerHarness.onThread {
            let client = try RawClient(port: port)
            try client.send(ServingTests.get("/"))
            _ = try client.take(through: "\r\n\r\n")
            begun.open()
            try ended.block()
        }
        try await begun.pass()
        await server.shutdownGracefully(deadline: .milliseconds(100))
        #expect(server.statistics.connectionsOpen == 0)
        ended.open()
        try await script
    }

    @Test func `a body without an end is told to end, and ends in order`() async throws {
        let server = Self.server(HTTPServerConfiguration(port: 0)) { _ in
            .now(
                HTTPResponse(
                    status: .ok,
                    body: .streamed(byteCount: nil) { writer in
                        let stopped = Gate()
                        writer.whenStopped { stopped.open() }
                        try await writer.write(ByteBuffer(string: "begun"))
                        try await stopped.pass()
                        try await writer.write(ByteBuffer(string: "ended"))
                    }
                )
            )
        }
        let port = try #require(try await server.start().port)
        let begun = Gate()
        async let script: String = ServerHarness.onThread {
            let client = try RawClient(port: port)
            try client.send(ServingTests.get("/"))
            _ = try client.take(through: "begun\r\n")
            begun.open()
            return try client.take(through: "0\r\n\r\n")
        }
        try await begun.pass()
        await server.shutdownGracefully(deadline: .seconds(9))
        #expect(try await script == "5\r\nended\r\n0\r\n\r\n")
    }

    @Test func `work for soon ends before its event loop does, its client gone or not`()
        async throws
    {
        let gate = Gate()
        let begun = Gate()
        let ended = Gate()
        let server = Self.server(HTTPServerConfiguration(port: 0)) { _ in
            .soon { _ in
                begun.open()
                try? await gate.pass()
                ended.open()
                return HTTPResponse(status: .ok)
            }
        }
        let port = try #require(try await server.start().port)
        try await ServerHarness.onThread {
            let client = try RawClient(port: port)
            try client.send(ServingTests.get("/"))
            try begun.block()
        }
        async let stopped: Void = server.shutdownGracefully(deadline: .milliseconds(10))
        while server.statistics.connectionsOpen > 0 { try await Task.sleep(for: .milliseconds(1)) }
        gate.open()
        await stopped
        #expect(ended.isOpen)
    }

    @Test func `stopping twice, or before the start, is harmless`() async throws {
        let never = Self.server(HTTPServerConfiguration(port: 0))
        await never.shutdownGracefully(deadline: .seconds(1))
        let server = Self.server(HTTPServerConfiguration(port: 0))
        _ = try await server.start()
        async let first: Void = server.shutdownGracefully(deadline: .seconds(1))
        async let second: Void = server.shutdownGracefully(deadline: .seconds(1))
        _ = await (first, second)
        await server.shutdownGracefully(deadline: .seconds(1))
    }

    @Test func `a taken port is named`() async throws {
        let first = Self.server(HTTPServerConfiguration(port: 0))
        let port = try #require(try await first.start().port)
        let second = Self.server(HTTPServerConfiguration(port: port))
        await #expect(throws: HTTPServerError.addressInUse(host: "127.0.0.1", port: port)) {
            try await second.start()
        }
        await first.shutdownGracefully(deadline: .seconds(1))
    }

    @Test func `an address that is not ours is named`() async throws {
        // Source: RFC 5737, an address for documentation only.
        let elsewhere = Self.server(HTTPServerConfiguration(host: "192.0.2.1", port: 0))
        await #expect(throws: HTTPServerError.addressUnavailable(host: "192.0.2.1", port: 0)) {
            try await elsewhere.start()
        }
        // Source: RFC 6761, a name that never resolves.
        let nowhere = Self.server(HTTPServerConfiguration(host: "nave.invalid", port: 0))
        await #expect(throws: HTTPServerError.addressUnavailable(host: "nave.invalid", port: 0)) {
            try await nowhere.start()
        }
        let beyond = Self.server(HTTPServerConfiguration(port: 65_536))
        await #expect(throws: HTTPServerError.portInvalid(65_536)) { try await beyond.start() }
    }

    @Test func `IPv6 addresses can be listened on`() async throws {
        let server = Self.server(HTTPServerConfiguration(host: "::1", port: 0))
        do {
            let address = try await server.start()
            #expect(address.ipAddress == "::1")
            await server.shutdownGracefully(deadline: .seconds(1))
        } catch HTTPServerError.addressUnavailable {
            // A machine without IPv6.
        }
    }
}
