import NIOCore

/// The bytes of a request body between the connection that brings them and the task that reads.
///
/// A pure value: each event returns what the caller has to do.
///
/// Invariants:
/// - `bufferedBytes` is the sum of the readable bytes of `pieces`, and no piece is empty;
/// - while a reader waits, `pieces` is empty and there is no ending.
struct RequestBodyState {
    /// Whether the client waits for `100 Continue`.
    enum Continuation {
        case notAwaited
        case awaited
    }

    /// How a body ended.
    enum Ending: Equatable {
        case complete
        case failed(HTTPBodyError)
    }

    /// What a read has to do.
    enum ReadAction: Equatable {
        /// Hand out the piece; if told so, the connection reads on.
        case deliver(ByteBuffer, ConnectionSignal)
        /// The body is complete.
        case end
        case fail(HTTPBodyError)
        /// Wait for the next event, after giving the connection its signal.
        case wait(ConnectionSignal)
    }

    /// What the connection has to do after a read.
    enum ConnectionSignal: Equatable {
        case nothing
        case sendContinue
        case resumeInput
    }

    /// Small pieces are joined up to this size, so that a body of tiny chunks stays small.
    private static let joinedBytesMax = 16 * 1024

    private let bufferedBytesMax: Int
    private var continuation: Continuation
    private var pieces = CircularBuffer<ByteBuffer>()
    private var ending: Ending?
    private var isInputHeld = false
    private(set) var bufferedBytes = 0
    private(set) var isReaderWaiting = false

    init(bufferedBytesMax: Int, continuation: Continuation) {
        self.bufferedBytesMax = bufferedBytesMax
        self.continuation = continuation
    }

    /// Whether the client still waits for `100 Continue`, so that no body is under way.
    var awaitsContinue: Bool {
        continuation == .awaited
    }

    /// A reader asks for the next piece.
    mutating func read() -> ReadAction {
        precondition(!isReaderWaiting, "one task reads a request body at a time")
        if let piece = pieces.popFirst() {
            bufferedBytes -= piece.readableBytes
            guard isInputHeld, bufferedBytes <= bufferedBytesMax / 2 else {
                return .deliver(piece, .nothing)
            }
            isInputHeld = false
            return .deliver(piece, .resumeInput)
        }
        switch ending {
        case .complete: return .end
        case .failed(let error): return .fail(error)
        case nil: break
        }
        isReaderWaiting = true
        guard continuation == .awaited else { return .wait(.nothing) }
        continuation = .notAwaited
        return .wait(.sendContinue)
    }

    /// Bytes arrive.
    ///
    /// - Returns: The piece to hand to the waiting reader, if one waits.
    mutating func arrive(_ piece: ByteBuffer) -> ByteBuffer? {
        continuation = .notAwaited
        guard ending == nil, piece.readableBytes > 0 else { return nil }
        if isReaderWaiting {
            isReaderWaiting = false
            return piece
        }
        bufferedBytes += piece.readableBytes
        if let last = pieces.indices.last,
            pieces[last].readableBytes + piece.readableBytes <= Self.joinedBytesMax
        {
            pieces[last].writeImmutableBuffer(piece)
        } else {
            pieces.append(piece)
        }
        return nil
    }

    /// Whether so many bytes wait that the connection must not read on.
    ///
    /// A true answer is remembered: the read that makes room says `resumeInput`.
    mutating func holdsInput() -> Bool {
        guard ending == nil, bufferedBytes >= bufferedBytesMax else { return false }
        isInputHeld = true
        return true
    }

    /// The body is complete, or failed; the first ending stays.
    ///
    /// Bytes that arrived before a failure are still handed out first.
    ///
    /// - Returns: Whether a reader waits and has to be told.
    mutating func finish(_ ending: Ending) -> Bool {
        guard self.ending == nil else { return false }
        self.ending = ending
        defer { isReaderWaiting = false }
        return isReaderWaiting
    }

    /// The answer was returned: what is left of the body can no longer be read.
    ///
    /// - Returns: Whether a reader still waits and has to be told.
    mutating func abandon() -> Bool {
        pieces.removeAll()
        bufferedBytes = 0
        ending = .failed(.answered)
        defer { isReaderWaiting = false }
        return isReaderWaiting
    }

    /// The reader stops waiting because its task was cancelled.
    mutating func cancelRead() {
        isReaderWaiting = false
    }
}
