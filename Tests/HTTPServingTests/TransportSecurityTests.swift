import Foundation
import HTTPServing
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing

/// Checks that TLS serves as plain connections do, and that bad files are named.
///
/// Method: certificates made by the openssl command, a client of NIO that trusts only them.
@Suite(.timeLimit(.minutes(1))) struct TransportSecurityTests {
    /// A folder with certificates, removed with the value.
    final class Files {
        let folder: URL
        let security: HTTPTransportSecurity

        init() throws {
            folder = FileManager.default.temporaryDirectory
                .appendingPathComponent("nave-tls-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            security = HTTPTransportSecurity(
                certificatePath: folder.appendingPathComponent("certificate.pem").path,
                keyPath: folder.appendingPathComponent("key.pem").path
            )
            try makePair(security)
        }

        deinit {
            try? FileManager.default.removeItem(at: folder)
        }

        func makePair(_ security: HTTPTransportSecurity) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments =
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
                .split(separator: " ").map(String.init)
                + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
                + ["-keyout", security.keyPath, "-out", security.certificatePath]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "openssl makes a certificate")
        }

        func path(_ name: String) -> String {
            folder.appendingPathComponent(name).path
        }
    }

    /// Collects what the server sends until it closes.
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var received = ByteBuffer()
        private let whole: EventLoopPromise<ByteBuffer>

        init(_ whole: EventLoopPromise<ByteBuffer>) {
            self.whole = whole
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            received.writeBuffer(&bytes)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            whole.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            whole.succeed(received)
        }
    }

    /// Sends bytes over TLS and returns what comes back until the end.
    static func exchange(
        _ request: ByteBuffer,
        port: Int,
        trusting path: String
    ) async throws -> String {
        var settings = TLSConfiguration.makeClientConfiguration()
        settings.trustRoots = .file(path)
        settings.applicationProtocols = ["http/1.1"]
        let context = try NIOSSLContext(configuration: settings)
        let group = MultiThreadedEventLoopGroup.singleton
        let promise = group.next().makePromise(of: ByteBuffer.self)
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        NIOSSLClientHandler(context: context, serverHostname: "localhost"),
                        Collector(promise)
                    )
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        try await channel.writeAndFlush(request)
        return String(buffer: try await promise.futureResult.get())
    }

    @Test func `requests and bodies go over TLS`() async throws {
        let files = try Files()
        let server = ShutdownTests.server(
            HTTPServerConfiguration(port: 0, transportSecurity: files.security)
        ) { request in
            guard request.target != "/secure" else {
                return .now(ServerHarness.ok(ByteBuffer(string: "\(request.isSecure)")))
            }
            return ServerHarness.standard(request)
        }
        let port = try #require(try await server.start().port)
        var request = ByteBuffer(string: ServingTests.get("/secure"))
        request.writeString("PUT /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<30 {
            request.writeString("186a0\r\n")
            request.writeRepeatingByte(7, count: 100_000)
            request.writeString("\r\n")
        }
        request.writeString("0\r\n\r\n" + ServingTests.get("/stream?3000000"))
        request.writeString(ServingTests.get("/last", "Connection: close\r\n"))
        let text = try await Self.exchange(
            request,
            port: port,
            trusting: files.security.certificatePath
        )
        let bodies = text.components(separatedBy: "\r\n\r\n")
        #expect(bodies.count == 5)
        #expect(bodies[1].hasPrefix("true"))
        #expect(bodies[2].hasPrefix("3000000"))
        #expect(bodies[3].utf8.count > 3_000_000)
        #expect(bodies[4] == "GET /last")
        await server.shutdownGracefully(deadline: .seconds(5))
        #expect(server.statistics.connectionsOpen == 0)
    }

    @Test func `a refusal reaches a client that is still sending`() async throws {
        let files = try Files()
        let server = ShutdownTests.server(
            HTTPServerConfiguration(port: 0, transportSecurity: files.security)
        )
        let port = try #require(try await server.start().port)
        let text = try await Self.exchange(
            ByteBuffer(
                string: "PUT /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\nab"
            ),
            port: port,
            trusting: files.security.certificatePath
        )
        #expect(text.hasPrefix("HTTP/1.1 403 "))
        await server.shutdownGracefully(deadline: .seconds(5))
    }

    @Test func `a plain client does not disturb a TLS server`() async throws {
        let files = try Files()
        try await ServerHarness.run(
            HTTPServerConfiguration(port: 0, transportSecurity: files.security)
        ) { _, port in
            let client = try RawClient(port: port)
            try client.send(ServingTests.get("/"))
            _ = try client.takeToEnd()
        }
    }

    @Test func `files that cannot be used are named`() async throws {
        let files = try Files()
        let good = files.security
        let other = HTTPTransportSecurity(
            certificatePath: files.path("other.pem"),
            keyPath: files.path("other-key.pem")
        )
        try files.makePair(other)
        let missing = files.path("missing.pem")
        let nonsense = files.path("nonsense.pem")
        try Data("nonsense\n".utf8).write(to: URL(fileURLWithPath: nonsense))
        let rows: [(String, String, HTTPServerError)] = [
            (missing, good.keyPath, .certificateUnreadable(path: missing)),
            (good.certificatePath, missing, .keyUnreadable(path: missing)),
            (files.folder.path, good.keyPath, .certificateUnreadable(path: files.folder.path)),
            (nonsense, good.keyPath, .certificateInvalid(path: nonsense)),
            (good.certificatePath, nonsense, .keyInvalid(path: nonsense)),
            (
                good.certificatePath, other.keyPath,
                .keyMismatch(certificatePath: good.certificatePath, keyPath: other.keyPath)
            ),
        ]
        for (certificate, key, expected) in rows {
            let security = HTTPTransportSecurity(certificatePath: certificate, keyPath: key)
            let server = ShutdownTests.server(
                HTTPServerConfiguration(port: 0, transportSecurity: security)
            )
            await #expect(throws: expected) { try await server.start() }
        }
    }
}
