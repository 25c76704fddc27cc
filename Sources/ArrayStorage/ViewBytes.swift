import NIOCore
import Synchronization

/// Bytes that the Zarr view made for a client, while the client takes them.
///
/// Where others wait for memory and the client is slow, the bytes are given up, and made again when the
/// client goes on; they are then the same, or the answer fails. So pieces are handed out as copies.
///
/// State: guarded by `state`.
public final class ViewBytes: Sendable {
    /// The bytes within which a client must take ``paceBytes``, or its memory may go to others.
    static let paceDuration = Duration.seconds(2)
    /// See ``paceDuration``.
    static let paceBytes = 1 << 20

    /// The bytes and what accounts for their memory.
    struct Content: Sendable {
        let bytes: ByteBuffer
        let share: ViewMemory.Share
    }

    private struct State {
        var content: Content?
        /// Since when `takenBytes` were taken.
        var since: ContinuousClock.Instant
        var takenBytes = 0
    }

    /// How many bytes there are.
    public let byteCount: Int
    /// Whom they were made for.
    let client: String
    private let state: Mutex<State>
    private let remake: @Sendable () async throws(ArrayReadError) -> Content

    /// Takes over bytes that were made.
    ///
    /// - Parameters:
    ///   - content: The bytes.
    ///   - client: Whom they were made for.
    ///   - memory: Where their memory is from.
    ///   - now: What time it is.
    ///   - remake: Makes them again, the same ones.
    init(
        _ content: Content,
        for client: String,
        in memory: ViewMemory,
        at now: ContinuousClock.Instant = .now,
        remake: @escaping @Sendable () async throws(ArrayReadError) -> Content
    ) {
        byteCount = content.bytes.readableBytes
        self.client = client
        self.remake = remake
        state = Mutex(State(content: content, since: now))
        memory.lend(self)
    }

    /// A copy of some of the bytes, if they are in memory; does not wait.
    ///
    /// - Parameters:
    ///   - range: Which bytes, within ``byteCount``.
    ///   - now: What time it is.
    /// - Returns: The bytes, or nil: then use ``copy(_:)``.
    public func copyNow(
        _ range: Range<Int>,
        at now: ContinuousClock.Instant = .now
    ) -> ByteBuffer? {
        state.withLock { state in
            guard let content = state.content else { return nil }
            state.takenBytes += range.count
            if state.takenBytes >= Self.paceBytes { (state.since, state.takenBytes) = (now, 0) }
            return Self.copy(range, of: content)
        }
    }

    /// A copy of some of the bytes, which are made again if their memory went to others.
    ///
    /// - Parameter range: Which bytes, within ``byteCount``.
    /// - Returns: The bytes.
    /// - Throws: ``ArrayReadError``, any case; ``ArrayReadError/chunkUnstable(key:)`` if what they were
    ///   made of was replaced meanwhile.
    public func copy(_ range: Range<Int>) async throws(ArrayReadError) -> ByteBuffer {
        if let piece = copyNow(range) { return piece }
        let content = try await remake()
        state.withLock { state in
            state = State(content: content, since: .now, takenBytes: range.count)
        }
        return Self.copy(range, of: content)
    }

    private static func copy(_ range: Range<Int>, of content: Content) -> ByteBuffer {
        let bytes = content.bytes
        var piece = ByteBufferAllocator().buffer(capacity: range.count)
        let part = bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count)
        piece.writeImmutableBuffer(part ?? ByteBuffer())
        return piece
    }

    /// Since when the client has been slow; nil if it is not, or if the bytes were given up.
    func slowSince(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        state.withLock { state in
            guard state.content != nil, state.since + Self.paceDuration <= now else { return nil }
            return state.since
        }
    }

    /// Gives the memory back.
    func giveUp() {
        let content = state.withLock { state in
            let content = state.content
            state.content = nil
            return content
        }
        withExtendedLifetime(content) {}
    }
}
