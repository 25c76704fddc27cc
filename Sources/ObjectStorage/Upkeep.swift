import DiskIO
import Logging
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Synchronization
import Volumes

/// Work that nobody waits for, on a thread of its own: removing blobs that no row names any more,
/// and moving pages of the index's own log into its database.
///
/// A store that works in turn has no such thread and calls ``runUntilIdle()``.
///
/// A blob that a reader has pinned is removed when the last pin goes. A pin that is placed before a
/// reader asks the index whether the blob is still named therefore keeps it: if it is, its removal
/// can only come later, and finds the pin. What the index said is remembered until the removal comes,
/// so that a blob that is read again and again costs one question.
///
/// Invariant: `named` has no blob whose removal was handed in.
///
/// State: guarded by `state`.
final class Upkeep: Sendable {
    private struct State {
        var removable: [BlobID] = []
        var pins: [BlobID: Int] = [:]
        /// Blobs to be removed when their last pin goes.
        var doomed: Set<BlobID> = []
        /// Blobs that the index named when it was asked; at most ``Upkeep/namedMax``.
        var named: Set<BlobID> = []
        var isCheckpointWanted = false
        var isCheckpointDone = false
        var isThreadIdle = false
        var isClosed = false
        var onEnd: [@Sendable () -> Void] = []
        var onIdle: [@Sendable () -> Void] = []
    }

    private enum Step {
        case work([BlobID], checkpoint: CheckpointWish)
        case wait([@Sendable () -> Void])
        case end([@Sendable () -> Void])
    }

    private enum CheckpointWish {
        case wanted
        case none
    }

    /// How many blobs are remembered as named, some 16 bytes of memory each.
    static let namedMax = 16_384

    /// Holds removals back while a backup runs.
    let gate = RemovalGate()
    /// Lists what reads find damaged.
    let reporter: DamageReporter
    private let state = Mutex(State())
    private let wakeup: WakeupSignal
    private let volume: VolumeSet
    private let index: MetadataIndex
    private let scheduling: StoreScheduling
    private let logger: Logger

    init(
        volume: VolumeSet,
        index: MetadataIndex,
        reporter: DamageReporter,
        scheduling: StoreScheduling,
        logger: Logger
    ) throws(DiskError) {
        wakeup = try WakeupSignal()
        self.volume = volume
        self.index = index
        self.reporter = reporter
        self.scheduling = scheduling
        self.logger = logger
        gate.whenOpened { [weak self] blobs in self?.remove(blobs) }
    }

    /// Has blobs removed that nothing names any more.
    ///
    /// - Parameters:
    ///   - blobs: What nothing names any more.
    ///   - origin: Whether that is what was announced for the batch that was committed.
    func remove(_ blobs: [BlobID], _ origin: RemovalGate.Origin = .other) {
        let blobs = gate.pass(blobs, origin)
        guard !blobs.isEmpty else { return }
        change { state in
            for blob in blobs {
                state.named.remove(blob)
                if state.pins[blob] == nil {
                    state.removable.append(blob)
                } else {
                    state.doomed.insert(blob)
                }
            }
        }
    }

    /// Keeps blobs from being removed until ``unpin(_:)``.
    func pin(_ blobs: [BlobID]) {
        state.withLock { state in
            for blob in blobs { state.pins[blob, default: 0] += 1 }
        }
    }

    /// Gives pins back.
    func unpin(_ blobs: [BlobID]) {
        change { state in
            for blob in blobs {
                guard let count = state.pins[blob] else { continue }
                guard count == 1 else {
                    state.pins[blob] = count - 1
                    continue
                }
                state.pins[blob] = nil
                if state.doomed.remove(blob) != nil { state.removable.append(blob) }
            }
        }
    }

    /// Whether all of some blobs, which the caller has pinned, are known to be named still: nobody has had
    /// them removed since the index said so.
    func knows(_ blobs: [BlobID]) -> Bool {
        state.withLock { state in blobs.allSatisfy { state.named.contains($0) } }
    }

    /// Remembers that the index names some blobs, which the caller pinned before it asked and still pins.
    ///
    /// Where a removal came between the question and now, it found the pin, and the blob is not remembered.
    func remember(_ blobs: [BlobID]) {
        state.withLock { state in
            for blob in blobs where !state.doomed.contains(blob) {
                // To begin anew costs a question for each blob in use, and no order to be kept.
                if state.named.count >= Self.namedMax { state.named = [] }
                state.named.insert(blob)
            }
        }
    }

    /// Has the bulk of the index's own log moved into its database.
    func checkpoint() {
        change { $0.isCheckpointWanted = true }
    }

    /// Whether a checkpoint was made since the last time this was asked.
    func takeCheckpointDone() -> Bool {
        state.withLock { state in
            defer { state.isCheckpointDone = false }
            return state.isCheckpointDone
        }
    }

    /// Does what is left and ends; `onEnd` runs when the thread has ended.
    func close(onEnd: @escaping @Sendable () -> Void) {
        change { state in
            state.isClosed = true
            state.isCheckpointWanted = false
            state.onEnd.append(onEnd)
        }
        if scheduling == .inTurn { runUntilIdle() }
    }

    /// Calls `action` once nothing is left to do.
    func whenIdle(_ action: @escaping @Sendable () -> Void) {
        let isIdle = state.withLock { state in
            if state.isThreadIdle { return true }
            state.onIdle.append(action)
            return false
        }
        if isIdle { action() }
    }

    /// The life of the thread.
    func run() {
        while runUntilIdle() { wakeup.wait() }
    }

    /// Does what there is to do; false once closed.
    @discardableResult
    func runUntilIdle() -> Bool {
        while true {
            switch nextStep() {
            case .work(let blobs, let wish):
                // Before the log says for good that nothing names a blob, that must not go; and an
                // index that was moved into its database first would be ahead of the log.
                guard flushNow() else { continue }
                for blob in blobs { removeNow(blob) }
                switch wish {
                case .wanted: checkpointNow()
                case .none: break
                }
            case .wait(let actions):
                for action in actions { action() }
                return true
            case .end(let actions):
                for action in actions { action() }
                return false
            }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let wakes = state.withLock { state in
            body(&state)
            guard state.isThreadIdle, Self.hasWork(state) else { return false }
            state.isThreadIdle = false
            return true
        }
        if wakes { wakeup.post() }
    }

    private static func hasWork(_ state: State) -> Bool {
        !state.removable.isEmpty || state.isCheckpointWanted || state.isClosed
    }

    private func nextStep() -> Step {
        state.withLock { state in
            if !state.removable.isEmpty || state.isCheckpointWanted {
                defer {
                    state.removable = []
                    state.isCheckpointWanted = false
                }
                // In order, so that what is done follows from what is to do.
                return .work(
                    state.removable.sorted(),
                    checkpoint: state.isCheckpointWanted ? .wanted : .none
                )
            }
            if state.isClosed {
                defer { state.onEnd = [] }
                return .end(state.onEnd)
            }
            state.isThreadIdle = true
            defer { state.onIdle = [] }
            return .wait(state.onIdle)
        }
    }

    private func flushNow() -> Bool {
        do throws(VolumeError) {
            try volume.flush()
            return true
        } catch {
            // Nothing is written any more. The next start sweeps the blobs.
            logger.warning("log not flushed", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func removeNow(_ blob: BlobID) {
        do throws(VolumeError) {
            try volume.removeBlob(blob)
        } catch {
            // The next start sweeps it.
            logger.warning(
                "blob not removed",
                metadata: ["blob": "\(blob.number)", "error": "\(error)"]
            )
        }
    }

    private func checkpointNow() {
        do throws(SQLiteError) {
            try index.checkpoint()
            state.withLock { $0.isCheckpointDone = true }
        } catch {
            logger.warning("index not checkpointed", metadata: ["error": "\(error)"])
        }
    }
}
