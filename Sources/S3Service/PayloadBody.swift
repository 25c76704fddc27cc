import HTTPServing
import Logging
import NIOCore
import ObjectStorage
import Synchronization

/// The bytes of an object as the body of an answer.
///
/// State: `first` is guarded by its mutex; the reader guards its own.
final class PayloadBody: HTTPBodySource {
    let byteCount: Int64

    private let reader: PayloadReader
    /// What was read before the answer was known to be a long one.
    private let first: Mutex<ByteBuffer?>
    private let requestID: String
    private let logger: Logger

    init(_ reader: PayloadReader, first: ByteBuffer?, requestID: String, logger: Logger) {
        byteCount = reader.byteCount
        self.reader = reader
        self.first = Mutex(first)
        self.requestID = requestID
        self.logger = logger
    }

    func readNow(max: Int, allocator: ByteBufferAllocator) throws -> HTTPBodyPiece {
        if let piece = takeFirst(max: max) { return .ready(piece) }
        do {
            return Self.piece(try reader.readNow(max: max, allocator: allocator))
        } catch {
            throw logged(error)
        }
    }

    func read(max: Int, allocator: ByteBufferAllocator) async throws -> HTTPBodyPiece {
        if let piece = takeFirst(max: max) { return .ready(piece) }
        do {
            return Self.piece(try await reader.read(max: max, allocator: allocator))
        } catch {
            throw logged(error)
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

    /// Logs why a body cannot go on; the server cuts the connection, so the client cannot take the
    /// part it got for the whole.
    private func logged(_ error: StoreError) -> StoreError {
        logger.error(
            "an object could not be read to its end",
            metadata: ["request-id": "\(requestID)", "cause": "\(error)"]
        )
        return error
    }

    private static func piece(_ piece: PayloadPiece) -> HTTPBodyPiece {
        switch piece {
        case .ready(let bytes): .ready(bytes)
        case .wouldBlock: .wouldBlock
        case .end: .end
        }
    }
}
