import NIOHTTP1

/// A parsed request head with what its connection has to know about it.
struct RequestHead {
    /// How the length of the body is known.
    ///
    /// Source: RFC 9112 section 6.3.
    enum Framing: Equatable {
        case none
        case sized(Int64)
        case chunked
    }

    /// What the client does before it sends the body.
    ///
    /// Source: RFC 9110 section 10.1.1.
    enum Expectation: Equatable {
        case none
        case continuation
    }

    /// Whether the client wants to send more requests on the connection.
    ///
    /// Source: RFC 9112 section 9.3.
    enum Persistence: Equatable {
        case keepAlive
        case close
    }

    /// The minor version of HTTP/1.
    enum Version: Equatable {
        case http10
        case http11
    }

    var method: HTTPMethod
    var target: String
    var headers: HTTPHeaders
    var version: Version
    var persistence: Persistence
    var framing: Framing
    var expectation: Expectation
    /// The value of `Content-Length`, if it was given.
    var declaredBodyBytes: Int64?
}
