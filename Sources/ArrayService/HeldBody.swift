import HTTPServing
import NIOCore
import Synchronization

/// Bytes in memory as the body of an answer; what accounts for their memory is held until they are sent.
///
/// State: guarded by `rest`.
final class HeldBody: HTTPBodySource {
    let byteCount: Int64
    private let memory: any Sendable
    private let rest: Mutex<ByteBuffer>

    /// Makes a body of a range within bytes.
    init(_ bytes: ByteBuffer, range: Range<Int64>, memory: any Sendable) {
        let part = bytes.getSlice(
            at: bytes.readerIndex + Int(range.lowerBound),
            length: range.count
        )
        byteCount = Int64(range.count)
        rest = Mutex(part ?? ByteBuffer())
        self.memory = memory
    }

    func readNow(max: Int, allocator: ByteBufferAllocator) -> HTTPBodyPiece {
        rest.withLock { rest in
            guard rest.readableBytes > 0,
                let piece = rest.readSlice(length: min(max, rest.readableBytes))
            else { return .end }
            return .ready(piece)
        }
    }

    func read(max: Int, allocator: ByteBufferAllocator) async -> HTTPBodyPiece {
        readNow(max: max, allocator: allocator)
    }
}
