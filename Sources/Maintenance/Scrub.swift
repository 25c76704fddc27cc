import DiskIO
import Logging
import MetadataIndex
import ObjectStorage
import SQLiteDatabase
import StorageFormats
import StorageModel
import Synchronization
import Volumes

/// How fast the scrub reads.
public enum ScrubRate: Hashable, Sendable {
    /// As fast as the disk goes.
    case unlimited
    /// So many bytes a second.
    case bytesPerSecond(Int64)
    /// As slowly as lets a pass take about so many seconds.
    case spread(seconds: Int64)
}

/// What the scrub is doing.
public struct ScrubStatus: Hashable, Sendable {
    /// Whether a pass is under way in this process.
    public var isRunning = false
    /// When the pass under way began.
    public var began: WallTime?
    /// Bytes that it has read.
    public var bytes: Int64 = 0
    /// Bytes that it has to read in all, about.
    public var totalBytes: Int64 = 0
    /// Damaged places that it has found.
    public var damaged: Int64 = 0
    /// How many passes were finished.
    public var passes: Int64 = 0
    /// When the last finished pass began.
    public var lastBegan: WallTime?
    /// When it ended.
    public var lastEnded: WallTime?
    /// How many bytes it had read.
    public var lastBytes: Int64 = 0
}

/// Reads every stored byte of an open store again, compares it with its checksum, and lists what is
/// damaged.
///
/// One pass goes through the logs, the snapshots of the index and then the blobs that the index knows, by
/// number. How far
/// it has come is kept in a file, so that a process that ends in the middle costs little: the next one
/// goes on from there. Bytes that no object needs any more are no damage, whatever they are.
///
/// Passes run one at a time, on a thread that may wait for the disk.
///
/// The file is beside the index, and moves with it. One that cannot be written ends nothing: what is lost is
/// how far a pass has come, and the list, if the process ends before it can be.
///
/// State: guarded by `status` and, what is kept in the file, by `state`; whether it could be written the
/// last time, by `isKept`.
public final class Scrub: Sendable {
    let store: ObjectStore
    let stateFile: @Sendable () -> String
    let fileSystem: any FileSystem
    let clock: @Sendable () -> WallTime
    let logger: Logger
    let state: Mutex<ScrubState>
    private let isKept = Mutex(true)
    private let shownStatus: Mutex<ScrubStatus>

    /// Takes up what an earlier process has left, the list of damage included.
    ///
    /// - Parameters:
    ///   - store: The open store.
    ///   - stateFile: Says where the scrub keeps how far it has come, which may change.
    ///   - fileSystem: The disk of that file.
    ///   - clock: Tells when damage was found.
    ///   - logger: Where damage is noted.
    /// - Throws: ``MaintenanceError/versionUnknown(path:version:)`` if a newer program wrote the
    ///   file.
    public init(
        _ store: ObjectStore,
        stateFile: @escaping @Sendable () -> String,
        fileSystem: any FileSystem,
        clock: @escaping @Sendable () -> WallTime,
        logger: Logger
    ) throws(MaintenanceError) {
        self.store = store
        self.stateFile = stateFile
        self.fileSystem = fileSystem
        self.clock = clock
        self.logger = logger
        let kept = try ScrubState.read(stateFile(), fileSystem) ?? ScrubState()
        state = Mutex(kept)
        shownStatus = Mutex(ScrubStatus())
        store.damage.restore(
            kept.damage,
            counts: DamageLedger.Counts(found: kept.found, healed: kept.healed)
        )
        show { _ in }
    }

    /// What the scrub is doing; never waits.
    public var status: ScrubStatus { shownStatus.withLock { $0 } }

    /// Goes on with the pass that was begun, or begins one, until its end.
    ///
    /// - Parameters:
    ///   - rate: How fast it reads.
    ///   - stop: Ends it; the next call goes on.
    ///   - progress: Told how far it has come.
    /// - Returns: The pass, and how much damage it found.
    /// - Throws: ``MaintenanceError``, ``MaintenanceError/stopped`` among them.
    public func runPass(
        _ rate: ScrubRate,
        stop: StopFlag = StopFlag(),
        progress: ProgressVisitor = { _ in }
    ) throws(MaintenanceError) -> ScrubState.FinishedPass {
        do {
            let pass = try ScrubPass(self, rate: rate, stop: stop)
            defer { show { $0.isRunning = false } }
            return try pass.run(progress)
        } catch let error as StoreError {
            throw .store(error)
        } catch {
            let path = stateFile()
            throw MaintenanceError(applying: error, path: path, directory: path)
        }
    }

    /// Keeps the list of damage, as at the end of the process.
    public func keep() {
        keep { _ in }
    }

    /// Changes what is kept, and publishes it, if the file can be written.
    func keep(_ change: (inout ScrubState) -> Void) {
        let counts = store.damage.counts
        let records = store.damage.records
        let published = state.withLock { state in
            change(&state)
            state.found = counts.found
            state.healed = counts.healed
            state.damage = records
            return state
        }
        var failure: MaintenanceError?
        do throws(MaintenanceError) {
            try published.publish(stateFile(), fileSystem)
        } catch {
            failure = error
        }
        let isNews = isKept.withLock { isKept in
            defer { isKept = failure == nil }
            return isKept && failure != nil
        }
        if isNews, let failure {
            logger.warning("scrub state not kept", metadata: ["error": "\(failure)"])
        }
    }

    /// Changes what is shown, after bringing it in line with what is kept.
    func show(_ change: (inout ScrubStatus) -> Void) {
        let kept = state.withLock { $0 }
        shownStatus.withLock { status in
            status.passes = kept.passes
            status.lastBegan = kept.last.map { WallTime(milliseconds: $0.began) }
            status.lastEnded = kept.last.map { WallTime(milliseconds: $0.ended) }
            status.lastBytes = kept.last?.bytes ?? 0
            status.began = kept.current.map { WallTime(milliseconds: $0.began) }
            status.bytes = kept.current?.bytes ?? 0
            status.damaged = kept.current?.damaged ?? 0
            change(&status)
        }
    }
}
