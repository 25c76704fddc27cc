import ArrayModel
import ArrayStorage
import Checksums
import DiskIO
import HTTPServing
import NIOCore
import ObjectStorage
import StorageModel
import Synchronization

/// Many chunks as the body of one answer, each in a frame.
///
/// The chunks that are given as they are stored were opened before, so they are read to their ends
/// whatever is written meanwhile. Those that are given decoded are decoded one after another, each when
/// the client has taken what comes before it. Whatever fails ends the body early, and the server cuts the
/// connection.
///
/// What is not in the page cache is read ahead on a disk thread, several chunks in one go, since going
/// there and back costs as much as copying one.
///
/// Memory: one piece of at most the length that is asked for, or what is read ahead, which all bundles
/// share; the frames; and one decoded chunk.
///
/// State: guarded by `state`; one caller at a time.
final class ChunkBundle: HTTPBodySource {
    /// Where a payload comes from.
    enum Payload: Sendable {
        case none
        case stored(PayloadReader)
        case decoded(key: String, ObjectEntry, of: ResolvedArray)
    }

    /// A chunk with its frame.
    struct Part: Sendable {
        let frame: ChunkFrame
        let payload: Payload
    }

    /// A payload of which something is still to be sent.
    fileprivate enum Rest {
        case stored(PayloadReader, remainingBytes: Int64)
        case decoded(ViewBytes, sentBytes: Int)
        case undecoded(key: String, ObjectEntry, of: ResolvedArray)
    }

    fileprivate struct State {
        /// What was read already and is sent first.
        var begun = ByteBuffer()
        /// What accounts for its memory.
        var begunMemory: BodyBudget.Reservation?
        /// The beginning of a piece that has to be waited for.
        var partial = ByteBuffer()
        /// Last first, so that those that were sent are given back.
        var parts: [Part]
        /// The frame that is being sent, if it ends with a checksum, and that of its payload so far.
        var checked: (frame: ChunkFrame, payload: CRC32C)?
        var rest: Rest?
    }

    /// Whether something has to be waited for.
    private enum Filling {
        case done
        case blocked
    }

    /// Whether the calling thread may wait for the disk.
    private enum Waiting {
        case forbidden
        case allowed
    }

    /// A piece of fewer bytes is worth waiting for more.
    private static let pieceBytesMin = Int(StorageModel.Payload.blockBytes)
    /// How much is read in one go where the disk has to be waited for.
    private static let aheadBytes = 1 << 20

    let byteCount: Int64
    private let state: Mutex<State>
    private let store: ObjectStore
    private let reader: ArrayReader
    private let budget: BodyBudget
    private let onFailure: @Sendable (ArrayReadError) -> Void
    private let account = WorkAccount.current

    /// Makes a body; nil if its bytes cannot be counted.
    ///
    /// - Parameters:
    ///   - parts: The chunks, in order.
    ///   - store: Has the threads that wait for the disk.
    ///   - reader: Decodes chunks.
    ///   - budget: The memory for what is read ahead; without room there, nothing is.
    ///   - onFailure: Notes why a body cannot go on.
    init?(
        _ parts: [Part],
        store: ObjectStore,
        reader: ArrayReader,
        budget: BodyBudget,
        onFailure: @escaping @Sendable (ArrayReadError) -> Void
    ) {
        var total: Int64 = 0
        for part in parts {
            let (sum, overflow) = total.addingReportingOverflow(part.frame.byteCount)
            guard !overflow else { return nil }
            total = sum
        }
        byteCount = total
        state = Mutex(State(parts: parts.reversed()))
        self.store = store
        self.reader = reader
        self.budget = budget
        self.onFailure = onFailure
    }

    /// Reads the first piece before the answer begins, so that a first chunk that cannot be read is an
    /// error and not a body that ends at once.
    ///
    /// - Throws: Why it cannot be read.
    func begin(max: Int, allocator: ByteBufferAllocator) async throws(ArrayReadError) {
        let piece = try await waited(max: max, allocator)
        state.withLock { $0.begun = piece }
    }

    func readNow(max: Int, allocator: ByteBufferAllocator) throws -> HTTPBodyPiece {
        if let begun = takeBegun(max: max) { return .ready(begun) }
        do {
            var piece = allocator.buffer(capacity: Swift.min(max, Int(clamping: byteCount)))
            if try fill(&piece, max: max, .forbidden) == .blocked,
                piece.readableBytes < Swift.min(max, Self.pieceBytesMin)
            {
                let partial = piece
                state.withLock { $0.partial = partial }
                return .wouldBlock
            }
            return piece.readableBytes > 0 ? .ready(cut(piece, max: max)) : .end
        } catch {
            onFailure(error)
            throw error
        }
    }

    func read(max: Int, allocator: ByteBufferAllocator) async throws -> HTTPBodyPiece {
        if let begun = takeBegun(max: max) { return .ready(begun) }
        do {
            let piece = try await WorkAccount.$current.withValue(account) {
                await waiting(max: max, allocator)
            }.get()
            return piece.readableBytes > 0 ? .ready(cut(piece, max: max)) : .end
        } catch {
            onFailure(error)
            throw error
        }
    }

    private func takeBegun(max: Int) -> ByteBuffer? {
        state.withLock { state in
            guard state.begun.readableBytes > 0 else { return nil }
            let piece = state.begun.readSlice(length: Swift.min(max, state.begun.readableBytes))
            if state.begun.readableBytes == 0 {
                state.begun = ByteBuffer()
                state.begunMemory = nil
            }
            return piece
        }
    }

    /// The beginning of a piece that has more than `max` bytes; the rest is sent next.
    private func cut(_ piece: ByteBuffer, max: Int) -> ByteBuffer {
        var piece = piece
        guard piece.readableBytes > max, let first = piece.readSlice(length: max) else {
            state.withLock { $0.begunMemory = nil }
            return piece
        }
        let rest = piece
        state.withLock { $0.begun = rest }
        return first
    }

    /// The next piece or why there is none, as ``waited(max:_:)``.
    private func waiting(
        max: Int,
        _ allocator: ByteBufferAllocator
    ) async -> Result<ByteBuffer, ArrayReadError> {
        do throws(ArrayReadError) {
            return .success(try await waited(max: max, allocator))
        } catch {
            return .failure(error)
        }
    }

    /// The next piece, waited for; empty only at the end.
    private func waited(
        max: Int,
        _ allocator: ByteBufferAllocator
    ) async throws(ArrayReadError) -> ByteBuffer {
        var piece = state.withLock { state in
            defer { state.partial = ByteBuffer() }
            return state.partial
        }
        if piece.readableBytes == 0 {
            piece = allocator.buffer(capacity: Swift.min(max, Int(clamping: byteCount)))
        }
        let enough = Swift.min(max, Self.pieceBytesMin)
        while try fill(&piece, max: max, .forbidden) == .blocked, piece.readableBytes < enough {
            switch state.withLock({ $0.rest }) {
            case .undecoded(let key, let entry, let array):
                let chunk = try await reader.decodedChunk(key, entry: entry, of: array)
                state.withLock { $0.rest = .decoded(chunk.bytes, sentBytes: 0) }
            case .stored: piece = try await readAhead(piece, max: max)
            case .decoded(let bytes, let sent):
                // Others were given its memory meanwhile.
                _ = try await bytes.copy(sent..<sent)
            case nil: return piece
            }
        }
        return piece
    }

    /// Adds to a piece what comes next, waiting for the disk: more than fits if there is memory for it.
    private func readAhead(
        _ piece: ByteBuffer,
        max: Int
    ) async throws(ArrayReadError) -> ByteBuffer {
        let memory = byteCount > Int64(max) ? budget.reserve(Self.aheadBytes) : nil
        let most = memory == nil ? max : Swift.max(max, Self.aheadBytes)
        state.withLock { $0.begunMemory = memory }
        let result: Result<ByteBuffer, ArrayReadError>
        do {
            result = try await store.diskPool.run { [self] in
                Result { () throws(ArrayReadError) -> ByteBuffer in
                    var piece = piece
                    piece.reserveCapacity(Swift.min(most, Int(clamping: byteCount)))
                    _ = try fill(&piece, max: most, .allowed)
                    return piece
                }
            }
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .shutDown
        }
        return try result.get()
    }

    /// Adds what comes next to a piece, up to `max` bytes and what is around a payload.
    private func fill(
        _ piece: inout ByteBuffer,
        max: Int,
        _ waiting: Waiting
    ) throws(ArrayReadError) -> Filling {
        try state.withLock { state throws(ArrayReadError) -> Filling in
            while piece.readableBytes < max {
                switch state.rest {
                case nil:
                    guard let next = state.parts.popLast() else { return .done }
                    state.begin(next, in: &piece)
                case .undecoded: return .blocked
                case .stored(let payload, let remaining):
                    // No block is cut in two for what is left of a piece: it would be verified twice.
                    let room = max - piece.readableBytes
                    guard
                        piece.readableBytes == 0
                            || room >= Swift.min(remaining, Int64(Self.pieceBytesMin))
                    else { return .done }
                    let count = try Self.append(payload, to: &piece, max: room, waiting)
                    guard let count, count > 0 else { return .blocked }
                    let left = remaining - Int64(count)
                    let rest = left > 0 ? Rest.stored(payload, remainingBytes: left) : nil
                    state.added(count, to: &piece, rest)
                case .decoded(let bytes, let sent):
                    let left = bytes.byteCount - sent
                    let end = sent + Swift.min(left, max - piece.readableBytes)
                    guard var part = bytes.copyNow(sent..<end) else { return .blocked }
                    piece.writeBuffer(&part)
                    let rest = end < bytes.byteCount ? Rest.decoded(bytes, sentBytes: end) : nil
                    state.added(end - sent, to: &piece, rest)
                }
            }
            return .done
        }
    }

    private static func append(
        _ payload: PayloadReader,
        to piece: inout ByteBuffer,
        max: Int,
        _ waiting: Waiting
    ) throws(ArrayReadError) -> Int? {
        do throws(StoreError) {
            switch waiting {
            case .forbidden: return try payload.readNow(max: max, appendingTo: &piece)
            case .allowed: return try payload.readBlocking(max: max, appendingTo: &piece)
            }
        } catch {
            throw .store(error)
        }
    }
}

extension ChunkBundle.State {
    /// Begins a frame in a piece; one without a payload is whole then.
    fileprivate mutating func begin(_ part: ChunkBundle.Part, in piece: inout ByteBuffer) {
        part.frame.writeHead(into: &piece)
        checked = part.frame.path == nil ? nil : (part.frame, CRC32C())
        switch part.payload {
        case .stored(let payload) where part.frame.payloadBytes > 0:
            rest = .stored(payload, remainingBytes: part.frame.payloadBytes)
        case .decoded(let key, let entry, let array): rest = .undecoded(key: key, entry, of: array)
        case .stored, .none: added(0, to: &piece, nil)
        }
    }

    /// Takes in that the last bytes of a piece were added to it, and what is still to be sent of the payload; a
    /// frame of which nothing is ends.
    ///
    /// The bytes are those that were just read, and still in the processor's cache.
    fileprivate mutating func added(
        _ count: Int,
        to piece: inout ByteBuffer,
        _ rest: ChunkBundle.Rest?
    ) {
        self.rest = rest
        guard checked != nil else { return }
        piece.withUnsafeReadableBytes {
            checked?.payload.update(UnsafeRawBufferPointer(rebasing: $0.suffix(count)))
        }
        guard rest == nil, let ended = checked else { return }
        ended.frame.writeEnd(payload: ended.payload, into: &piece)
        checked = nil
    }
}
