import NIOCore

/// A body of known length that is read in pieces, without waiting where possible.
///
/// The server calls one method at a time: `readNow` on the event loop and, after
/// `wouldBlock`, `read` once off it. It stops calling after `end`, an error, `byteCount` bytes, or
/// when the client is gone, and then releases the source.
public protocol HTTPBodySource: Sendable, AnyObject {
    /// The length of the whole body in bytes.
    var byteCount: Int64 { get }
    /// The next piece, without blocking.
    ///
    /// - Parameters:
    ///   - max: The most bytes the piece may have, > 0.
    ///   - allocator: Where the piece's memory should come from.
    /// - Returns: A piece of 1 to `max` bytes, `wouldBlock`, or `end` after `byteCount` bytes.
    /// - Throws: Anything; the connection is cut, so that no wrong byte is sent.
    func readNow(max: Int, allocator: ByteBufferAllocator) throws -> HTTPBodyPiece
    /// The next piece; may wait.
    ///
    /// - Parameters:
    ///   - max: The most bytes the piece may have, > 0.
    ///   - allocator: Where the piece's memory should come from.
    /// - Returns: A piece of 1 to `max` bytes, or `end` after `byteCount` bytes.
    /// - Throws: Anything; the connection is cut, so that no wrong byte is sent.
    func read(max: Int, allocator: ByteBufferAllocator) async throws -> HTTPBodyPiece
}

/// What one read of a body source gave.
public enum HTTPBodyPiece: Sendable {
    /// The next bytes.
    case ready(ByteBuffer)
    /// The bytes are not in memory; ask again with `read`.
    case wouldBlock
    /// All bytes were given before.
    case end
}
