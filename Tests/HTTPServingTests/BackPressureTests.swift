import Glibc
import HTTPServing
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

/// Checks that memory stays bounded whatever one side refuses to take, and that a side that
/// goes away is noticed.
///
/// Method: the bytes that one side managed to hand over are counted while the other side takes
/// none. The kernel's own buffers (a few MiB on loopback) are part of what is counted.
@Suite(.timeLimit(.minutes(1))) struct BackPressureTests {
    @Test func `a reader that waits stops the client`() async throws {
        let gate = Gate()
        try await ServerHarness.run { _ in
            .later { body in
                try? await gate.pass()
                var bytes = 0
                do {
                    for try await piece in body {
                        bytes += piece.readableBytes
                    }
                } catch {
                    return HTTPResponse(status: .badRequest)
                }
                return ServerHarness.ok(ByteBuffer(string: "\(bytes)"))
            }
        } script: { port in
            let client = try RawClient(port: port)
            let total = 200_000_000
            try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(total)\r\n\r\n")
            client.setTimeout(milliseconds: 300)
            let body = [UInt8](repeating: 7, count: total)
            let sent = try client.sendSome(body)
            #expect(sent < 30_000_000)
            gate.open()
            client.setTimeout(milliseconds: 10_000)
            try client.send(Array(body[sent...]))
            #expect(try client.response().text == "\(total)")
        }
    }

    @Test func `a client that waits stops a pulled body`() async throws {
        let source = CountingSource(byteCount: 1 << 40)
        try await ServerHarness.run { _ in
            .now(HTTPResponse(status: .ok, body: .pulled(source)))
        } script: { port in
            let client = try RawClient(port: port, receiveBufferBytes: 65_536)
            try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.take(through: "\r\n\r\n")
            #expect(try settled { source.producedBytes } < 20_000_000)
        }
    }

    @Test func `a client that waits stops a streamed body, and its going ends the writer`()
        async throws
    {
        let written = Mutex<Int64>(0)
        let failure = Mutex<HTTPBodyError?>(nil)
        let gate = Gate()
        try await ServerHarness.run { _ in
            .now(
                HTTPResponse(
                    status: .ok,
                    body: .streamed(byteCount: nil) { writer in
                        defer { gate.open() }
                        do {
                            while true {
                                try await writer.write(ByteBuffer(repeating: 7, count: 50_000))
                                written.withLock { $0 += 50_000 }
                            }
                        } catch let error as HTTPBodyError {
                            failure.withLock { $0 = error }
                        }
                    }
                )
            )
        } script: { port in
            let client = try RawClient(port: port, receiveBufferBytes: 65_536)
            try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.take(through: "\r\n\r\n")
            #expect(try settled { written.withLock { $0 } } < 20_000_000)
        }
        try await gate.pass()
        #expect(failure.withLock { $0 } == .clientDisconnected)
    }

    /// The value once it has not changed for a fifth of a second.
    func settled(_ value: () -> Int64) throws -> Int64 {
        var last: Int64 = -1
        while value() != last {
            last = value()
            usleep(200_000)
        }
        return last
    }

    @Test func `a client that goes away ends the reading of its body`() async throws {
        let failure = Mutex<HTTPBodyError?>(nil)
        let begun = Gate()
        let gate = Gate()
        try await ServerHarness.run { _ in
            .later { body in
                begun.open()
                defer { gate.open() }
                do {
                    _ = try await body.collect(upTo: 1 << 20)
                } catch let error as HTTPBodyError {
                    failure.withLock { $0 = error }
                } catch {}
                return HTTPResponse(status: .ok)
            }
        } script: { port in
            let client = try RawClient(port: port)
            try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
            // A server that stops before it took the connection would never see the request.
            try begun.block()
        }
        try await gate.pass()
        #expect(failure.withLock { $0 } == .clientDisconnected)
    }

    @Test func `a body cannot be read after its answer`() async throws {
        let kept = Mutex<HTTPRequestBody?>(nil)
        try await ServerHarness.run { _ in
            .later { body in
                kept.withLock { $0 = body }
                return HTTPResponse(status: .ok)
            }
        } script: { port in
            let client = try RawClient(port: port)
            try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            #expect(try client.response().status == 200)
        }
        let body = try #require(kept.withLock { $0 })
        await #expect(throws: HTTPBodyError.answered) { try await body.collect(upTo: 10) }
    }

    @Test func `a cancelled task stops reading`() async throws {
        try await ServerHarness.run { _ in
            .later { body in
                let outcome = await withTaskGroup(of: String.self) { group in
                    group.addTask {
                        do {
                            return "\(try await body.collect(upTo: 10))"
                        } catch {
                            return "\(error)"
                        }
                    }
                    group.cancelAll()
                    return await group.next() ?? ""
                }
                return ServerHarness.ok(ByteBuffer(string: outcome))
            }
        } script: { port in
            let client = try RawClient(port: port)
            try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
            #expect(try client.response().text == "CancellationError()")
        }
    }

    @Test func `collecting has a bound`() async throws {
        let body = HTTPRequestBody(pieces: [ByteBuffer(string: "abc"), ByteBuffer(string: "de")])
        await #expect(throws: HTTPBodyError.tooLarge(limitBytes: 4)) {
            try await body.collect(upTo: 4)
        }
        let other = HTTPRequestBody(pieces: [ByteBuffer(string: "abc"), ByteBuffer(string: "de")])
        #expect(try await other.collect(upTo: 5) == ByteBuffer(string: "abcde"))
    }
}
