import NIOCore
import ObjectStorage
import StorageModel

/// What an answer with an object's bytes begins with.
///
/// The first bytes are read and verified before the answer begins, so that an object that cannot be
/// read is an error and not a body that ends too early.
public enum PayloadOpening: Sendable {
    /// All bytes, which were in memory and are few.
    case whole(ByteBuffer)
    /// The first bytes, and a reader that goes on after them.
    case begun(PayloadReader, first: ByteBuffer)
    /// Nothing yet: the disk must be waited for, which ``PayloadReader/read(max:allocator:)`` does, for
    /// `firstBytes` bytes.
    case waiting(PayloadReader, firstBytes: Int)

    /// Ranges up to this length are answered from memory in one piece when they are in the cache, in
    /// bytes.
    ///
    /// Chunks of arrays often have a quarter of a mebibyte and a little more or less.
    public static let immediateBytesMax: Int64 = 524_288
    /// How much of a longer range is read before its answer begins, in bytes.
    public static let firstBytesMax: Int64 = 262_144

    /// Begins to read a range, without waiting.
    ///
    /// A function, whose parameters are borrowed; those of an initialiser are copies, and an entry
    /// holds many references.
    ///
    /// - Parameters:
    ///   - entry: The object.
    ///   - range: Which of its bytes; within the object.
    ///   - store: Where it is.
    /// - Returns: What is in memory of the range.
    /// - Throws: As `ObjectStore.reader(_:range:)`: among others `StoreError.objectReplaced` if it was
    ///   replaced since it was looked up.
    public static func begin(
        _ entry: ObjectEntry,
        range: Range<Int64>,
        of store: ObjectStore
    ) throws(StoreError) -> PayloadOpening {
        guard !range.isEmpty else { return .whole(ByteBuffer()) }
        let allocator = ByteBufferAllocator()
        let isShort = range.upperBound - range.lowerBound <= immediateBytesMax
        if isShort,
            let bytes = try store.readInlineNow(entry, range: range, allocator: allocator)
        {
            return .whole(bytes)
        }
        let reader = try store.reader(entry, range: range)
        let wanted = Int(isShort ? reader.byteCount : firstBytesMax)
        var first = ByteBuffer()
        while first.readableBytes < wanted {
            let missing = wanted - first.readableBytes
            guard case .ready(let piece) = try reader.readNow(max: missing, allocator: allocator)
            else { break }
            if first.readableBytes == 0 {
                first = piece
            } else {
                first.writeImmutableBuffer(piece)
            }
            if !isShort { break }
        }
        if isShort, first.readableBytes == wanted { return .whole(first) }
        if first.readableBytes > 0 { return .begun(reader, first: first) }
        return .waiting(reader, firstBytes: wanted)
    }
}
