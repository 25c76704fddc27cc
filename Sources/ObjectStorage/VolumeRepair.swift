import DiskIO
import Logging
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Synchronization
import Volumes

/// Brings volumes up to date that are new, came back or failed, on a thread of its own, for as long as
/// there is something to do.
///
/// A store that works in turn has no such thread and calls ``runOnce()``. State: guarded by `state`.
final class VolumeRepair: Sendable {
    private struct State {
        var isClosed = false
        var isRunning = false
        var progress: RepairProgress?
        var onEnd: [@Sendable () -> Void] = []
    }

    /// The blobs as the index knows them.
    private struct Census: BlobCensus {
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

        func discard(_ id: BlobID) throws { upkeep.remove([id]) }
    }

    /// How long a repair that ended early is left before it is tried again.
    private static let retryMilliseconds: Int32 = 30_000
    /// Blobs after which the log hears of the progress.
    private static let reportedBlobs = 10_000

    private let state = Mutex(State())
    private let wakeup: WakeupSignal
    private let volumes: VolumeSet
    private let index: MetadataIndex
    private let upkeep: Upkeep
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
    }

    /// How far the present repair has come; nil if none is under way.
    var progress: RepairProgress? { state.withLock { $0.progress } }

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

    /// The life of the thread.
    func run() {
        while !isClosed {
            runOnce()
            guard !isClosed else { break }
            wakeup.wait(upToMilliseconds: volumes.needsRepair ? Self.retryMilliseconds : -1)
        }
        let actions = state.withLock { state in
            defer { state.onEnd = [] }
            return state.onEnd
        }
        for action in actions { action() }
    }

    /// Brings volumes up to date if they need it.
    func runOnce() {
        if volumes.needsRepair { repair() }
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private func repair() {
        logger.notice("volumes are brought up to date")
        do {
            let progress = try volumes.repair(
                Census(index: index, upkeep: upkeep),
                isCancelled: { isClosed },
                report: { progress in note(progress) }
            )
            logger.notice(
                "volumes were brought up to date",
                metadata: [
                    "blobs": "\(progress.blobs)", "copied": "\(progress.copied)",
                    "lost": "\(progress.lost)", "complete": "\(progress.isComplete)",
                ]
            )
        } catch {
            logger.error("volumes not brought up to date", metadata: ["error": "\(error)"])
        }
        state.withLock { $0.progress = nil }
    }

    private func note(_ progress: RepairProgress) {
        state.withLock { $0.progress = progress }
        guard progress.blobs.isMultiple(of: Self.reportedBlobs) else { return }
        logger.notice(
            "volumes are being brought up to date",
            metadata: ["blobs": "\(progress.blobs)", "of": "\(progress.blobsInAll)"]
        )
    }
}
