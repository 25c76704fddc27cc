import DiskIO
import Logging
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Synchronization
import Volumes

/// Brings volumes up to date that are new, came back or failed, and makes the copies that are wanting,
/// on a thread of its own, for as long as there is something to do.
///
/// It begins at once: while copies are wanting, the loss of one more volume takes data, and a volume that
/// comes late is taken back at a restart alone, which ends the work.
///
/// A store that works in turn has no such thread and calls ``runOnce()``. State: guarded by `state`.
final class VolumeRepair: Sendable {
    private struct State {
        var isClosed = false
        var isRunning = false
        /// Whether the last try ended early, as on a disk without room; another comes later.
        var isStuck = false
        var progress: RepairProgress?
        /// Payloads that may have too few copies, as the last look left it.
        var below = 0
        /// Copies that were made before the present look.
        var copied = 0
        var onLooked: [@Sendable () -> Void] = []
        var onEnd: [@Sendable () -> Void] = []
    }

    /// The blobs as the index knows them.
    struct Census: BlobCensus {
        let index: MetadataIndex
        let upkeep: Upkeep

        func blobs(after last: BlobID?, limit: Int) throws -> [BlobID] {
            try index.read { reader throws(SQLiteError) in
                try reader.blobs(after: last, limit: limit)
            }
        }

        func isWanted(_ id: BlobID) throws -> Bool {
            try index.read { reader throws(SQLiteError) in try reader.knowsBlob(id) }
        }

        func count() throws -> Int {
            try index.read { reader throws(SQLiteError) in try reader.blobCount() }
        }

        func objects(in blobs: [BlobID]) throws -> [String] {
            let wanted = Set(blobs)
            let owners = try index.read { reader throws(SQLiteError) in
                try reader.owners(of: wanted, at: [])
            }
            return Set(owners.blobs.values.flatMap(\.objects.names)).sorted()
        }

        func discard(_ id: BlobID) throws { upkeep.remove([id]) }
    }

    /// How long a repair that ended early is left before it is tried again; longer each time.
    private static let retryMilliseconds: Int32 = 30_000
    /// The longest time between two tries.
    private static let retryMillisecondsMax: Int32 = 960_000
    /// How often payloads are counted of which no copies can be made.
    private static let countMilliseconds: Int32 = 60_000
    /// Blobs after which the log hears of the progress.
    private static let reportedBlobs = 10_000

    private let state = Mutex(State())
    private let wakeup: WakeupSignal
    let volumes: VolumeSet
    let index: MetadataIndex
    let upkeep: Upkeep
    private let scheduling: StoreScheduling
    private let logger: Logger

    init(
        volumes: VolumeSet,
        index: MetadataIndex,
        upkeep: Upkeep,
        scheduling: StoreScheduling,
        logger: Logger
    ) throws(DiskError) {
        self.upkeep = upkeep
        self.scheduling = scheduling
        wakeup = try WakeupSignal()
        self.volumes = volumes
        self.index = index
        self.logger = logger
        if volumes.isThin {
            countAll()
            warn()
        }
    }

    /// On how many volumes everything is.
    ///
    /// Never waits.
    var report: CopiesReport {
        let isThin = volumes.isThin
        let needsRepair = volumes.needsRepair
        return state.withLock { state in
            let isCopying = state.isRunning || needsRepair && !state.isStuck
            let condition: CopiesReport.State =
                isCopying ? .copying : isThin || needsRepair ? .wanting : .complete
            return CopiesReport(
                wanted: volumes.copies,
                ofLog: volumes.logCopies,
                state: condition,
                payloadsBelow: isThin ? state.progress?.belowCopies ?? state.below : 0,
                progress: state.progress,
                copied: state.copied + (state.progress?.copied ?? 0)
            )
        }
    }

    /// Looks whether there is something to do.
    func wake() {
        wakeup.post()
    }

    /// Ends what is under way; `onEnd` runs when the thread has ended.
    func close(onEnd: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.isClosed = true
            state.onEnd.append(onEnd)
        }
        if scheduling == .inTurn { run() } else { wakeup.post() }
    }

    /// Calls `action` once what is wanting now was made, as far as that can be done.
    func whenLooked(_ action: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.onLooked.append(action) }
            return state.isClosed
        }
        if isClosed { return action() }
        if scheduling == .inTurn { runOnce() } else { wakeup.post() }
    }

    /// The life of the thread.
    func run() {
        var rest = Self.retryMilliseconds
        while !isClosed {
            runOnce()
            guard !isClosed else { break }
            if !volumes.needsRepair {
                rest = Self.retryMilliseconds
                wakeup.wait(upToMilliseconds: volumes.isThin ? Self.countMilliseconds : -1)
            } else if wakeup.wait(upToMilliseconds: rest) {
                rest = Self.retryMilliseconds
            } else {
                rest = min(rest * 2, Self.retryMillisecondsMax)
            }
        }
        let actions = state.withLock { state in
            defer { (state.onLooked, state.onEnd) = ([], []) }
            return state.onLooked + state.onEnd
        }
        for action in actions { action() }
    }

    /// Brings volumes up to date if they need it.
    func runOnce() {
        let actions = state.withLock { state in
            defer { state.onLooked = [] }
            return state.onLooked
        }
        if volumes.needsRepair {
            repair()
        } else if volumes.isThin, !volumes.canSpread {
            countAll()
        }
        for action in actions { action() }
    }

    /// Whether the store is closed, or closing.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    private func repair() {
        state.withLock { $0.isRunning = true }
        logger.notice("volumes are brought up to date")
        var result = RepairProgress()
        do {
            result = try volumes.repair(
                Census(index: index, upkeep: upkeep),
                isCancelled: { isClosed },
                report: { progress in note(progress) }
            )
            logger.notice(
                "volumes were brought up to date",
                metadata: [
                    "blobs": "\(result.blobs)", "copied": "\(result.copied)",
                    "lost": "\(result.lost)", "wanting": "\(result.wanting)",
                    "complete": "\(result.isComplete)",
                ]
            )
        } catch {
            logger.error("volumes not brought up to date", metadata: ["error": "\(error)"])
            result = progress ?? result
        }
        let ended = result
        state.withLock { state in
            state.progress = nil
            state.isRunning = false
            state.isStuck = !ended.isComplete
            state.below = ended.belowCopies
            state.copied += ended.copied
        }
        // It did not come so far as to look at any.
        if !ended.isComplete, ended.blobsInAll == 0, volumes.isThin { countAll() }
    }

    /// Says at the start what an earlier end, or a volume that is not there, has left.
    private func warn() {
        let report = report
        logger.warning(
            volumes.canSpread
                ? "payloads may be on fewer volumes than wanted; the missing copies are made"
                : "payloads are on fewer volumes than wanted, and no volume is there for more copies",
            metadata: ["copies": "\(report.wanted)", "payloads": "\(report.payloadsBelow)"]
        )
    }

    private var progress: RepairProgress? { state.withLock { $0.progress } }

    /// Counts the payloads where all of them have too few copies, and none can be made.
    private func countAll() {
        do {
            let count = try Census(index: index, upkeep: upkeep).count()
            state.withLock { $0.below = count }
        } catch {
            logger.warning("payloads not counted", metadata: ["error": "\(error)"])
        }
    }

    private func note(_ progress: RepairProgress) {
        state.withLock { $0.progress = progress }
        guard progress.blobs > 0, progress.blobs.isMultiple(of: Self.reportedBlobs) else { return }
        logger.notice(
            "volumes are being brought up to date",
            metadata: [
                "blobs": "\(progress.blobs)", "of": "\(progress.blobsInAll)",
                "copied": "\(progress.copied)",
            ]
        )
    }
}
