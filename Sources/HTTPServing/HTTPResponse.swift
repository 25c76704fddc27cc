import NIOCore
import NIOHTTP1

/// An answer: status, header fields and a body.
///
/// The server adds `Date` (if absent) and owns the framing: `Content-Length`,
/// `Transfer-Encoding` and `Connection` are written by it from the kind of body. A
/// `Connection: close` among `headers` makes it close the connection after the answer. A
/// `Content-Length` among `headers` is sent only for an answer to HEAD or with status 304 whose
/// body is `none`. Control bytes in header values are sent as spaces.
public struct HTTPResponse: Sendable {
    /// The status, final (never 1xx).
    public var status: HTTPResponseStatus
    /// The header fields of the service.
    public var headers: HTTPHeaders
    /// The body; never sent in answer to HEAD or with status 204 or 304.
    public var body: HTTPResponseBody

    /// Makes an answer.
    public init(
        status: HTTPResponseStatus,
        headers: HTTPHeaders = [:],
        body: HTTPResponseBody = .none
    ) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// The body of an answer.
public enum HTTPResponseBody: Sendable {
    /// No body; `Content-Length: 0` unless the answer is to HEAD or forbids it.
    case none
    /// A body in memory.
    case bytes(ByteBuffer)
    /// A body of known length, pulled piece by piece as fast as the client takes it.
    case pulled(any HTTPBodySource)
    /// A body that a task writes, with back-pressure.
    ///
    /// Without a byte count it is chunked. If the closure throws, or writes more or fewer bytes
    /// than announced, the connection is cut so that the client cannot take the part for the
    /// whole. The closure is not run where no body may be sent.
    case streamed(byteCount: Int64?, @Sendable (HTTPBodyWriter) async throws -> Void)
}
