import NIOCore
import NIOHTTP1

/// Sending answers.
extension ConnectionHandler {
    /// Pieces up to this size are copied behind the head, to leave in the same system call.
    static let joinedBytesMax = 16 * 1024
    /// How much of a body is sent before other connections of the loop get their turn.
    static let turnBytesMax = 2 * 1024 * 1024
    /// What a request counts of a turn, in bytes.
    static let requestCost = 16 * 1024
    /// How much a streamed body may be ahead of the connection.
    static let streamedBytesMax = 256 * 1024

    /// A body that is pulled from its source.
    struct PulledBody {
        let source: any HTTPBodySource
        var remainingBytes: Int64
        /// Whether `read` is under way.
        var isReading = false
    }

    /// A body that a task writes.
    struct StreamedBody {
        let stream: ResponseStream
        let framing: ResponseHead.Framing
    }

    // MARK: Heads

    /// Sends the answer to the current request.
    func send(_ response: HTTPResponse) {
        var expectation = RequestHead.Expectation.none
        if let body = current.body {
            if body.awaitsContinue { expectation = .continuation }
            body.abandon()
            current.body = nil
        } else if current.expectation == .continuation, input.readableBytes == 0 {
            expectation = .continuation
        }
        current.work = nil
        current.isBodyHeld = false
        let plan = ResponsePlan(response, method: current.method, version: current.version)
        let head = ResponseHead(
            status: response.status,
            headers: response.headers,
            framing: plan.framing
        )
        let signs = head.writeFields(into: &loop.output)
        state.answerReady(
            plan.framing == .untilClose ? .close : signs.persistence,
            unread: parser.remainingBytes,
            expectation: expectation
        )
        writeEnding(of: head, signs)
        loop.counters.requestAnswered()
        switch plan.body {
        case .omitted: answerSent()
        case .sent: sendBody(of: response, plan)
        }
    }

    /// Answers a request that no responder will see, and ends the connection.
    func refuse(_ error: HTTPProtocolError) {
        loop.logger.debug("request refused", metadata: ["error": "\(error)"])
        let response = loop.configuration.errorResponse(error)
        state.refused()
        loop.counters.requestAnswered()
        loop.counters.requestRefused()
        current.version = .http11
        var body = ByteBuffer()
        if case .bytes(let bytes) = response.body { body = bytes }
        let head = ResponseHead(
            status: response.status,
            headers: response.headers,
            framing: .sized(Int64(body.readableBytes))
        )
        writeEnding(of: head, head.writeFields(into: &loop.output))
        loop.output.writeBuffer(&body)
        answerSent()
    }

    private func writeEnding(of head: ResponseHead, _ signs: ResponseHead.FieldSigns) {
        let connection: ResponseHead.Connection =
            if !state.keepsAlive {
                .close
            } else {
                current.version == .http10 ? .keepAlive : .unsaid
            }
        head.writeEnding(
            into: &loop.output,
            date: signs.hasDate ? nil : loop.dateText(at: .now()),
            connection: connection
        )
    }

    func answerSent() {
        pulled = nil
        stream = nil
        perform(state.answerSent())
    }

    // MARK: Bodies

    private func sendBody(of response: HTTPResponse, _ plan: ResponsePlan) {
        switch response.body {
        case .none: answerSent()
        case .bytes(let bytes):
            write(bytes)
            answerSent()
        case .pulled(let source):
            guard source.byteCount > 0 else { return answerSent() }
            pulled = PulledBody(source: source, remainingBytes: source.byteCount)
            var budget = Self.joinedBytesMax
            sendBody(&budget)
        case .streamed(let byteCount, let produce):
            startStream(byteCount: byteCount, framing: plan.framing, produce)
        }
    }

    /// Sends of the body in progress what the channel takes, up to the budget.
    func sendBody(_ budget: inout Int) {
        while pulled?.isReading == false, budget > 0, let context, context.channel.isWritable {
            pullPiece(&budget, context)
        }
        takeStreamed()
    }

    private func pullPiece(_ budget: inout Int, _ context: ChannelHandlerContext) {
        guard let body = pulled else { return }
        let bounds = loop.pieceBounds
        let isLast = body.remainingBytes <= Int64(bounds.last)
        let most = isLast ? Int(body.remainingBytes) : bounds.piece
        do {
            let piece = try body.source.readNow(max: most, allocator: context.channel.allocator)
            if case .wouldBlock = piece {
                readPiece(of: body.source, most: most, context)
            } else {
                budget -= most
                take(piece, most: most)
            }
        } catch {
            sourceFailed(error)
        }
    }

    /// Waits for a piece off the event loop.
    private func readPiece(
        of source: any HTTPBodySource,
        most: Int,
        _ context: ChannelHandlerContext
    ) {
        pulled?.isReading = true
        let number = current.number
        let allocator = context.channel.allocator
        context.eventLoop.makeFutureWithTask {
            try await source.read(max: most, allocator: allocator)
        }.assumeIsolated().whenComplete { result in
            guard self.current.number == number, self.context != nil, self.pulled != nil else {
                return
            }
            self.pulled?.isReading = false
            switch result {
            case .success(let piece): self.take(piece, most: most)
            case .failure(let error): self.sourceFailed(error)
            }
            self.advance()
        }
    }

    private func take(_ piece: HTTPBodyPiece, most: Int) {
        switch piece {
        case .ready(let bytes) where bytes.readableBytes > 0 && bytes.readableBytes <= most:
            write(bytes)
            let remaining = (pulled?.remainingBytes ?? 0) - Int64(bytes.readableBytes)
            pulled?.remainingBytes = remaining
            guard remaining > 0 else { return answerSent() }
            if bytes.readableBytes > Self.joinedBytesMax { flush() }
        case .ready, .wouldBlock, .end:
            sourceFailed(HTTPBodyError.malformed)
        }
    }

    private func sourceFailed(_ error: any Error) {
        loop.logger.error("response body failed", metadata: ["error": "\(error)"])
        cut()
    }

    // MARK: Streams

    private func startStream(
        byteCount: Int64?,
        framing: ResponseHead.Framing,
        _ produce: @escaping @Sendable (HTTPBodyWriter) async throws -> Void
    ) {
        guard let eventLoop = context?.eventLoop else { return }
        let confined = NIOLoopBound(self, eventLoop: eventLoop)
        let state = ResponseStreamState(
            announcedBytes: byteCount,
            pendingBytesMax: Self.streamedBytesMax
        )
        let stream = ResponseStream(state) {
            confined.eventLoop.execute { confined.value.advance() }
        }
        self.stream = StreamedBody(stream: stream, framing: framing)
        if self.state.isDraining { stream.stop() }
        let writer = HTTPBodyWriter(
            { piece in try await stream.write(piece) },
            observe: { action in stream.whenStopped(action) }
        )
        eventLoop.makeFutureWithTask { try await produce(writer) }
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success: stream.end(.complete)
                case .failure(let error):
                    self.loop.logger.debug("stream ended", metadata: ["error": "\(error)"])
                    stream.end(.broken)
                }
                self.advance()
            }
    }

    private func takeStreamed() {
        guard let body = stream, let context, context.channel.isWritable else { return }
        let ending = body.stream.ending
        for piece in body.stream.take() {
            if body.framing == .chunked {
                loop.output.writeString(String(piece.readableBytes, radix: 16))
                loop.output.writeStaticString("\r\n")
                write(piece)
                loop.output.writeStaticString("\r\n")
            } else {
                write(piece)
            }
        }
        switch ending {
        case nil: break
        case .complete:
            if body.framing == .chunked { loop.output.writeStaticString("0\r\n\r\n") }
            answerSent()
        case .broken: cut()
        }
    }
}
