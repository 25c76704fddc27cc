import ArrayStorage
import DiskIO
import HTTPServing
import NIOCore
import Synchronization

/// Bytes that the Zarr view made as the body of an answer; their memory is held until they are sent, or
/// until others need it and the client is slow.
///
/// State: the place of the next byte, guarded by `next`.
final class HeldBody: HTTPBodySource {
    let byteCount: Int64
    private let bytes: ViewBytes
    private let end: Int
    private let next: Mutex<Int>
    private let account = WorkAccount.current

    /// Makes a body of a range within bytes.
    init(_ bytes: ViewBytes, range: Range<Int64>) {
        self.bytes = bytes
        byteCount = Int64(range.count)
        end = Int(range.upperBound)
        next = Mutex(Int(range.lowerBound))
    }

    func readNow(max: Int, allocator: ByteBufferAllocator) -> HTTPBodyPiece {
        let range = range(max)
        guard !range.isEmpty else { return .end }
        guard let piece = bytes.copyNow(range) else { return .wouldBlock }
        next.withLock { $0 = range.upperBound }
        return .ready(piece)
    }

    func read(max: Int, allocator: ByteBufferAllocator) async throws -> HTTPBodyPiece {
        let range = range(max)
        guard !range.isEmpty else { return .end }
        let piece = try await WorkAccount.$current.withValue(account) {
            try await bytes.copy(range)
        }
        next.withLock { $0 = range.upperBound }
        return .ready(piece)
    }

    /// The next bytes, at most so many.
    private func range(_ max: Int) -> Range<Int> {
        next.withLock { $0..<Swift.min($0 + max, end) }
    }
}
