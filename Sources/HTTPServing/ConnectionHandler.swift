import Logging
import NIOCore
import NIOHTTP1

/// Serves one connection: parses its requests, asks the responder, sends the answers.
///
/// The decisions are in ``ConnectionState``, ``RequestParser``, ``RequestBodyState`` and
/// ``ResponseStreamState``; this handler performs them. Every event changes them and then calls
/// `advance()`, which does all that can be done now and flushes once. One handler instead of
/// NIO's decoder, encoder and pipelining handlers: a request costs one pass over its head and one
/// buffer for the answer.
///
/// Confined to the event loop of its channel.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Pipelined input that may wait while a request is in progress.
    static let waitingInputBytesMax = 64 * 1024

    let loop: ServingLoop
    var context: ChannelHandlerContext?
    var state: ConnectionState
    var parser: RequestParser
    /// Bytes that were received and not parsed yet.
    var input = ByteBuffer()
    /// The request in progress.
    var current = CurrentRequest()
    /// The body of an answer in progress.
    var pulled: PulledBody?
    var stream: StreamedBody?
    var closing = Closing.no
    /// When the client must have sent its next bytes.
    var deadline: NIODeadline?
    var progress = WriteProgress()
    var isFlushNeeded = false
    /// Answers that are sent at the end of the loop's turn.
    var heldOutput = ByteBuffer()

    private var isAdvancing = false
    private var isReadHeld = false
    private var isInputBlocked = false
    private var isInputEnding = false
    private let isSecure: Bool
    private var remoteAddress: SocketAddress?
    private var isLoopback = false

    /// What is kept of a request while it is in progress.
    struct CurrentRequest {
        /// Counts the requests of the connection, so that late signals of an earlier one are known.
        var number = 0
        var method = HTTPMethod.GET
        var version = RequestHead.Version.http11
        var expectation = RequestHead.Expectation.none
        var body: RequestBodyExchange?
        var isBodyHeld = false
        /// The responder's work, until the bytes at hand are parsed.
        var work: (@Sendable (HTTPRequestBody) async -> HTTPResponse)?
        /// Where the work's steps run.
        var workPlace = ServingLoop.WorkPlace.elsewhere
        /// Ends work that has begun and that nobody misses once the client has gone; nil if there is none.
        var cancelWork: (@Sendable () -> Void)?

        /// Whether the request asks for nothing but its answer.
        ///
        /// Source: RFC 9110, section 9.2.1.
        var isSafe: Bool { method == .GET || method == .HEAD }
    }

    /// How far the end of the connection is.
    enum Closing: Equatable {
        case no
        /// To be closed with the next flush.
        case wanted(lingers: Bool)
        case flushing(lingers: Bool)
        case lingering
    }

    init(loop: ServingLoop) {
        self.loop = loop
        let limits = loop.configuration.limits
        isSecure = loop.configuration.transportSecurity != nil
        state = ConnectionState(discardedBytesMax: limits.discardedBodyBytesMax)
        parser = RequestParser(limits: limits)
    }

    var limits: HTTPServerLimits {
        loop.configuration.limits
    }

    // MARK: Channel events

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        remoteAddress = context.remoteAddress
        isLoopback = remoteAddress?.isLoopback ?? false
        deadline = .now() + limits.headTimeout
        loop.connectionOpened(self)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ended()
    }

    private func ended() {
        guard context != nil else { return }
        context = nil
        loop.connectionClosed(self)
        current.body?.finish(.failed(.clientDisconnected))
        current.body = nil
        current.work = nil
        current.cancelWork?()
        current.cancelWork = nil
        stream?.stream.disconnect()
        stream = nil
        pulled = nil
        input = ByteBuffer()
        heldOutput = ByteBuffer()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard closing == .no else { return }
        var bytes = unwrapInboundIn(data)
        if input.readableBytes == 0 {
            input = bytes
        } else {
            input.discardReadBytes()
            input.writeBuffer(&bytes)
        }
        if state.readsBody { deadline = .now() + limits.bodyIdleTimeout }
        advance()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            if closing == .lingering {
                abort()
            } else {
                isInputEnding = true
                advance()
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { advance() }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        loop.logger.debug("connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    /// Passes on the channel's wish to read, or holds it back until there is room for input.
    func read(context: ChannelHandlerContext) {
        if holdsInput {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    private var holdsInput: Bool {
        guard closing == .no, isInputBlocked else { return false }
        return current.isBodyHeld || input.readableBytes >= Self.waitingInputBytesMax
    }

    // MARK: Advancing

    /// Does all that can be done now, then flushes.
    func advance() {
        guard !isAdvancing, context != nil else { return }
        isAdvancing = true
        var budget = Self.turnBytesMax
        repeat {
            sendBody(&budget)
            parseInput(&budget)
            startWork()
            if canHoldOutput { holdOutput() } else { flush() }
        } while canAdvance && budget > 0
        isAdvancing = false
        if budget <= 0 { advanceLater() }
        guard isReadHeld, !holdsInput, let context else { return }
        isReadHeld = false
        context.read()
    }

    /// Whether the output is all that can be sent now, so that it may wait for the end of the turn.
    private var canHoldOutput: Bool {
        closing == .no && !isFlushNeeded && !isInputBlocked && pulled == nil && stream == nil
            && loop.output.readableBytes > 0 && heldOutput.readableBytes == 0
    }

    /// Whether the flush made room for more.
    private var canAdvance: Bool {
        guard closing == .no, pulled?.isReading == false || (state.readsHead && isInputBlocked)
        else { return false }
        return context?.channel.isWritable ?? false
    }

    private func advanceLater() {
        guard let context else { return }
        let confined = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { confined.value.advance() }
    }

    private func parseInput(_ budget: inout Int) {
        isInputBlocked = parseAll(&budget) == .blocked
        // The channel reads into the same memory again once nobody else holds it.
        if input.readableBytes == 0 { input = ByteBuffer() }
        guard !isInputBlocked, isInputEnding, !state.isInputClosed else { return }
        let action = state.inputClosed()
        current.body?.finish(.failed(.clientDisconnected))
        perform(action)
        expectDeparture()
    }

    /// Whether the client, as far as one can tell, may have gone while nothing but the answer to it was
    /// being made.
    ///
    /// A client that has gone looks like one that sends nothing more and still reads.
    var mayBeAbandoned: Bool {
        state.isInputClosed && state.answer == .awaited && current.cancelWork != nil
    }

    /// Sets the time at which work for a client that may have gone ends.
    private func expectDeparture() {
        if mayBeAbandoned { deadline = .now() + limits.departureTimeout }
    }

    private enum ParseOutcome {
        /// More bytes are needed.
        case starved
        /// The bytes at hand cannot be looked at yet, or never.
        case blocked
    }

    private func parseAll(_ budget: inout Int) -> ParseOutcome {
        while closing == .no, let context {
            if state.readsHead {
                guard input.readableBytes > 0 else { return .starved }
                if loop.output.readableBytes > Self.joinedBytesMax { flush() }
                guard context.channel.isWritable, budget > 0 else { return .blocked }
                budget -= Self.requestCost
                guard parseHead() else { return state.readsHead ? .starved : .blocked }
            } else if state.readsBody {
                if current.body?.holdsInput() == true {
                    current.isBodyHeld = true
                    return .blocked
                }
                current.isBodyHeld = false
                guard parseBody() else { return state.readsBody ? .starved : .blocked }
            } else {
                return input.readableBytes == 0 ? .starved : .blocked
            }
        }
        input = ByteBuffer()
        return .starved
    }

    /// Parses a head; returns whether to go on.
    private func parseHead() -> Bool {
        switch parser.next(&input) {
        case .head(let head):
            begin(head)
            return true
        case .refused(let error):
            refuse(error)
            return false
        case .incomplete:
            if state.request == .idle {
                state.headBegan()
                deadline = .now() + limits.headTimeout
            }
            return false
        case .body, .end, .bodyFailed:
            preconditionFailure("a body follows its head only")
        }
    }

    /// Parses a piece of a body; returns whether to go on.
    private func parseBody() -> Bool {
        switch parser.next(&input) {
        case .body(let piece):
            if let body = current.body {
                body.arrive(piece)
            } else {
                perform(state.discarded(piece.readableBytes))
            }
            return true
        case .end:
            current.body?.finish(.complete)
            deadline = nil
            perform(state.bodyEnded())
            return true
        case .bodyFailed(let error):
            current.body?.finish(.failed(error))
            perform(state.bodyCut())
            return false
        case .incomplete: return false
        case .head, .refused:
            preconditionFailure("a head follows the end of the last body only")
        }
    }

    // MARK: Requests

    private func begin(_ head: RequestHead) {
        state.headArrived(head)
        current.number &+= 1
        current.method = head.method
        current.version = head.version
        current.expectation = head.expectation
        current.isBodyHeld = false
        deadline = head.framing == .none ? nil : .now() + limits.bodyIdleTimeout
        if head.framing == .none, head.expectation == .continuation {
            // RFC 9110 section 10.1.1 lets a server leave it out where there is no body; botocore then
            // takes this answer's status for that of the next request on the connection as well.
            writeContinue()
        }
        let request = HTTPRequest(
            method: head.method,
            target: head.target,
            headers: head.headers,
            isSecure: isSecure,
            remoteAddress: remoteAddress,
            isLoopback: isLoopback,
            declaredBodyBytes: head.declaredBodyBytes
        )
        current.workPlace = .elsewhere
        let answer = loop.responder.answer(request)
        switch answer {
        case .now(let response): send(response)
        case .soon(let work), .later(let work):
            current.work = work
            if case .soon = answer { current.workPlace = .loop }
            if head.framing != .none { current.body = makeBody(head) }
        }
    }

    private func makeBody(_ head: RequestHead) -> RequestBodyExchange? {
        guard let eventLoop = context?.eventLoop else { return nil }
        let state = RequestBodyState(
            bufferedBytesMax: limits.bufferedBodyBytesMax,
            continuation: head.expectation == .continuation ? .awaited : .notAwaited
        )
        let confined = NIOLoopBound(self, eventLoop: eventLoop)
        let number = current.number
        return RequestBodyExchange(state) { signal in
            confined.eventLoop.execute { confined.value.bodyWas(signal, ofRequest: number) }
        }
    }

    /// The reader of a body wants the connection to do something.
    private func bodyWas(_ signal: RequestBodyState.ConnectionSignal, ofRequest number: Int) {
        guard number == current.number, state.answer == .awaited, context != nil else { return }
        switch signal {
        case .nothing: break
        case .resumeInput: deadline = .now() + limits.bodyIdleTimeout
        case .sendContinue:
            deadline = .now() + limits.bodyIdleTimeout
            writeContinue()
            if isAdvancing { return }
        }
        advance()
    }

    private func writeContinue() {
        loop.output.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    }

    private func startWork() {
        guard let work = current.work, context != nil else { return }
        current.work = nil
        let body = HTTPRequestBody(current.body)
        let number = current.number
        let running = loop.run(at: current.workPlace) { await work(body) }
        if current.isSafe, current.workPlace == .elsewhere { current.cancelWork = running.cancel }
        expectDeparture()
        running.response.assumeIsolated().whenSuccess { response in
            guard self.current.number == number, self.context != nil else { return }
            self.current.cancelWork = nil
            self.send(response)
            self.advance()
        }
    }
}
