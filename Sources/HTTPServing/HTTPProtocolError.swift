import NIOHTTP1

/// A request that the server itself refuses, before any responder sees it.
///
/// Source: RFC 9112 (HTTP/1.1), RFC 9110 section 15.5 and RFC 6585 for the statuses.
public enum HTTPProtocolError: Error, Hashable, Sendable {
    /// The request line is not `method SP target SP version`.
    case requestLineMalformed
    /// The target is longer than the limit.
    case targetTooLong(limitBytes: Int)
    /// The version is not HTTP/1.x.
    case versionUnsupported
    /// A header line is not `name: value`, is folded, or holds a forbidden byte.
    case headerMalformed
    /// The head is longer than the limit.
    case headTooLong(limitBytes: Int)
    /// There are more header fields than the limit.
    case tooManyHeaders(limit: Int)
    /// `Host` is missing in HTTP/1.1, or present twice.
    case hostInvalid
    /// `Content-Length` is not one number, or stands beside `Transfer-Encoding`.
    case framingAmbiguous
    /// A transfer coding other than `chunked`.
    case transferCodingUnsupported
    /// `Content-Length` is over the limit.
    case bodyTooLarge(limitBytes: Int64)
    /// The head did not arrive in time.
    case headTimedOut

    /// The status that the refusal is answered with.
    public var status: HTTPResponseStatus {
        switch self {
        case .requestLineMalformed, .headerMalformed, .hostInvalid, .framingAmbiguous:
            .badRequest
        case .targetTooLong: .uriTooLong
        case .versionUnsupported: .httpVersionNotSupported
        case .headTooLong, .tooManyHeaders: .requestHeaderFieldsTooLarge
        case .transferCodingUnsupported: .notImplemented
        case .bodyTooLarge: .payloadTooLarge
        case .headTimedOut: .requestTimeout
        }
    }

    /// One sentence for the client.
    public var message: String {
        switch self {
        case .requestLineMalformed: "The request line is malformed."
        case .targetTooLong(let limit): "The request target is longer than \(limit) bytes."
        case .versionUnsupported: "Only HTTP/1.0 and HTTP/1.1 are spoken here."
        case .headerMalformed: "A header field is malformed."
        case .headTooLong(let limit): "The request head is longer than \(limit) bytes."
        case .tooManyHeaders(let limit): "The request has more than \(limit) header fields."
        case .hostInvalid: "The request needs exactly one Host header field."
        case .framingAmbiguous: "The length of the request body is not given unambiguously."
        case .transferCodingUnsupported: "The only transfer coding understood is chunked."
        case .bodyTooLarge(let limit): "The request body is larger than \(limit) bytes."
        case .headTimedOut: "The request head did not arrive in time."
        }
    }
}
