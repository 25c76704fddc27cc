import NIOCore

/// The bytes of a streamed response between the task that writes and the connection that sends.
///
/// A pure value: each event returns what the caller has to do.
///
/// Invariants:
/// - `pendingBytes` is the sum of the readable bytes of `pending`;
/// - a writer waits only while at least `pendingBytesMax` bytes are pending.
struct ResponseStreamState {
    /// What a write has to do.
    enum WriteAction: Equatable {
        /// Go on; wake the connection or it is awake already.
        case proceed(ConnectionSignal)
        /// Wait until the connection took the bytes.
        case wait(ConnectionSignal)
        case fail(HTTPBodyError)
    }

    /// Whether the connection has to be told that there is something to take.
    enum ConnectionSignal: Equatable {
        case nothing
        case wake
    }

    /// How the stream ended.
    enum Ending: Equatable {
        /// All bytes were written.
        case complete
        /// The closure threw or wrote fewer bytes than announced.
        case broken
    }

    private let pendingBytesMax: Int
    private let announcedBytes: Int64?
    private var pending: [ByteBuffer] = []
    private var pendingBytes = 0
    private var writtenBytes: Int64 = 0
    private var isWakeUnderWay = false
    private var failure: HTTPBodyError?
    private(set) var isWriterWaiting = false
    private(set) var ending: Ending?

    init(announcedBytes: Int64?, pendingBytesMax: Int) {
        self.announcedBytes = announcedBytes
        self.pendingBytesMax = pendingBytesMax
    }

    /// The task writes a piece.
    mutating func write(_ piece: ByteBuffer) -> WriteAction {
        precondition(!isWriterWaiting, "one task writes a response body at a time")
        if let failure { return .fail(failure) }
        guard piece.readableBytes > 0 else { return .proceed(.nothing) }
        let written = writtenBytes + Int64(piece.readableBytes)
        if let announcedBytes, written > announcedBytes {
            let error = HTTPBodyError.longerThanAnnounced(byteCount: announcedBytes)
            failure = error
            return .fail(error)
        }
        writtenBytes = written
        pending.append(piece)
        pendingBytes += piece.readableBytes
        let signal = signal()
        guard pendingBytes >= pendingBytesMax else { return .proceed(signal) }
        isWriterWaiting = true
        return .wait(signal)
    }

    private mutating func signal() -> ConnectionSignal {
        guard !isWakeUnderWay else { return .nothing }
        isWakeUnderWay = true
        return .wake
    }

    /// The connection takes what is pending.
    ///
    /// - Returns: The pieces, and whether a writer waits and has to go on.
    mutating func take() -> (pieces: [ByteBuffer], resumesWriter: Bool) {
        isWakeUnderWay = false
        defer {
            pending.removeAll(keepingCapacity: true)
            pendingBytes = 0
            isWriterWaiting = false
        }
        return (pending, isWriterWaiting)
    }

    /// The task ended; an error of it, or too few bytes, break the stream.
    mutating func end(_ ending: Ending) {
        let isShort = announcedBytes.map { writtenBytes < $0 } ?? false
        self.ending = isShort || failure != nil ? .broken : ending
    }

    /// The client is gone.
    ///
    /// - Returns: Whether a writer waits and has to be told.
    mutating func disconnect() -> Bool {
        failure = failure ?? .clientDisconnected
        pending.removeAll()
        pendingBytes = 0
        defer { isWriterWaiting = false }
        return isWriterWaiting
    }

    /// The writer stops waiting because its task was cancelled.
    mutating func cancelWrite() {
        isWriterWaiting = false
    }
}
