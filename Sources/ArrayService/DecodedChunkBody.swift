import ArrayStorage
import HTTPServing
import NIOCore
import Synchronization

/// A decoded chunk as the body of an answer; its memory is accounted for until the body is sent.
///
/// State: guarded by `rest`.
final class DecodedChunkBody: HTTPBodySource {
    let byteCount: Int64
    private let chunk: DecodedChunk
    private let rest: Mutex<ByteBuffer>

    init(_ chunk: DecodedChunk, range: Range<Int64>) {
        self.chunk = chunk
        byteCount = Int64(range.count)
        let part = chunk.bytes.getSlice(
            at: chunk.bytes.readerIndex + Int(range.lowerBound),
            length: range.count
        )
        rest = Mutex(part ?? ByteBuffer())
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
