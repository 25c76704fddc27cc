import NIOCore
import NIOHTTP1

/// Where and how a server listens.
public struct HTTPServerConfiguration: Sendable {
    /// The address or name to listen on; `::` and `0.0.0.0` mean every address.
    public var host: String
    /// The port; 0 takes a free one, which ``HTTPServer/start()`` returns.
    public var port: Int
    /// The certificate and key; nil serves plain HTTP.
    public var transportSecurity: HTTPTransportSecurity?
    /// The bounds on clients.
    public var limits: HTTPServerLimits
    /// How many event loop threads serve connections; nil takes one per core.
    public var eventLoopThreads: Int?
    /// Makes the answer to a request that the server refuses itself.
    ///
    /// The connection is closed after it. Runs on an event loop; bodies other than `none` and
    /// `bytes` are not sent.
    public var errorResponse: @Sendable (HTTPProtocolError) -> HTTPResponse

    /// Makes a configuration with default limits.
    public init(
        host: String = "127.0.0.1",
        port: Int = 9000,
        transportSecurity: HTTPTransportSecurity? = nil,
        limits: HTTPServerLimits = HTTPServerLimits(),
        eventLoopThreads: Int? = nil,
        errorResponse: @escaping @Sendable (HTTPProtocolError) -> HTTPResponse = plainResponse
    ) {
        self.host = host
        self.port = port
        self.transportSecurity = transportSecurity
        self.limits = limits
        self.eventLoopThreads = eventLoopThreads
        self.errorResponse = errorResponse
    }

    /// A refusal as one sentence of plain text.
    public static func plainResponse(_ error: HTTPProtocolError) -> HTTPResponse {
        HTTPResponse(
            status: error.status,
            headers: ["Content-Type": "text/plain; charset=utf-8"],
            body: .bytes(ByteBuffer(string: error.message + "\n"))
        )
    }
}

/// The files that a TLS server proves itself with.
public struct HTTPTransportSecurity: Sendable, Hashable {
    /// A PEM file with the server's certificate first and its chain after it.
    public var certificatePath: String
    /// A PEM file with the private key of the certificate, without a passphrase.
    public var keyPath: String

    /// Names the two files; they are read when the server starts.
    public init(certificatePath: String, keyPath: String) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }
}
