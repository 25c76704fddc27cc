import StorageModel
import Synchronization

/// Keeps blobs, and pieces of the log, from being removed while somebody copies a state that needs
/// them.
///
/// Invariants: at most ``heldMax`` blobs are held back; one more, and every hold is broken and all of
/// them go.
///
/// State: guarded by `state`.
package final class RemovalGate: Sendable {
    /// How many blobs are held back at most, 8 bytes of memory each.
    static let heldMax = 4_194_304

    private struct State {
        var holds = 0
        /// Whether the log is being cleaned, or a snapshot of the index made.
        var isCleaning = false
        /// Grows when holds are broken, so that they can tell.
        var epoch = 0
        /// Blobs to be removed once nobody holds them.
        var held: [BlobID] = []
        /// Blobs that a change frees, from before it is committed in the index.
        var announced: [BlobID] = []
        /// Those of the batch that is being committed, whether or not anything is held.
        var inFlight: [BlobID] = []

        mutating func open() -> [BlobID] {
            holds = 0
            announced = []
            defer { held = [] }
            return held
        }

        mutating func breakHolds() -> [BlobID] {
            epoch += 1
            return open()
        }
    }

    /// Where blobs come from that are to be removed.
    enum Origin: Hashable {
        /// The batch that was committed last.
        case batch
        case other
    }

    private let state = Mutex(State())
    private let limit: Int
    private let onOpen: Mutex<@Sendable ([BlobID]) -> Void>

    init(limit: Int = heldMax) {
        self.limit = limit
        onOpen = Mutex({ _ in })
    }

    /// Says what is done with the blobs that were held back, once nobody holds them.
    func whenOpened(_ action: @escaping @Sendable ([BlobID]) -> Void) {
        onOpen.withLock { $0 = action }
    }

    /// Whether anything is held back now.
    package var isHeld: Bool { state.withLock { $0.holds > 0 } }

    /// Whether the log may be cleaned now; if so, ``endCleaning()`` follows.
    func beginCleaning() -> Bool {
        state.withLock { state in
            guard state.holds == 0 else { return false }
            state.isCleaning = true
            return true
        }
    }

    /// Says that the log is no longer being cleaned.
    func endCleaning() {
        state.withLock { $0.isCleaning = false }
    }

    fileprivate var isCleaning: Bool { state.withLock { $0.isCleaning } }

    /// Gives those of the blobs that may be removed now; the rest are held back.
    ///
    /// - Parameters:
    ///   - blobs: What nothing names any more.
    ///   - origin: Whether that is what was announced for the batch that was committed.
    /// - Returns: Those to remove.
    func pass(_ blobs: [BlobID], _ origin: Origin = .other) -> [BlobID] {
        state.withLock { state in
            if origin == .batch { state.inFlight = [] }
            guard state.holds > 0 else { return blobs }
            guard state.held.count + blobs.count <= limit else {
                return state.breakHolds() + blobs
            }
            state.held += blobs
            return []
        }
    }

    /// Says which blobs a change frees, before it is committed in the index: whoever holds removals
    /// back finds a blob in the index or, from before it is gone there, announced here.
    func announce(_ blobs: [BlobID]) {
        let freed = state.withLock { state -> [BlobID] in
            state.inFlight = blobs
            guard state.holds > 0, !blobs.isEmpty else { return [] }
            guard state.announced.count + blobs.count <= limit else { return state.breakHolds() }
            state.announced += blobs
            return []
        }
        finish(freed)
    }

    /// Breaks every hold: blobs were freed that nobody announced.
    func breakHolds() {
        finish(state.withLock { $0.holds > 0 ? $0.breakHolds() : [] })
    }

    private func finish(_ freed: [BlobID]) {
        guard !freed.isEmpty else { return }
        let action = onOpen.withLock { $0 }
        action(freed)
    }

    /// Holds removals back until the value goes away.
    package func hold() -> RemovalHold {
        let epoch = state.withLock { state in
            state.holds += 1
            // The index may lose them before whoever holds looks there.
            if state.holds == 1 { state.announced = state.inFlight }
            return state.epoch
        }
        return RemovalHold(gate: self, epoch: epoch)
    }

    fileprivate func isCurrent(_ epoch: Int) -> Bool { state.withLock { $0.epoch == epoch } }

    fileprivate func freed(_ isWanted: (BlobID) -> Bool) -> [BlobID] {
        state.withLock { $0.announced.filter(isWanted) }
    }

    fileprivate func release(_ epoch: Int) {
        let freed = state.withLock { state -> [BlobID] in
            guard state.epoch == epoch, state.holds > 0 else { return [] }
            state.holds -= 1
            return state.holds == 0 ? state.open() : []
        }
        finish(freed)
    }
}

/// Holds removals back for as long as it lives.
package final class RemovalHold: Sendable {
    private let gate: RemovalGate
    private let epoch: Int

    fileprivate init(gate: RemovalGate, epoch: Int) {
        self.gate = gate
        self.epoch = epoch
    }

    deinit {
        gate.release(epoch)
    }

    /// False once so much was held back that it had to go: what this protected may be gone.
    package var isUnbroken: Bool { gate.isCurrent(epoch) }

    /// Whether nothing is taken out of the log any more until this goes; a cleaning that was under way
    /// when this was taken ends first.
    package var isLogStill: Bool { !gate.isCleaning }

    /// The blobs that changes freed since this was taken, those that the caller asks for.
    ///
    /// A blob that the index knew when this was taken is in the index now, or was in it when this
    /// was asked last, or is among these.
    package func freed(_ isWanted: (BlobID) -> Bool) -> [BlobID] { gate.freed(isWanted) }
}
