import DiskIO
import Logging
import ObjectStorage
import StorageModel
import Synchronization

/// What became of the last backup that a server was asked for.
public struct BackupStatus: Hashable, Sendable {
    /// How it stands.
    public enum State: Hashable, Sendable {
        /// None was asked for since the server was started.
        case none
        /// It is under way.
        case running(MaintenanceProgress)
        /// It is complete.
        case done(Backup.Report)
        /// It was given up; the backup before it is as it was.
        case failed(MaintenanceError)
    }

    /// How it stands.
    public var state = State.none
    /// Where it goes.
    public var target = ""
    /// When it was begun.
    public var began: WallTime?
    /// When it ended, well or not.
    public var ended: WallTime?
    /// When the last complete one was.
    public var lastDone: WallTime?
}

/// Makes backups of a running server's store, one at a time, on a thread of its own.
///
/// State: guarded by `status`.
public final class BackupDesk: Sendable {
    private let store: ObjectStore
    private let fileSystem: any FileSystem
    private let companions: @Sendable () -> [Backup.Companion]
    private let clock: @Sendable () -> WallTime
    private let logger: Logger
    private let shown = Mutex(BackupStatus())
    private let stop = StopFlag()

    /// Makes a desk; nothing runs yet.
    ///
    /// - Parameters:
    ///   - store: What is backed up.
    ///   - fileSystem: The disk of the targets.
    ///   - companions: Reads the small files that go along; called on the working thread.
    ///   - clock: Tells the time.
    ///   - logger: Where the end of each backup is noted.
    public init(
        _ store: ObjectStore,
        fileSystem: any FileSystem,
        companions: @escaping @Sendable () -> [Backup.Companion],
        clock: @escaping @Sendable () -> WallTime,
        logger: Logger
    ) {
        self.store = store
        self.fileSystem = fileSystem
        self.companions = companions
        self.clock = clock
        self.logger = logger
    }

    /// What became of the last backup; never waits.
    public var status: BackupStatus { shown.withLock { $0 } }

    /// Begins a backup.
    ///
    /// - Parameter target: Its directory, an absolute path.
    /// - Returns: False if one is under way, or the desk was closed.
    /// - Throws: ``MaintenanceError/resourcesExhausted``.
    public func begin(_ target: String) throws(MaintenanceError) -> Bool {
        let now = clock()
        let isTaken = shown.withLock { status in
            if case .running = status.state { return false }
            guard !stop.isStopped else { return false }
            status.state = .running(MaintenanceProgress(stage: .log))
            status.target = target
            status.began = now
            status.ended = nil
            return true
        }
        guard isTaken else { return false }
        do throws(DiskError) {
            try BlockingThread.start(name: "nave-backup") { [self] in work(target) }
        } catch {
            end(.failed(.resourcesExhausted))
            throw .resourcesExhausted
        }
        return true
    }

    /// Takes no more, and has the one that is under way given up; it ends soon.
    public func close() {
        stop.stop()
    }

    /// Waits until none is under way; on a thread that may wait.
    public func waitUntilIdle() {
        let never = StopFlag()
        while case .running = status.state { _ = Pace.rest(.milliseconds(20), never) }
    }

    private func work(_ target: String) {
        let backup = Backup(
            of: store,
            to: target,
            fileSystem: fileSystem,
            companions: companions(),
            clock: clock
        )
        do throws(MaintenanceError) {
            let report = try backup.run(stop: stop) { progress in
                shown.withLock { $0.state = .running(progress) }
            }
            logger.notice(
                "backup complete",
                metadata: [
                    "target": "\(target)", "blobs": "\(report.copiedBlobs)",
                    "bytes": "\(report.copiedLogBytes + report.copiedBlobBytes)",
                    "damaged": "\(report.manifest.damagedPayloadCount)",
                ]
            )
            end(.done(report))
        } catch {
            logger.error(
                "backup given up",
                metadata: ["target": "\(target)", "error": "\(error)"]
            )
            end(.failed(error))
        }
    }

    private func end(_ state: BackupStatus.State) {
        let now = clock()
        shown.withLock { status in
            status.state = state
            status.ended = now
            if case .done = state { status.lastDone = now }
        }
    }
}
