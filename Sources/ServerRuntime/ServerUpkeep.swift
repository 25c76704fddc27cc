import AdminService
import DiskIO
import Logging
import Maintenance
import ObjectStorage
import ServiceLifecycle
import Volumes

/// What looks after a server's data while it runs: the scrub, backups, and the figures about both.
struct ServerUpkeep: Sendable {
    let metrics: ServerMetrics
    let backups: BackupDesk
    /// Nil if what an earlier scrub has left was written by a newer program.
    let scrub: Scrub?

    private let folders: DataFolders
    private let store: ObjectStore
    private let logger: Logger

    /// Looks after a store.
    ///
    /// - Parameters:
    ///   - folders: The folders of its volumes.
    ///   - store: The store.
    ///   - logger: Where is written what happens.
    init(_ folders: DataFolders, _ store: ObjectStore, logger: Logger) {
        self.folders = folders
        self.store = store
        self.logger = logger
        scrub = Self.scrub(folders, store, logger)
        backups = BackupDesk(
            store,
            fileSystem: PosixFileSystem(),
            companions: { folders.companions },
            clock: SystemClock.now,
            logger: logger
        )
        metrics = ServerMetrics(store: store, scrub: scrub, backups: backups)
    }

    /// Keeps what the scrub remembers beside the index, wherever that is.
    private static func scrub(
        _ folders: DataFolders,
        _ store: ObjectStore,
        _ logger: Logger
    ) -> Scrub? {
        do throws(MaintenanceError) {
            return try Scrub(
                store,
                stateFile: { folders.home(of: store.indexDirectory).scrubFile },
                fileSystem: PosixFileSystem(),
                clock: SystemClock.now,
                logger: logger
            )
        } catch {
            logger.error(
                "no scrub: its state cannot be used",
                metadata: ["error": "\(ServerError(error, folder: folders.first.path))"]
            )
            return nil
        }
    }

    /// The service that scrubs.
    func service(_ schedule: ScrubSchedule) -> ScrubService? {
        scrub.map {
            ScrubService(
                scrub: $0,
                schedule: schedule,
                clock: SystemClock.now,
                logger: logger
            )
        }
    }

    /// Gives up a backup that is under way, and waits for its end.
    func close() async {
        backups.close()
        let backups = backups
        // A store that has no threads left has no backup either.
        try? await store.diskPool.run { backups.waitUntilIdle() }
    }

    /// What the routes show and start.
    var sources: MaintenanceSources {
        let (metrics, store, backups, folder) = (metrics, store, backups, folders.first)
        return MaintenanceSources(
            metrics: { await metrics.gather() },
            damage: {
                await store.lookAtDamage()
                return DamageList(of: store)
            },
            backup: { backups.status },
            beginBackup: { target in begin(target) },
            words: { "\(ServerError($0, folder: folder.path))" },
            forgetVolume: { identifier in
                do throws(ForgettingError) {
                    try await store.forgetVolume(identifier)
                    return nil
                } catch {
                    return ProblemDocument(error)
                }
            }
        )
    }

    private func begin(_ target: String) -> ProblemDocument? {
        do throws(MaintenanceError) {
            guard !FolderNesting.isInside(target, folders) else {
                throw .targetInside(path: target)
            }
            guard try backups.begin(target) else {
                return ProblemDocument(
                    status: 409,
                    code: "backup_running",
                    detail: "A backup into \(backups.status.target) is under way."
                )
            }
            return nil
        } catch {
            return ProblemDocument(
                status: 422,
                code: "backup_refused",
                detail: "\(ServerError(error, folder: folders.first.path))"
            )
        }
    }
}

extension DataFolders {
    /// The small files that go along with a backup, as far as any folder has them.
    var companions: [Backup.Companion] {
        for folder in all {
            guard let file = try? PosixFileSystem().open(folder.keysFile, .readOnly),
                let bytes = try? file.read(65_536, at: 0)
            else { continue }
            return [Backup.Companion(name: "keys.env", bytes: bytes)]
        }
        return []
    }
}
