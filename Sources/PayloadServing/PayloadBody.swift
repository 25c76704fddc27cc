import HTTPServing
import NIOCore
import ObjectStorage
import Synchronization

/// The bytes of an object as the body of an answer.
///
/// State: `first` is guarded by its mutex; the reader guards its own.
public final class PayloadBody: HTTPBodySource {
    /// The length of the whole body in bytes.
    public let byteCount: Int64

    private let reader: PayloadReader
    /// What was read before the answer was known to be a long one.
    private let first: Mutex<ByteBuffer?>
    private let onFailure: @Sendable (StoreError) -> Void

    /// Makes a body of what a reader gives.
    ///
    /// - Parameters:
    ///   - reader: The reader.
    ///   - first: What it gave already, if anything.
    ///   - onFailure: Notes why a body cannot go on; the server cuts the connection, so the client
    ///     cannot take the part it got for the whole.
    public init(
        _ reader: PayloadReader,
        first: ByteBuffer?,
        onFailure: @escaping @Sendable (StoreError) -> Void
    ) {
        byteCount = reader.byteCount
        self.reader = reader
        self.first = Mutex(first)
        self.onFailure = onFailure
    }

    /// The next piece, without blocking.
    ///
    /// - Parameters:
    ///   - max: The most bytes the piece may have, > 0.
    ///   - allocator: Where the piece's memory should come from.
    /// - Returns: Verified bytes, `wouldBlock`, or `end`.
    /// - Throws: `StoreError`, after it was noted.
    public func readNow(max: Int, allocator: ByteBufferAllocator) throws -> HTTPBodyPiece {
        if let piece = takeFirst(max: max) { return .ready(piece) }
        do {
            return Self.piece(try reader.readNow(max: max, allocator: allocator))
        } catch {
            onFailure(error)
            throw error
        }
    }

    /// The next piece; may wait.
    ///
    /// - Parameters:
    ///   - max: The most bytes the piece may have, > 0.
    ///   - allocator: Where the piece's memory should come from.
    /// - Returns: Verified bytes, or `end`.
    /// - Throws: `StoreError`, after it was noted.
    public func read(max: Int, allocator: ByteBufferAllocator) async throws -> HTTPBodyPiece {
        if let piece = takeFirst(max: max) { return .ready(piece) }
        do {
            return Self.piece(try await reader.read(max: max, allocator: allocator))
        } catch {
            onFailure(error)
            throw error
        }
    }

    private func takeFirst(max: Int) -> ByteBuffer? {
        first.withLock { first in
            guard var buffer = first, buffer.readableBytes > 0 else { return nil }
            let piece = buffer.readSlice(length: min(max, buffer.readableBytes))
            first = buffer.readableBytes > 0 ? buffer : nil
            return piece
        }
    }

    private static func piece(_ piece: PayloadPiece) -> HTTPBodyPiece {
        switch piece {
        case .ready(let bytes): .ready(bytes)
        case .wouldBlock: .wouldBlock
        case .end: .end
        }
    }
}
