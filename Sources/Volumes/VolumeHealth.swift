import Synchronization

/// Whether a volume takes writes.
///
/// State: guarded by `condition`. It only gets worse: open, then failed or closed.
final class VolumeHealth: Sendable {
    enum Condition: Hashable {
        case open, failed, closed
    }

    private let condition = Mutex(Condition.open)

    /// Whether writes are taken now.
    var isWritable: Bool { condition.withLock { $0 == .open } }

    /// - Throws: `.volumeFailed`, `.closed`.
    func checkWritable() throws(VolumeError) {
        switch condition.withLock({ $0 }) {
        case .open: return
        case .failed: throw .volumeFailed
        case .closed: throw .closed
        }
    }

    /// Stops writes after a failed flush: the kernel may have dropped what it could not write, and
    /// a later flush that succeeds says nothing about it.
    func fail() {
        condition.withLock { condition in
            if condition == .open { condition = .failed }
        }
    }

    /// Stops writes for good; false if that was done before.
    func close() -> Bool {
        condition.withLock { condition in
            defer { condition = .closed }
            return condition != .closed
        }
    }
}
