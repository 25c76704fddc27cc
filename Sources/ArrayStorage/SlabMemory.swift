import ArrayModel
import CKernels
import NIOCore
import Synchronization

/// The bytes of one slab while chunks are copied into them.
///
/// State: guarded by `buffer`; decoding, which takes the time, is done outside of it.
final class SlabMemory: Sendable {
    private let buffer: Mutex<ByteBuffer>
    private let itemBytes: Int
    private let fillValue: [UInt8]

    /// Memory for `elements` elements.
    init(elements: Int, array: StoredArray, content: InitialContent) {
        itemBytes = array.itemBytes
        fillValue = array.metadata.fillValue.bytes
        let bytes = elements * array.itemBytes
        var buffer = ByteBufferAllocator().buffer(capacity: bytes)
        let (itemBytes, fillValue) = (itemBytes, fillValue)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes) { room in
            switch content {
            case .undefined: break
            case .fillValue:
                nave_copy_box(
                    room.baseAddress,
                    [itemBytes],
                    fillValue,
                    [0],
                    [elements],
                    1,
                    itemBytes
                )
            }
            return bytes
        }
        self.buffer = Mutex(buffer)
    }

    /// What the memory holds at first.
    enum InitialContent {
        /// Anything; every element will be copied in.
        case undefined
        /// The array's fill value in every element.
        case fillValue
    }

    /// Copies a piece of a decoded chunk to its place.
    ///
    /// - Parameters:
    ///   - piece: The piece.
    ///   - chunk: The decoded chunk from some element on, as far as the piece reaches.
    ///   - first: That element.
    func put(_ piece: ChunkPiece, of chunk: ByteBuffer, from first: Int = 0) {
        chunk.withUnsafeReadableBytes { source in
            copy(
                piece,
                from: source.baseAddress?
                    .advanced(by: (piece.sourceOffset - first) * itemBytes),
                strides: piece.sourceStrides.map { $0 * itemBytes }
            )
        }
    }

    /// Writes the fill value to the place of a piece whose chunk is not stored.
    func putFillValue(_ piece: ChunkPiece) {
        fillValue.withUnsafeBytes { source in
            copy(piece, from: source.baseAddress, strides: piece.counts.map { _ in 0 })
        }
    }

    /// The finished bytes; the memory is empty afterwards.
    func take() -> ByteBuffer {
        buffer.withLock { buffer in
            let taken = buffer
            buffer = ByteBuffer()
            return taken
        }
    }

    private func copy(_ piece: ChunkPiece, from source: UnsafeRawPointer?, strides: [Int]) {
        guard let source else { return }
        buffer.withLock { buffer in
            buffer.withUnsafeMutableReadableBytes { target in
                nave_copy_box(
                    target.baseAddress?.advanced(by: piece.targetOffset * itemBytes),
                    piece.targetStrides.map { $0 * itemBytes },
                    source,
                    strides,
                    piece.counts,
                    piece.counts.count,
                    itemBytes
                )
            }
        }
    }
}
