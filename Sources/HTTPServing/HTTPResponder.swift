/// What turns requests into answers; the door between this module and the services.
public protocol HTTPResponder: Sendable {
    /// Answers a request.
    ///
    /// Runs on an event loop that serves many connections: it takes microseconds and never
    /// blocks. Whatever may wait belongs into ``HTTPAnswer/soon(_:)`` or ``HTTPAnswer/later(_:)``.
    func answer(_ request: HTTPRequest) -> HTTPAnswer
}

/// An answer that is ready, or the work that makes it.
public enum HTTPAnswer: Sendable {
    /// The answer is ready; it is sent at once.
    ///
    /// A request body, if there is one, is read and dropped up to
    /// ``HTTPServerLimits/discardedBodyBytesMax``; beyond it the connection is closed.
    case now(HTTPResponse)
    /// The answer needs a small body, or has to wait for others, and takes microseconds besides.
    ///
    /// As ``later(_:)``, but all steps of the closure run on the event loop of the connection, so
    /// that no thread is changed for them. It never blocks, and hands what computes for long to
    /// others.
    case soon(@Sendable (HTTPRequestBody) async -> HTTPResponse)
    /// The answer needs the body, or has to wait.
    ///
    /// The closure runs off the event loop; for GET and HEAD its task is cancelled when the client has
    /// gone. The first read of the body sends `100 Continue` to
    /// a client that waits for it. The body can be read until the closure returns; what is left
    /// of it then is dropped as for `now`.
    case later(@Sendable (HTTPRequestBody) async -> HTTPResponse)
}
