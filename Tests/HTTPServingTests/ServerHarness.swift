import Foundation
import HTTPServing
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

/// A responder that is a closure.
struct ClosureResponder: HTTPResponder {
    let body: @Sendable (HTTPRequest) -> HTTPAnswer

    func answer(_ request: HTTPRequest) -> HTTPAnswer {
        body(request)
    }
}

/// Runs a server around a blocking client script.
enum ServerHarness {
    /// Starts a server on a free port, runs `script` on a thread of its own, and stops.
    static func run(
        limits: HTTPServerLimits = HTTPServerLimits(),
        _ responder: @escaping @Sendable (HTTPRequest) -> HTTPAnswer = standard,
        script: @escaping @Sendable (Int) throws -> Void
    ) async throws {
        let configuration = HTTPServerConfiguration(port: 0, limits: limits, eventLoopThreads: 1)
        try await run(configuration, responder) { _, port in try script(port) }
    }

    /// The same with a configuration of one's own and the server at hand.
    static func run(
        _ configuration: HTTPServerConfiguration,
        _ responder: @escaping @Sendable (HTTPRequest) -> HTTPAnswer = standard,
        script: @escaping @Sendable (HTTPServer, Int) throws -> Void
    ) async throws {
        let server = HTTPServer(
            configuration: configuration,
            responder: ClosureResponder(body: responder),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let address = try await server.start()
        let port = try #require(address.port)
        do {
            try await onThread { try script(server, port) }
        } catch {
            await server.shutdownGracefully(deadline: .milliseconds(10))
            throw error
        }
        await server.shutdownGracefully(deadline: .seconds(5))
        #expect(server.statistics.connectionsOpen == 0)
    }

    /// Runs blocking work where it keeps no task from running.
    static func onThread<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
        }
    }

    /// Waits for a thread that is no event loop's.
    static func resumedElsewhere() async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume() }
        }
    }

    /// Lets a blocking script wait before it looks again.
    static func pause(milliseconds: UInt32) throws {
        usleep(milliseconds * 1000)
    }

    /// Answers by target.
    ///
    /// - `/echo`: the body, read to its end;
    /// - `/length`: how many bytes the body has, or its error;
    /// - `/stream`: three chunks; `/stream?N`: N bytes announced and written;
    /// - `/refuse`: 403 without a look at the body;
    /// - else method and target, at once.
    static let standard: @Sendable (HTTPRequest) -> HTTPAnswer = { request in
        let path = request.target.prefix { $0 != "?" }
        switch path {
        case "/echo":
            return .later { body in
                do {
                    return ok(try await body.collect(upTo: 64 << 20))
                } catch {
                    return HTTPResponse(
                        status: .badRequest,
                        body: .bytes(ByteBuffer(string: "\(error)"))
                    )
                }
            }
        case "/length":
            return .later { body in
                var bytes = 0
                do {
                    for try await piece in body {
                        bytes += piece.readableBytes
                    }
                    return ok(ByteBuffer(string: "\(bytes)"))
                } catch {
                    return HTTPResponse(
                        status: .badRequest,
                        body: .bytes(ByteBuffer(string: "\(error)"))
                    )
                }
            }
        case "/stream":
            return .now(HTTPResponse(status: .ok, body: stream(request.target)))
        case "/refuse": return .now(HTTPResponse(status: .forbidden))
        default:
            return .now(ok(ByteBuffer(string: "\(request.method) \(request.target)")))
        }
    }

    static func ok(_ bytes: ByteBuffer) -> HTTPResponse {
        HTTPResponse(status: .ok, body: .bytes(bytes))
    }

    private static func stream(_ target: String) -> HTTPResponseBody {
        guard let mark = target.firstIndex(of: "?"),
            let count = Int64(target[target.index(after: mark)...])
        else {
            return .streamed(byteCount: nil) { writer in
                for text in ["one", "two", "three"] {
                    try await writer.write(ByteBuffer(string: text))
                }
            }
        }
        return .streamed(byteCount: count) { writer in
            var left = Int(count)
            while left > 0 {
                let piece = min(left, 100_000)
                try await writer.write(ByteBuffer(repeating: 7, count: piece))
                left -= piece
            }
        }
    }
}

/// A body of `byteCount` bytes, each the low byte of its position, with a count of what was read.
final class CountingSource: HTTPBodySource {
    /// How the source behaves.
    enum Behaviour {
        /// Everything is at hand.
        case ready
        /// Every other piece has to be waited for.
        case blocking
        /// The read that reaches this position throws.
        case failing(at: Int64)
        /// The body ends at this position.
        case short(at: Int64)
    }

    struct Failure: Error {}

    let byteCount: Int64
    private let behaviour: Behaviour
    private let position = Mutex<Int64>(0)
    private let blocks = Mutex(false)
    private let asked = Mutex<[Int]>([])

    init(byteCount: Int64, _ behaviour: Behaviour = .ready) {
        self.byteCount = byteCount
        self.behaviour = behaviour
    }

    /// How many bytes were handed out.
    var producedBytes: Int64 {
        position.withLock { $0 }
    }

    /// The most bytes that each piece could have had.
    var pieceLimits: [Int] {
        asked.withLock { $0 }
    }

    private static let pattern = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0) }

    static func bytes(from position: Int64, count: Int) -> [UInt8] {
        let start = Int(position & 0xFF)
        guard start + count <= pattern.count else {
            return (0..<Int64(count)).map { UInt8(truncatingIfNeeded: position + $0) }
        }
        return Array(pattern[start..<start + count])
    }

    func readNow(max: Int, allocator: ByteBufferAllocator) throws -> HTTPBodyPiece {
        if case .blocking = behaviour {
            let isBlocked = blocks.withLock { blocks in
                blocks.toggle()
                return blocks
            }
            if isBlocked { return .wouldBlock }
        }
        return try piece(max)
    }

    func read(max: Int, allocator: ByteBufferAllocator) async throws -> HTTPBodyPiece {
        try await Task.sleep(for: .milliseconds(1))
        return try piece(max)
    }

    private func piece(_ max: Int) throws -> HTTPBodyPiece {
        asked.withLock { $0.append(max) }
        return try position.withLock { position in
            var end = byteCount
            switch behaviour {
            case .ready, .blocking: break
            case .failing(let limit): if position >= limit { throw Failure() }
            case .short(let limit): end = limit
            }
            let count = Int(min(Int64(max), end - position))
            guard count > 0 else { return .end }
            let bytes = Self.bytes(from: position, count: count)
            position += Int64(count)
            return .ready(ByteBuffer(bytes: bytes))
        }
    }
}
