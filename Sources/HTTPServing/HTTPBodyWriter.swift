import NIOCore

/// Takes the pieces of a streamed response body.
public struct HTTPBodyWriter: Sendable {
    private let sink: @Sendable (ByteBuffer) async throws -> Void

    /// Makes a writer that hands every piece to `sink`, as services use in their own tests.
    public init(_ sink: @escaping @Sendable (ByteBuffer) async throws -> Void) {
        self.sink = sink
    }

    /// Sends the next piece; returns when there is room for another.
    ///
    /// - Throws: ``HTTPBodyError/clientDisconnected``, ``HTTPBodyError/longerThanAnnounced(byteCount:)``
    ///   or `CancellationError`.
    public func write(_ piece: ByteBuffer) async throws {
        try await sink(piece)
    }
}
