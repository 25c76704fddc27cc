import StorageModel
import Synchronization

/// Tells those who follow namespaces, and the thread that tidies lines, that a batch concerned them.
///
/// What happened is in the index; a watch says only that it is worth asking again. Whoever watches first
/// and then asks misses nothing.
///
/// State: guarded by `state`; actions run on the committer's thread, outside the lock, and must be short.
final class EventBoard: Sendable {
    private struct State {
        var next = 0
        var watches: [Int: Watch] = [:]
        var onLeftovers: (@Sendable (LineLeftovers) -> Void)?
    }

    private struct Watch {
        let namespace: LineID
        let principal: PrincipalName?
        let action: @Sendable () -> Void
    }

    private let state = Mutex(State())
    private let limits: WatchLimits

    init(limits: WatchLimits = WatchLimits()) {
        self.limits = limits
    }

    /// Has an action run after every batch with events of a namespace, until it is ended.
    ///
    /// - Parameters:
    ///   - namespace: The namespace, by its line.
    ///   - principal: Who watches; nil for one who has no keys.
    ///   - action: What runs.
    /// - Returns: What ends it; nil if too many watch already.
    func watch(
        _ namespace: LineID,
        for principal: PrincipalName?,
        _ action: @escaping @Sendable () -> Void
    ) -> Int? {
        state.withLock { state in
            guard mayWatch(namespace, principal, beside: state.watches) else { return nil }
            state.next += 1
            state.watches[state.next] = Watch(
                namespace: namespace,
                principal: principal,
                action: action
            )
            return state.next
        }
    }

    private func mayWatch(
        _ namespace: LineID,
        _ principal: PrincipalName?,
        beside watches: [Int: Watch]
    ) -> Bool {
        guard watches.count < limits.watchesMax else { return false }
        let (here, own, ownHere) = watches.values.reduce(into: (0, 0, 0)) { counts, watch in
            let isHere = watch.namespace == namespace
            let isOwn = watch.principal == principal
            counts.0 += isHere ? 1 : 0
            counts.1 += isOwn ? 1 : 0
            counts.2 += isHere && isOwn ? 1 : 0
        }
        guard here < limits.namespaceWatchesMax else { return false }
        guard principal == nil else { return own < limits.principalWatchesMax }
        return own < limits.keylessWatchesMax && ownHere < limits.keylessNamespaceWatchesMax
    }

    /// Ends a watch.
    func end(_ watch: Int) {
        state.withLock { $0.watches[watch] = nil }
    }

    /// Says who is told that there is something to be done for lines.
    func whenLinesAreLeft(_ action: @escaping @Sendable (LineLeftovers) -> Void) {
        state.withLock { $0.onLeftovers = action }
    }

    /// A batch had events of some namespaces.
    func tell(_ namespaces: Set<LineID>) {
        guard !namespaces.isEmpty else { return }
        let actions = state.withLock { state in
            state.watches.values.filter { namespaces.contains($0.namespace) }.map(\.action)
        }
        for action in actions { action() }
    }

    /// It is not known what happened: changes came into the index past the batches.
    func tellEverybody() {
        for action in state.withLock({ $0.watches.values.map(\.action) }) { action() }
        tell(of: LineLeftovers(hasSweeps: true))
    }

    /// A batch left something to be done for lines.
    func tell(of leftovers: LineLeftovers) {
        guard !leftovers.isEmpty else { return }
        state.withLock { $0.onLeftovers }?(leftovers)
    }
}

/// How many may follow what happens, at one time.
///
/// Each is a connection and some kilobytes; what happens is read and spelled once for all that are equally
/// far.
struct WatchLimits: Hashable, Sendable {
    /// All of them.
    var watchesMax = 2048
    /// Those of one namespace.
    var namespaceWatchesMax = 1024
    /// Those of one principal.
    var principalWatchesMax = 256
    /// Those of all who have no keys.
    var keylessWatchesMax = 512
    /// Those of all who have no keys, of one namespace.
    var keylessNamespaceWatchesMax = 128
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
