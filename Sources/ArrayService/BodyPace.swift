import HTTPServing
import Synchronization

/// Whether a body comes fast enough for memory to be kept for it.
///
/// In every window of time in which the server could take bytes, so many must come. A window in which it had the body
/// wait for memory says nothing of the client and does not count.
///
/// State: guarded by `state`.
final class BodyPace: Sendable {
    /// How fast is fast enough.
    struct Rule: Hashable, Sendable {
        /// How long a window is.
        let window: Duration
        /// The least bytes in a window.
        let bytesMin: Int

        /// The rule for the elements of writes.
        static let elements = Rule(
            window: .seconds(ArrayServiceLimits.bodyWindowSeconds),
            bytesMin: ArrayServiceLimits.bodyWindowSeconds
                * ArrayServiceLimits.bodyBytesPerSecondMin
        )
    }

    private struct State {
        var receivedBytes = 0
        var isWaiting = false
        var hasWaited = false
        var isBroken = false
    }

    private let rule: Rule
    private let state = Mutex(State())

    init(_ rule: Rule) {
        self.rule = rule
    }

    /// Whether the body was too slow.
    var isBroken: Bool { state.withLock { $0.isBroken } }

    /// Notes that bytes came.
    func receive(_ count: Int) {
        state.withLock { $0.receivedBytes += count }
    }

    /// Notes that the server has the body wait.
    func beginWaiting() {
        state.withLock { state in
            state.isWaiting = true
            state.hasWaited = true
        }
    }

    /// Notes that the server can take bytes again.
    func endWaiting() {
        state.withLock { $0.isWaiting = false }
    }

    /// Judges a window that ends, and begins the next.
    func endWindow() {
        state.withLock { state in
            state.isBroken = !state.hasWaited && state.receivedBytes < rule.bytesMin
            state.receivedBytes = 0
            state.hasWaited = state.isWaiting
        }
    }

    /// Watches until the body is too slow, and gives it up then, or until the task is cancelled.
    func watch(_ body: SignedBody) async {
        while (try? await Task.sleep(for: rule.window)) != nil {
            endWindow()
            guard !isBroken else { return body.giveUp() }
        }
    }
}
