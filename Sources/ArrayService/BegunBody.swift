import ArrayStorage
import NIOCore
import Synchronization

/// The bytes of an answer whose beginning was read before the answer began.
///
/// Whoever takes a piece alone holds its memory, so that it is given back once the piece is sent.
///
/// State: guarded by `state`; one task takes pieces at a time.
final class BegunBody: Sendable {
    private struct State {
        var begun: [ByteBuffer] = []
        var rest: any ByteSource
    }

    /// How many bytes there are in all.
    let byteCount: Int
    private let state: Mutex<State>

    init(_ bytes: any ByteSource) {
        byteCount = bytes.byteCount
        state = Mutex(State(rest: bytes))
    }

    /// Reads the beginning: what comes before the elements, and the first slab.
    func begin() async throws(ArrayReadError) {
        let count = state.withLock { $0.rest.hasHeader } ? 2 : 1
        var pieces: [ByteBuffer] = []
        while pieces.count < count, let piece = try await nextOfRest() { pieces.append(piece) }
        state.withLock { $0.begun = pieces.reversed() }
    }

    /// The elements of the beginning, without taking them.
    var sample: ByteBuffer? {
        state.withLock { $0.begun.first }
    }

    /// The next piece, or nil after the last.
    func next() async throws(ArrayReadError) -> ByteBuffer? {
        if let piece = state.withLock({ $0.begun.popLast() }) { return piece }
        return try await nextOfRest()
    }

    private func nextOfRest() async throws(ArrayReadError) -> ByteBuffer? {
        var rest = state.withLock { $0.rest }
        let piece = try await rest.next()
        let now = rest
        state.withLock { $0.rest = now }
        return piece
    }
}
