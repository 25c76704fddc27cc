import NIOCore
import Testing

@testable import HTTPServing

/// Checks the exchange of body bytes as a pure value.
@Suite struct RequestBodyStateTests {
    @Test func `an empty body ends at once`() {
        var state = RequestBodyState(bufferedBytesMax: 8, continuation: .notAwaited)
        #expect(!state.finish(.complete))
        #expect(state.read() == .end)
    }
}
