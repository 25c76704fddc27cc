/// Where a connection stands between two requests, and what follows from each event.
///
/// A pure value: each event returns what the caller has to do. One request is in progress at
/// a time; the next is looked at when the last answer is sent and the last body is read.
///
/// Invariants:
/// - `answer` is `none` exactly while `request` is `idle`, `head` or, after a close, `cut`;
/// - once `keepsAlive` is false the connection ends after the answer in progress;
/// - after `isClosing` became true nothing is parsed and no answer is begun.
struct ConnectionState {
    /// How far the request has been read.
    enum Request: Equatable {
        /// Between requests; no byte of the next has been seen.
        case idle
        /// A part of a head was seen.
        case head
        /// The body is being read for the responder.
        case body
        /// The rest of the body is being dropped; so many more bytes are tolerated.
        case discarding(Int64)
        /// Read to its end.
        case complete
        /// What follows on the connection cannot or shall not be read.
        case cut
    }

    /// How far the answer is.
    enum Answer: Equatable {
        case none
        case awaited
        case sending
        case sent
    }

    /// What the caller has to do after an event.
    enum Action: Equatable {
        case nothing
        /// Look for the next request.
        case startNext
        /// Close when all output is flushed.
        case close
        /// Close as `close`, but go on dropping input for a while, so that the client, which may
        /// still be sending, is not reset before it has read the answer.
        case linger
    }

    private let discardedBytesMax: Int64
    private(set) var request = Request.idle
    private(set) var answer = Answer.none
    private(set) var keepsAlive = true
    private(set) var isDraining = false
    private(set) var isClosing = false
    private(set) var isInputClosed = false

    init(discardedBytesMax: Int64) {
        self.discardedBytesMax = discardedBytesMax
    }

    /// Whether the next bytes belong to a request head that may be parsed now.
    var readsHead: Bool {
        !isClosing && answer == .none && (request == .idle || request == .head)
    }

    /// Whether the next bytes belong to a body.
    var readsBody: Bool {
        guard !isClosing else { return false }
        switch request {
        case .body, .discarding: return true
        case .idle, .head, .complete, .cut: return false
        }
    }

    // MARK: The request

    /// A part of a head was seen.
    mutating func headBegan() {
        if request == .idle { request = .head }
    }

    /// A head was parsed.
    mutating func headArrived(_ head: RequestHead) {
        precondition(readsHead, "a request begins after the last one ended")
        request = head.framing == .none ? .complete : .body
        answer = .awaited
        keepsAlive = head.persistence == .keepAlive && !isDraining && !isInputClosed
    }

    /// A request was refused; the refusal is being sent.
    mutating func refused() {
        request = .cut
        answer = .sending
        keepsAlive = false
    }

    /// Bytes of a body were dropped, because the answer does not need them.
    mutating func discarded(_ bytes: Int) -> Action {
        guard case .discarding(let budget) = request else { return .nothing }
        guard Int64(bytes) <= budget else { return bodyCut() }
        request = .discarding(budget - Int64(bytes))
        return .nothing
    }

    /// The body was read to its end.
    mutating func bodyEnded() -> Action {
        request = .complete
        return settle()
    }

    /// The rest of the body cannot be read: it is broken, too large, late or not coming.
    mutating func bodyCut() -> Action {
        request = .cut
        keepsAlive = false
        return settle()
    }

    // MARK: The answer

    /// An answer is ready to be sent.
    ///
    /// - Parameters:
    ///   - persistence: What the answer itself asks for.
    ///   - unread: Bytes of a sized body that are still to come, nil if unknown.
    ///   - expectation: Whether the client still waits for `100 Continue`; then it may send the
    ///     body or not, and what comes next on the connection is ambiguous.
    mutating func answerReady(
        _ persistence: RequestHead.Persistence,
        unread: Int64?,
        expectation: RequestHead.Expectation
    ) {
        precondition(answer == .awaited, "a request is answered once")
        if request == .body {
            let isTooMuch = (unread ?? 0) > discardedBytesMax
            request =
                isTooMuch || expectation == .continuation ? .cut : .discarding(discardedBytesMax)
        }
        if request == .cut || persistence == .close || isDraining || isInputClosed {
            keepsAlive = false
        }
        answer = .sending
    }

    /// The last byte of the answer was handed to the connection.
    mutating func answerSent() -> Action {
        answer = .sent
        return settle()
    }

    private mutating func settle() -> Action {
        guard answer == .sent, !isClosing else { return .nothing }
        switch request {
        case .complete where keepsAlive && !isDraining && !isInputClosed:
            request = .idle
            answer = .none
            return .startNext
        case .complete:
            isClosing = true
            return .close
        case .discarding where !isInputClosed && keepsAlive:
            return .nothing
        case .discarding, .cut:
            isClosing = true
            return isInputClosed ? .close : .linger
        case .idle, .head, .body:
            preconditionFailure("an answer is sent only to a request that was read or given up")
        }
    }

    // MARK: The connection

    /// The client will send nothing more; it may still read.
    mutating func inputClosed() -> Action {
        isInputClosed = true
        guard !isClosing else { return .nothing }
        switch request {
        case .idle, .head:
            isClosing = true
            return .close
        case .body, .discarding: return bodyCut()
        case .complete, .cut: return .nothing
        }
    }

    /// The server is stopping.
    mutating func drain() -> Action {
        isDraining = true
        guard !isClosing, request == .idle || answer == .sent else { return .nothing }
        isClosing = true
        return .close
    }

    /// A deadline for the client's next bytes has passed.
    ///
    /// - Returns: What to do, or nil if the request head is late and is to be refused.
    mutating func timedOut() -> Action? {
        guard !isClosing else { return .nothing }
        switch request {
        case .idle:
            isClosing = true
            return .close
        case .head: return nil
        case .body, .discarding: return bodyCut()
        case .complete, .cut: return .nothing
        }
    }
}
