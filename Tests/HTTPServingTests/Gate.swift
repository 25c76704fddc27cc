import Glibc
import Synchronization

/// A door that a test opens for tasks and threads that wait before it.
///
/// A wait ends with an error after twenty seconds, so that a test whose door stays shut fails.
final class Gate: Sendable {
    struct StayedShut: Error {}

    private let opened = Mutex(false)
    private static let stepMilliseconds: UInt32 = 2
    private static let stepsMax = 10_000

    func open() {
        opened.withLock { $0 = true }
    }

    var isOpen: Bool { opened.withLock { $0 } }

    /// Blocks a thread until the gate is open.
    func block() throws {
        for _ in 0..<Self.stepsMax {
            if isOpen { return }
            usleep(Self.stepMilliseconds * 1000)
        }
        throw StayedShut()
    }

    /// Waits until the gate is open.
    func pass() async throws {
        for _ in 0..<Self.stepsMax {
            if isOpen { return }
            try await Task.sleep(for: .milliseconds(Self.stepMilliseconds))
        }
        throw StayedShut()
    }
}
