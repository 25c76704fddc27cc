import NIOCore
import StorageModel

/// Takes in the bytes of one payload: short ones in memory, longer ones into a blob as they come.
///
/// One task uses a stage, one call at a time. `append` returns while the disk still writes, so the
/// caller hashes the next bytes meanwhile; it waits when a buffer's worth is behind.
public final class PayloadStage: Sendable {
    /// Takes the next bytes.
    public func append(_ bytes: ByteBuffer) async throws(StoreError) { preconditionFailure() }
    /// Ends the payload; a blob is flushed.
    public func finish() async throws(StoreError) -> StagedPayload { preconditionFailure() }
    /// Gives the payload up.
    public func discard() async { preconditionFailure() }
}

/// A payload that is stored and not yet an object's; dropping it frees it.
public final class StagedPayload: Sendable {
    /// Its length, in bytes.
    public var lengthBytes: Int64 { preconditionFailure() }
}

/// Reads a range of an object's bytes in order; every byte is verified before it is handed out.
///
/// State: guarded by a mutex; one caller at a time.
public final class PayloadReader: Sendable {
    /// How many bytes the reader gives in all.
    public var byteCount: Int64 { preconditionFailure() }
    /// Gives the next piece, at most `max` bytes, without waiting. May be called on an event loop.
    public func readNow(max: Int, allocator: ByteBufferAllocator) throws(StoreError) -> PayloadPiece { preconditionFailure() }
    /// Gives the next piece, at most `max` bytes; waits on a disk thread. Never `.wouldBlock`.
    public func read(max: Int, allocator: ByteBufferAllocator) async throws(StoreError) -> PayloadPiece { preconditionFailure() }
}
