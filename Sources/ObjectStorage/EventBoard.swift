import StorageModel
import Synchronization

/// Tells those who follow namespaces, and the thread that sweeps, that a batch concerned them.
///
/// What happened is in the index; a watch says only that it is worth asking again. Whoever watches first
/// and then asks misses nothing.
///
/// State: guarded by `state`; actions run on the committer's thread, outside the lock, and must be short.
final class EventBoard: Sendable {
    /// Watches at one time: each that follows reads and spells what happens anew.
    static let watchesMax = 256

    private struct State {
        var next = 0
        var watches: [Int: Watch] = [:]
        var onSweep: (@Sendable () -> Void)?
    }

    private struct Watch {
        let namespace: LineID
        let action: @Sendable () -> Void
    }

    private let state = Mutex(State())

    /// Has an action run after every batch with events of a namespace, until it is ended.
    ///
    /// - Returns: What ends it; nil if too many watch already.
    func watch(_ namespace: LineID, _ action: @escaping @Sendable () -> Void) -> Int? {
        state.withLock { state in
            guard state.watches.count < Self.watchesMax else { return nil }
            state.next += 1
            state.watches[state.next] = Watch(namespace: namespace, action: action)
            return state.next
        }
    }

    /// Ends a watch.
    func end(_ watch: Int) {
        state.withLock { $0.watches[watch] = nil }
    }

    /// Says who is told that rows wait to be swept.
    func whenSweepBegins(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.onSweep = action }
    }

    /// A batch had events of some namespaces.
    func tell(_ namespaces: Set<LineID>) {
        guard !namespaces.isEmpty else { return }
        let actions = state.withLock { state in
            state.watches.values.filter { namespaces.contains($0.namespace) }.map(\.action)
        }
        for action in actions { action() }
    }

    /// A batch left rows to be swept.
    func tellOfSweep() {
        state.withLock { $0.onSweep }?()
    }
}

/// Has an action run whenever something happens in a namespace, for as long as it is kept.
public final class EventWatch: Sendable {
    private let board: EventBoard
    private let number: Int

    init(_ board: EventBoard, _ number: Int) {
        self.board = board
        self.number = number
    }

    deinit {
        board.end(number)
    }
}
