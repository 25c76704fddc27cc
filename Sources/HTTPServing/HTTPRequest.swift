import NIOCore
import NIOHTTP1

/// The head of one request, as it arrived.
///
/// Invariants of a request that the server made:
/// - `target` begins with `/` or is `*`; it is valid UTF-8 without spaces or control bytes;
/// - header names are tokens; values hold no NUL, CR or LF and are valid UTF-8;
/// - at most one of `Content-Length` and `Transfer-Encoding` is present, once.
public struct HTTPRequest: Sendable {
    /// The method, `GET` for instance.
    public let method: HTTPMethod
    /// The request target in origin form, percent-encoding untouched, query included.
    ///
    /// An absolute-form target (`http://host/path`) arrives here as its path and query.
    public let target: String
    /// The header fields in the order of arrival.
    public let headers: HTTPHeaders
    /// Whether the request came over TLS.
    public let isSecure: Bool
    /// The address of the peer, if the system told it.
    public let remoteAddress: SocketAddress?
    /// Whether the peer is on this machine (127.0.0.0/8, ::1 or a Unix socket).
    public let isLoopback: Bool
    /// The value of `Content-Length`; nil for a chunked body or none.
    public let declaredBodyBytes: Int64?

    /// Makes a request; services use this in their own tests.
    public init(
        method: HTTPMethod,
        target: String,
        headers: HTTPHeaders,
        isSecure: Bool = false,
        remoteAddress: SocketAddress? = nil,
        isLoopback: Bool = true,
        declaredBodyBytes: Int64? = nil
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.isSecure = isSecure
        self.remoteAddress = remoteAddress
        self.isLoopback = isLoopback
        self.declaredBodyBytes = declaredBodyBytes
    }
}
