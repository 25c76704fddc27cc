import NIOHTTP1
import Testing

@testable import HTTPServing

/// Checks which event ends a connection, keeps it, or lets it linger.
@Suite struct ConnectionStateTests {
    static func head(
        _ framing: RequestHead.Framing = .none,
        _ persistence: RequestHead.Persistence = .keepAlive
    ) -> RequestHead {
        RequestHead(
            method: .PUT,
            target: "/",
            headers: [:],
            version: .http11,
            persistence: persistence,
            framing: framing,
            expectation: .none
        )
    }

    /// A state with a request whose answer is ready.
    static func answering(
        _ head: RequestHead,
        unread: Int64? = nil,
        expectation: RequestHead.Expectation = .none,
        persistence: RequestHead.Persistence = .keepAlive
    ) -> ConnectionState {
        var state = ConnectionState(discardedBytesMax: 100)
        state.headArrived(head)
        state.answerReady(persistence, unread: unread, expectation: expectation)
        return state
    }

    @Test func `a request without a body is followed by the next`() {
        var state = Self.answering(Self.head())
        #expect(state.keepsAlive)
        #expect(!state.readsHead)
        #expect(state.answerSent() == .startNext)
        #expect(state.readsHead)
    }

    @Test func `either side closes the connection after the answer`() {
        var client = Self.answering(Self.head(.none, .close))
        #expect(!client.keepsAlive)
        #expect(client.answerSent() == .close)
        var service = Self.answering(Self.head(), persistence: .close)
        #expect(!service.keepsAlive)
        #expect(service.answerSent() == .close)
    }

    @Test func `an unread body is dropped up to the limit`() {
        var state = Self.answering(Self.head(.sized(100)), unread: 100)
        #expect(state.keepsAlive)
        #expect(state.answerSent() == .nothing)
        #expect(state.discarded(60) == .nothing)
        #expect(state.discarded(40) == .nothing)
        #expect(state.bodyEnded() == .startNext)
    }

    @Test func `too large an unread body ends the connection`() {
        var sized = Self.answering(Self.head(.sized(101)), unread: 101)
        #expect(!sized.keepsAlive)
        #expect(sized.answerSent() == .linger)
        var chunked = Self.answering(Self.head(.chunked))
        #expect(chunked.keepsAlive)
        #expect(chunked.discarded(60) == .nothing)
        #expect(chunked.answerSent() == .nothing)
        #expect(chunked.discarded(41) == .linger)
    }

    @Test func `a final status instead of continue ends the connection`() {
        var state = Self.answering(Self.head(.sized(1)), unread: 1, expectation: .continuation)
        #expect(!state.keepsAlive)
        #expect(state.answerSent() == .linger)
    }

    @Test func `a body that is read while the answer is sent keeps the connection`() {
        var state = ConnectionState(discardedBytesMax: 0)
        state.headArrived(Self.head(.chunked))
        #expect(state.readsBody)
        #expect(state.bodyEnded() == .nothing)
        state.answerReady(.keepAlive, unread: nil, expectation: .none)
        #expect(state.answerSent() == .startNext)
    }

    @Test func `a refusal lingers`() {
        var state = ConnectionState(discardedBytesMax: 100)
        state.headBegan()
        state.refused()
        #expect(!state.keepsAlive)
        #expect(state.answerSent() == .linger)
        #expect(!state.readsHead)
        #expect(!state.readsBody)
    }

    @Test func `a broken body is answered and then ends the connection`() {
        var state = ConnectionState(discardedBytesMax: 100)
        state.headArrived(Self.head(.chunked))
        #expect(state.bodyCut() == .nothing)
        state.answerReady(.keepAlive, unread: nil, expectation: .none)
        #expect(!state.keepsAlive)
        #expect(state.answerSent() == .linger)
    }

    @Test func `a client that sends no more gets its answer`() {
        var idle = ConnectionState(discardedBytesMax: 100)
        #expect(idle.inputClosed() == .close)
        var waiting = ConnectionState(discardedBytesMax: 100)
        waiting.headArrived(Self.head())
        #expect(waiting.inputClosed() == .nothing)
        waiting.answerReady(.keepAlive, unread: nil, expectation: .none)
        #expect(!waiting.keepsAlive)
        #expect(waiting.answerSent() == .close)
        var dropping = Self.answering(Self.head(.sized(9)), unread: 9)
        #expect(dropping.answerSent() == .nothing)
        #expect(dropping.inputClosed() == .close)
    }

    @Test func `a stopping server ends idle connections and finishes answers`() {
        var idle = ConnectionState(discardedBytesMax: 100)
        #expect(idle.drain() == .close)
        var waiting = ConnectionState(discardedBytesMax: 100)
        waiting.headArrived(Self.head())
        #expect(waiting.drain() == .nothing)
        waiting.answerReady(.keepAlive, unread: nil, expectation: .none)
        #expect(!waiting.keepsAlive)
        #expect(waiting.answerSent() == .close)
        var sending = Self.answering(Self.head())
        #expect(sending.drain() == .nothing)
        #expect(sending.answerSent() == .close)
        var dropping = Self.answering(Self.head(.sized(9)), unread: 9)
        #expect(dropping.answerSent() == .nothing)
        #expect(dropping.drain() == .close)
    }

    @Test func `a late client is refused, cut or closed by what it was doing`() {
        var idle = ConnectionState(discardedBytesMax: 100)
        #expect(idle.timedOut() == .close)
        var head = ConnectionState(discardedBytesMax: 100)
        head.headBegan()
        #expect(head.timedOut() == nil)
        var body = ConnectionState(discardedBytesMax: 100)
        body.headArrived(Self.head(.sized(9)))
        #expect(body.timedOut() == .nothing)
        #expect(body.request == .cut)
        var dropping = Self.answering(Self.head(.sized(9)), unread: 9)
        #expect(dropping.answerSent() == .nothing)
        #expect(dropping.timedOut() == .linger)
    }
}
