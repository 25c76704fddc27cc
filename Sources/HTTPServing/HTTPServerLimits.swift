import NIOCore

/// The bounds on what a client may take of the server, and for how long.
///
/// Times are measured to within an eighth of the shortest of them, one second at most.
public struct HTTPServerLimits: Sendable, Hashable {
    /// The most bytes of a request head: request line and header fields.
    ///
    /// Over it: 431.
    ///
    /// Room for a presigned URL (up to 8 KiB) beside the 8 KiB of headers that S3 allows.
    public var headBytesMax = 32 * 1024
    /// The most header fields of a request.
    ///
    /// Over it: 431.
    public var headerCountMax = 200
    /// The most bytes of a request target.
    ///
    /// Over it: 414.
    public var targetBytesMax = 16 * 1024
    /// The most bytes of a request body.
    ///
    /// Over it: 413, or ``HTTPBodyError/tooLarge(limitBytes:)``.
    ///
    /// S3 stores at most 5 GiB in one request; 64 MiB more leave room for the framing of
    /// aws-chunked bodies. Source: Amazon S3 User Guide, "Uploading objects".
    public var bodyBytesMax: Int64 = 5 * 1024 * 1024 * 1024 + 64 * 1024 * 1024
    /// The most bytes of a request body that wait for their reader before the server stops
    /// reading from the connection.
    public var bufferedBodyBytesMax = 512 * 1024
    /// The most bytes of an unwanted request body that are read and dropped to keep the
    /// connection.
    public var discardedBodyBytesMax: Int64 = 1024 * 1024
    /// The most connections at a time; further ones wait in the system's queue until one ends.
    ///
    /// Connections that arrive in the same turn may exceed it by up to 15.
    public var connectionsMax = 4096
    /// How long a request head may take from its first byte.
    ///
    /// A new connection, with its TLS handshake, has as long to its first byte. Over it: 408 if a
    /// byte was seen, else the connection ends.
    public var headTimeout: TimeAmount = .seconds(20)
    /// How long a request body may pause.
    ///
    /// Over it: ``HTTPBodyError/timedOut``.
    public var bodyIdleTimeout: TimeAmount = .seconds(60)
    /// How long a connection may rest between two requests.
    public var keepAliveTimeout: TimeAmount = .seconds(75)
    /// How long a client may take no byte of an answer before the connection is cut.
    public var writeStallTimeout: TimeAmount = .seconds(60)
    /// How long an answer to GET or HEAD is still made for a client that has closed its side of the
    /// connection.
    ///
    /// Over it the client is taken to have gone: the work is cancelled and the connection ends. One that
    /// only sends nothing more gets every answer that begins within the time.
    public var departureTimeout: TimeAmount = .seconds(10)
    /// How long the server goes on dropping input after a last answer, so that a client that is
    /// still sending can read the answer.
    public var lingerTimeout: TimeAmount = .seconds(2)

    /// Makes the default limits.
    public init() {}
}
