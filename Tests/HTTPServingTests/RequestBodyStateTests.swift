import NIOCore
import Testing

@testable import HTTPServing

/// Checks the exchange of body bytes, in both directions, as pure values.
@Suite struct RequestBodyStateTests {
    static func bytes(_ count: Int) -> ByteBuffer {
        ByteBuffer(repeating: 7, count: count)
    }

    @Test func `an empty body ends at once`() {
        var state = RequestBodyState(bufferedBytesMax: 8, continuation: .notAwaited)
        #expect(state.finish(.complete) == false)
        #expect(state.read() == .end)
        #expect(state.read() == .end)
    }

    @Test func `a waiting reader gets the piece that arrives`() {
        var state = RequestBodyState(bufferedBytesMax: 8, continuation: .notAwaited)
        #expect(state.read() == .wait(.nothing))
        #expect(state.arrive(Self.bytes(3)) == Self.bytes(3))
        #expect(state.bufferedBytes == 0)
        #expect(state.read() == .wait(.nothing))
        #expect(state.finish(.failed(.clientDisconnected)) == true)
        #expect(state.read() == .fail(.clientDisconnected))
    }

    @Test func `bytes before a failure are handed out first`() {
        var state = RequestBodyState(bufferedBytesMax: 8, continuation: .notAwaited)
        #expect(state.arrive(Self.bytes(3)) == nil)
        #expect(state.finish(.failed(.timedOut)) == false)
        #expect(state.arrive(Self.bytes(3)) == nil)
        #expect(state.finish(.complete) == false)
        #expect(state.read() == .deliver(Self.bytes(3), .nothing))
        #expect(state.read() == .fail(.timedOut))
    }

    @Test func `a full buffer holds the input until half of it is read`() {
        var state = RequestBodyState(bufferedBytesMax: 60_000, continuation: .notAwaited)
        for _ in 0..<2 {
            #expect(state.holdsInput() == false)
            #expect(state.arrive(Self.bytes(20_000)) == nil)
        }
        #expect(state.arrive(Self.bytes(20_000)) == nil)
        #expect(state.holdsInput() == true)
        #expect(state.read() == .deliver(Self.bytes(20_000), .nothing))
        #expect(state.read() == .deliver(Self.bytes(20_000), .resumeInput))
        #expect(state.read() == .deliver(Self.bytes(20_000), .nothing))
    }

    @Test func `tiny pieces are joined`() {
        var state = RequestBodyState(bufferedBytesMax: 1 << 20, continuation: .notAwaited)
        for _ in 0..<100 {
            #expect(state.arrive(Self.bytes(1)) == nil)
        }
        #expect(state.read() == .deliver(Self.bytes(100), .nothing))
    }

    @Test func `continue is asked for by the first read that has to wait, once`() {
        var state = RequestBodyState(bufferedBytesMax: 8, continuation: .awaited)
        #expect(state.awaitsContinue)
        #expect(state.read() == .wait(.sendContinue))
        #expect(state.arrive(Self.bytes(1)) == Self.bytes(1))
        #expect(!state.awaitsContinue)
        #expect(state.read() == .wait(.nothing))
    }

    @Test func `a client that does not wait is not told to continue`() {
        var state = RequestBodyState(bufferedBytesMax: 8, continuation: .awaited)
        #expect(state.arrive(Self.bytes(1)) == nil)
        #expect(state.read() == .deliver(Self.bytes(1), .nothing))
        #expect(state.read() == .wait(.nothing))
    }

    @Test func `an abandoned body is dropped and cannot be read`() {
        var state = RequestBodyState(bufferedBytesMax: 8, continuation: .notAwaited)
        #expect(state.arrive(Self.bytes(9)) == nil)
        #expect(state.holdsInput() == true)
        #expect(state.abandon() == false)
        #expect(state.holdsInput() == false)
        #expect(state.read() == .fail(.answered))
    }

    @Test func `a cancelled read leaves the bytes to the next`() {
        var state = RequestBodyState(bufferedBytesMax: 8, continuation: .notAwaited)
        #expect(state.read() == .wait(.nothing))
        state.cancelRead()
        #expect(state.arrive(Self.bytes(2)) == nil)
        #expect(state.read() == .deliver(Self.bytes(2), .nothing))
    }

    // MARK: Streamed responses

    @Test func `a writer waits when it is ahead and goes on when its bytes are taken`() {
        var state = ResponseStreamState(announcedBytes: nil, pendingBytesMax: 10)
        #expect(state.write(Self.bytes(6)) == .proceed(.wake))
        #expect(state.write(Self.bytes(3)) == .proceed(.nothing))
        #expect(state.write(Self.bytes(1)) == .wait(.nothing))
        let taken = state.take()
        #expect(taken.pieces.map(\.readableBytes) == [6, 3, 1])
        #expect(taken.resumesWriter)
        #expect(state.write(Self.bytes(1)) == .proceed(.wake))
        state.end(.complete)
        #expect(state.ending == .complete)
    }

    @Test func `a stream of another length than announced is broken`() {
        var short = ResponseStreamState(announcedBytes: 5, pendingBytesMax: 10)
        #expect(short.write(Self.bytes(4)) == .proceed(.wake))
        short.end(.complete)
        #expect(short.ending == .broken)
        var long = ResponseStreamState(announcedBytes: 5, pendingBytesMax: 10)
        #expect(long.write(Self.bytes(6)) == .fail(.longerThanAnnounced(byteCount: 5)))
        long.end(.complete)
        #expect(long.ending == .broken)
        var exact = ResponseStreamState(announcedBytes: 5, pendingBytesMax: 10)
        #expect(exact.write(Self.bytes(5)) == .proceed(.wake))
        exact.end(.complete)
        #expect(exact.ending == .complete)
    }

    @Test func `a writer learns that the client is gone`() {
        var state = ResponseStreamState(announcedBytes: nil, pendingBytesMax: 1)
        #expect(state.write(Self.bytes(1)) == .wait(.wake))
        #expect(state.disconnect() == true)
        #expect(state.write(Self.bytes(1)) == .fail(.clientDisconnected))
    }
}
