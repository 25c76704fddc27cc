import NIOCore

/// What one read of a payload gave.
public enum PayloadPiece: Sendable {
    /// The next bytes; at least one, verified.
    case ready(ByteBuffer)
    /// The next bytes are not in memory; ask again where waiting is allowed.
    case wouldBlock
    /// All bytes were handed out.
    case end
}
