import Glibc
import ServiceLifecycle

/// Ends when the process that started this one has ended, so that a test's server never outlives it.
///
/// A process whose parent ends is given another parent; that change is looked for twice a second.
struct ParentWatch: Service {
    let parent: pid_t

    init() {
        parent = getppid()
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while getppid() == parent { try await Task.sleep(for: .milliseconds(500)) }
        }
    }
}
