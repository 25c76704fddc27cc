import AccessControl
import ArrayModel
import ArrayStorage
import NIOCore
import Testing

@testable import ArrayService
@testable import HTTPServing

/// Checks that a body that does not come is ended, and one that waits for the server is not.
@Suite struct BodyPaceTests {
    static let rule = BodyPace.Rule(window: .seconds(20), bytesMin: 100)

    @Test func `every window needs its bytes, however many came before`() {
        let pace = BodyPace(Self.rule)
        pace.receive(1_000_000)
        pace.endWindow()
        #expect(!pace.isBroken)
        pace.receive(100)
        pace.endWindow()
        #expect(!pace.isBroken)
        pace.receive(99)
        pace.endWindow()
        #expect(pace.isBroken)
    }

    @Test func `a window in which the server had the body wait does not count`() {
        let pace = BodyPace(Self.rule)
        pace.beginWaiting()
        pace.endWindow()
        #expect(!pace.isBroken)
        // It still waits when the next window begins.
        pace.endWaiting()
        pace.endWindow()
        #expect(!pace.isBroken)
        pace.endWindow()
        #expect(pace.isBroken)
    }

    @Test func `a body of which nothing more comes is ended`() async throws {
        try await ServiceDesk.with { desk in
            let exchange = RequestBodyExchange(
                RequestBodyState(bufferedBytesMax: 1 << 20, continuation: .notAwaited)
            )
            exchange.arrive(ByteBuffer(repeating: 1, count: 3))
            var intake = ElementIntake(
                try SignedBody(HTTPRequestBody(exchange), .unsigned),
                desk.service.writer,
                BodyPace.Rule(window: .milliseconds(20), bytesMin: 1000)
            )
            let layout = NPYLayout(
                dataType: .uint8,
                byteOrder: nil,
                shape: [1 << 20],
                order: .rowMajor
            )
            await #expect(throws: ArrayServiceError.body(.tooSlow)) {
                _ = try await intake.elements(layout)
            }
        }
    }
}
