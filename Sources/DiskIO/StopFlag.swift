import Synchronization

/// Tells long work on a thread of its own to end soon.
///
/// The work looks at it between two steps, each of which is short. It is set once and stays set.
public final class StopFlag: Sendable {
    private let flag = Atomic(false)

    /// Makes a flag that is not set.
    public init() {}

    /// Whether the work is to end.
    public var isStopped: Bool { flag.load(ordering: .acquiring) }

    /// Tells the work to end.
    public func stop() {
        flag.store(true, ordering: .releasing)
    }
}
