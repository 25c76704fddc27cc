import Testing

@testable import HTTPServing

/// Checks what the connections of an event loop may wait with together.
@Suite struct PieceBoundsTests {
    @Test func `few connections pull long pieces`() {
        for connections in [0, 1, 16, 256] {
            let bounds = PieceBounds(connections: connections)
            #expect(bounds.piece == 262_144)
            #expect(bounds.last == 524_288)
        }
    }

    @Test func `many connections wait with no more than 128 MiB, or 128 KiB each`() {
        for connections in [257, 300, 511, 512, 1000, 1024, 2048, 4096, 65_536] {
            let bounds = PieceBounds(connections: connections)
            #expect(bounds.last <= max(134_217_728 / connections, 131_072), "\(connections)")
            #expect(bounds.piece % 65_536 == 0 && bounds.piece > 0, "\(connections)")
            #expect(bounds.last == 2 * bounds.piece)
        }
    }

    @Test func `a number of connections that cannot be leaves a bound`() {
        #expect(PieceBounds(connections: .max).piece == 65_536)
    }
}
