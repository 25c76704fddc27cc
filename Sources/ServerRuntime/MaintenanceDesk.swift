import DiskIO
import FoundationEssentials
import Logging
import Maintenance
import ObjectStorage
import StorageModel

/// Checks, scrubs, rebuilds, backs up and restores data folders, for commands.
///
/// The folder belongs to one process at a time. Where a server has it, a backup is asked of the
/// server; the rest is refused with what to do instead.
public struct MaintenanceDesk: Sendable {
    let folder: DataFolder
    /// Told a line whenever the work has come further; on the working thread, often.
    let progress: @Sendable (String) -> Void

    /// Names the folder; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - directory: The data folder.
    ///   - progress: Told a line whenever the work has come further; on the working thread, often.
    public init(directory: String, progress: @escaping @Sendable (String) -> Void) {
        folder = DataFolder(path: Self.absolute(directory))
        self.progress = progress
    }

    /// Checks that log, index and blobs agree, or that a backup is whole.
    ///
    /// - Parameter depth: Whether payloads are read.
    /// - Returns: What was found.
    /// - Throws: ``ServerError``.
    public func check(_ depth: CheckDepth) async throws -> MaintenanceOutcome {
        let depth: Inspection.Depth = depth == .payloads ? .payloads : .structure
        if folder.holdsBackup { return try await checkBackup(depth) }
        try requireVolume()
        let folders = try DataFolders(servedWith: folder.path)
        let inspection = Inspection(
            volumeDirectories: folders.all.map(\.path),
            indexDirectory: folders.home.index,
            fileSystem: PosixFileSystem()
        )
        let report = try await working(hint: Self.stopHint) {
            () throws(MaintenanceError) in
            try inspection.run(depth) { show($0) }
        }
        return MaintenanceOutcome(report)
    }

    /// Checks a backup; the second index is made in a folder for temporary files, since nothing is
    /// written into a backup.
    private func checkBackup(_ depth: Inspection.Depth) async throws -> MaintenanceOutcome {
        let scratch = try TemporaryFolder(below: ProcessInfo.processInfo.environment["TMPDIR"])
        do {
            let inspection = BackupInspection(
                of: folder.path,
                scratchDirectory: scratch.path,
                fileSystem: PosixFileSystem()
            )
            let report = try await working(hint: Self.stopHint) {
                () throws(MaintenanceError) in
                try inspection.run(depth) { show($0) }
            }
            try scratch.remove()
            return MaintenanceOutcome(report)
        } catch {
            try scratch.remove()
            throw error
        }
    }

    /// Reads everything that is stored and compares it with its checksums.
    ///
    /// - Parameter bytesPerSecond: How fast; nil for as fast as the disk goes.
    /// - Returns: What was found.
    /// - Throws: ``ServerError``.
    public func scrub(bytesPerSecond: Int64?) async throws -> MaintenanceOutcome {
        try requireVolume()
        let hint =
            "It scrubs by itself; GET /v1/damage lists what it has found. To scrub at once, stop "
            + "it first."
        try requireAll(hint: hint)
        let folders = try DataFolders(servedWith: folder.path)
        return try await withStore(hint: hint) { store in
            let (list, pass, healed) = try await working(hint: hint) {
                () throws(MaintenanceError) in
                let scrub = try Scrub(
                    store,
                    stateFile: { folders.home(of: store.indexDirectory).scrubFile },
                    fileSystem: PosixFileSystem(),
                    clock: SystemClock.now,
                    logger: Self.silent
                )
                let healedBefore = store.damage.counts.healed
                let pass = try scrub.runPass(
                    bytesPerSecond.map { .bytesPerSecond($0) } ?? .unlimited
                ) { show($0) }
                let healed = store.damage.counts.healed - healedBefore
                return (DamageList(of: store), pass, healed)
            }
            if store.copies.state == .copying { progress("copies that are wanting are made") }
            let copies = await store.makeCopies()
            return MaintenanceOutcome(pass, healed: healed, list, copies)
        }
    }

    /// Makes the index again from the log.
    ///
    /// - Returns: What was done.
    /// - Throws: ``ServerError``.
    public func rebuild() async throws -> MaintenanceOutcome {
        try requireVolume()
        try requireAll(hint: Self.stopHint)
        let folders = try DataFolders(servedWith: folder.path)
        try MountPoints(folders: folders).refuseMissing()
        let rebuild = IndexRebuild(
            volumeDirectories: folders.all.map(\.path),
            indexDirectory: folders.home.index,
            fileSystem: PosixFileSystem(),
            now: SystemClock.now()
        )
        let clock = ContinuousClock()
        let began = clock.now
        let report = try await working(hint: Self.stopHint) { () throws(MaintenanceError) in
            try rebuild.run { show($0) }
        }
        return MaintenanceOutcome(report, took: clock.now - began)
    }

    /// Makes a volume of a backup.
    ///
    /// - Parameter backup: The directory of the backup.
    /// - Returns: What was done.
    /// - Throws: ``ServerError``.
    public func restore(from backup: String) async throws -> MaintenanceOutcome {
        let backup = Self.absolute(backup)
        guard !FolderNesting.areNested(backup, folder.path),
            !FolderNesting.isInsideVolume(folder.path)
        else {
            throw ServerError(.targetInside(path: folder.path), folder: folder.path)
        }
        let restore = Restore(
            from: backup,
            volumeDirectory: folder.path,
            indexDirectory: folder.index,
            fileSystem: PosixFileSystem(),
            now: SystemClock.now()
        )
        let hint = "If it is another restore, wait for its end."
        let report = try await working(hint: hint) { () throws(MaintenanceError) in
            try restore.run(companions: ["keys.env"]) { show($0) }
        }
        return MaintenanceOutcome(report, directory: folder.path)
    }

    // MARK: - Parts of them

    static let stopHint = "Stop it first."
    static let silent = Logger(label: "nave") { _ in SwiftLogNoOpLogHandler() }

    func show(_ report: MaintenanceProgress) {
        progress(ProgressText(progress: report).line)
    }

    /// Refuses a folder that is none of Nave's, a backup, or a part of one, before anything is made in it.
    func requireVolume() throws(ServerError) {
        try folder.refuseUnlessVolume()
        guard try folder.read(folder.path + "/volume.json") != nil else {
            throw .maintenanceFailed(
                "\(folder.path) is no data folder of Nave: it has no volume.json."
            )
        }
    }

    /// Refuses a folder while others that are served with it are not there.
    ///
    /// - Parameter hint: What to do if a server goes on without them; nil to have it asked.
    /// - Throws: As ``DataFolders/requireAll(servedWith:)``.
    func requireAll(hint: String?) throws(ServerError) {
        do throws(ServerError) {
            try DataFolders.requireAll(servedWith: folder.path)
        } catch {
            throw hint.map { refusal(error, $0) } ?? error
        }
    }

    /// Runs work on a thread that may wait for the disk.
    func working<Value: Sendable>(
        hint: String,
        _ work: @escaping @Sendable () throws(MaintenanceError) -> Value
    ) async throws -> Value {
        let pool: BlockingPool
        do throws(DiskError) {
            pool = try BlockingPool(name: "nave-keep", threadCount: 1)
        } catch {
            throw ServerError.threadsUnavailable
        }
        do {
            let value = try await pool.run(work)
            await pool.shutdown()
            return value
        } catch {
            await pool.shutdown()
            guard let failure = error as? MaintenanceError else { throw error }
            throw refusal(ServerError(failure, folder: folder.path), hint)
        }
    }

    /// Opens the store for the moment.
    func withStore<Value: Sendable>(
        hint: String?,
        _ body: (ObjectStore) async throws -> Value
    ) async throws -> Value {
        let store: ObjectStore
        do {
            store = try await StoreOpening(
                folders: try DataFolders(servedWith: folder.path),
                copies: nil,
                root: nil
            ).open(logger: Self.silent)
        } catch {
            guard let hint else { throw error }
            throw refusal(error, hint)
        }
        do {
            let value = try await body(store)
            await store.close()
            return value
        } catch {
            await store.close()
            throw error
        }
    }

    private func refusal(_ error: ServerError, _ hint: String) -> ServerError {
        guard case .dataInUse(let path) = error else { return error }
        return .maintenanceFailed("A server or another command uses \(path). \(hint)")
    }

    static func absolute(_ path: String) -> String {
        var path = FolderNesting.resolved(path.isEmpty ? "." : path)
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }
}

/// How far a check goes.
public enum CheckDepth: Hashable, Sendable {
    /// Everything but the payloads.
    case structure
    /// Payloads as well.
    case payloads
}
