import NIOCore

/// Takes the pieces of a streamed response body.
public struct HTTPBodyWriter: Sendable {
    private let sink: @Sendable (ByteBuffer) async throws -> Void
    private let observe: @Sendable (@escaping @Sendable () -> Void) -> Void

    /// Makes a writer that hands every piece to `sink`, as services use in their own tests.
    ///
    /// - Parameters:
    ///   - sink: Takes the pieces.
    ///   - observe: Takes the action that is to run when nobody waits for more.
    public init(
        _ sink: @escaping @Sendable (ByteBuffer) async throws -> Void,
        observe: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void = { _ in }
    ) {
        self.sink = sink
        self.observe = observe
    }

    /// Has an action run once the client has gone or the server stops; at once if that is so already.
    ///
    /// For bodies without an end, which should then end. The action of the last call counts; it runs on
    /// an event loop and must be short.
    public func whenStopped(_ action: @escaping @Sendable () -> Void) {
        observe(action)
    }

    /// Sends the next piece; returns when there is room for another.
    ///
    /// - Throws: ``HTTPBodyError/clientDisconnected``, ``HTTPBodyError/longerThanAnnounced(byteCount:)``
    ///   or `CancellationError`.
    public func write(_ piece: ByteBuffer) async throws {
        try await sink(piece)
    }
}
