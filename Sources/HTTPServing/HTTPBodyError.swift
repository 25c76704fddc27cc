/// Why a request body ended early, or a response body could not be written.
public enum HTTPBodyError: Error, Hashable, Sendable {
    /// The client closed or lost the connection before the body was complete.
    case clientDisconnected
    /// The body has more bytes than the limit it was read or served with.
    case tooLarge(limitBytes: Int64)
    /// The client sent nothing for ``HTTPServerLimits/bodyIdleTimeout``, or too little for who reads it.
    case timedOut
    /// The framing of a chunked body is broken.
    case malformed
    /// The answer was returned already; its request body can no longer be read.
    case answered
    /// A writer was given more bytes than its response announced.
    case longerThanAnnounced(byteCount: Int64)
}
