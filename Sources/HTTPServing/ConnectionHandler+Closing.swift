import Glibc
import NIOCore

/// Output, deadlines and the end of a connection.
extension ConnectionHandler {
    /// How much the client has taken, as the sweep last saw it.
    struct WriteProgress {
        var handedBytes: Int64 = 0
        var takenBytes: Int64 = 0
        var takenAt = NIODeadline.uptimeNanoseconds(0)
    }

    // MARK: Output

    /// Hands bytes to the channel, small ones together with what stands before them.
    func write(_ bytes: ByteBuffer) {
        if bytes.readableBytes <= Self.joinedBytesMax {
            loop.output.writeImmutableBuffer(bytes)
        } else {
            writeOutput()
            loop.output.clear()
            hand(bytes)
        }
    }

    private func writeOutput() {
        guard loop.output.readableBytes > 0 else { return }
        hand(loop.output)
    }

    private func hand(_ bytes: ByteBuffer) {
        // An answer that waits for the end of the turn goes before anything else.
        if let held = takeHeldOutput() { pass(held) }
        pass(bytes)
    }

    private func pass(_ bytes: ByteBuffer) {
        guard let context else { return }
        progress.handedBytes += Int64(bytes.readableBytes)
        isFlushNeeded = true
        context.write(wrapOutboundOut(bytes), promise: nil)
    }

    /// Flushes what was written since the last flush, and begins a close that waits for it.
    func flush() {
        releaseOutput()
        let hasOutput = loop.output.readableBytes > 0
        writeOutput()
        if isFlushNeeded {
            isFlushNeeded = false
            context?.flush()
        }
        // After the flush the channel has let go of the memory, and it is used again.
        if hasOutput { loop.output.clear() }
        if case .wanted(let lingers) = closing { closeWhenFlushed(lingers: lingers) }
    }

    // MARK: Output that waits for the end of the turn

    /// Keeps the output for the end of the loop's turn, to be sent together with that of other
    /// connections.
    func holdOutput() {
        swap(&heldOutput, &loop.output)
        loop.hold(self)
    }

    /// Sends what is held.
    func releaseOutput() {
        guard let held = takeHeldOutput() else { return }
        pass(held)
        isFlushNeeded = false
        context?.flush()
        loop.takeBack(held)
    }

    private func takeHeldOutput() -> ByteBuffer? {
        guard heldOutput.readableBytes > 0 else { return nil }
        var held = ByteBuffer()
        swap(&held, &heldOutput)
        return held
    }

    // MARK: Closing

    /// Performs what the state asks for.
    func perform(_ action: ConnectionState.Action) {
        switch action {
        case .nothing: break
        case .startNext: deadline = .now() + limits.keepAliveTimeout
        case .close: closing = .wanted(lingers: false)
        case .linger: closing = .wanted(lingers: true)
        }
    }

    private func closeWhenFlushed(lingers: Bool) {
        guard let context else { return }
        closing = .flushing(lingers: lingers)
        deadline = nil
        // Nothing to flush; during a TLS handshake a flush would wait for its end.
        guard progress.handedBytes > 0 else { return context.close(promise: nil) }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in
            guard let context = self.context else { return }
            guard lingers, !self.state.isInputClosed, !self.state.isDraining else {
                context.close(promise: nil)
                return
            }
            self.closing = .lingering
            self.deadline = .now() + self.limits.lingerTimeout
            context.close(mode: .output, promise: nil)
            context.read()
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: promise)
    }

    /// Closes at once; what was not sent is dropped.
    func abort() {
        context?.close(promise: nil)
    }

    /// Closes so that the client sees a reset and cannot take a part of the body for the whole.
    func cut() {
        pulled = nil
        stream?.stream.disconnect()
        stream = nil
        closing = .flushing(lingers: false)
        guard let context else { return }
        let isReset = (context.channel as? any SocketOptionProvider)?
            .setSoLinger(linger(l_onoff: 1, l_linger: 0))
        guard let isReset else { return context.close(promise: nil) }
        isReset.assumeIsolated().whenComplete { _ in self.abort() }
    }

    /// The server is stopping: ends the connection if it is idle, else after its answer.
    func drain() {
        if closing == .lingering { return abort() }
        perform(state.drain())
        stream?.stream.stop()
        advance()
    }

    // MARK: Deadlines

    /// Ends the connection if its client was too slow.
    func checkDeadlines(at now: NIODeadline) {
        guard !isWriteStalled(at: now) else {
            loop.logger.debug("client stopped reading")
            return abort()
        }
        guard let deadline, now >= deadline else { return }
        if closing == .lingering || mayBeAbandoned { return abort() }
        guard !waitsForResponder else {
            self.deadline = now + limits.bodyIdleTimeout
            return
        }
        if let action = state.timedOut() {
            current.body?.finish(.failed(.timedOut))
            self.deadline = nil
            perform(action)
        } else {
            refuse(.headTimedOut)
        }
        advance()
    }

    /// Whether it is not the client that is slow: the responder has not taken what is there.
    private var waitsForResponder: Bool {
        guard let context else { return true }
        if current.isBodyHeld || current.body?.awaitsContinue == true { return true }
        return state.readsHead && input.readableBytes > 0 && !context.channel.isWritable
    }

    private func isWriteStalled(at now: NIODeadline) -> Bool {
        guard let context else { return false }
        let waiting = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        guard let waiting, waiting > 0 else {
            progress.takenAt = now
            return false
        }
        let taken = progress.handedBytes - Int64(waiting)
        guard taken == progress.takenBytes else {
            progress.takenBytes = taken
            progress.takenAt = now
            return false
        }
        return now - progress.takenAt >= limits.writeStallTimeout
    }
}

extension SocketAddress {
    /// Whether the address is one of this machine's own loopback addresses.
    ///
    /// Source: RFC 6890 section 2.2.2; RFC 4291 sections 2.5.3 and 2.5.5.2.
    var isLoopback: Bool {
        switch self {
        case .unixDomainSocket: true
        case .v4: ipAddress?.hasPrefix("127.") ?? false
        case .v6: ipAddress == "::1" || (ipAddress?.hasPrefix("::ffff:127.") ?? false)
        }
    }
}
