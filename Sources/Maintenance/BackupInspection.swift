import DiskIO
import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// Checks that a backup is whole, and names what is not: whether all can be restored of it.
///
/// It is the check of ``Inspection``, of the state that the manifest names: of a backup that was begun
/// and did not end nothing counts, and there is no index to compare. Nothing is written into the
/// directory, which may be one that takes no writes; the second index is made elsewhere. Where another
/// backup takes its place meanwhile, that one is checked.
///
/// Everything waits for the disk: call it on a thread that may.
public struct BackupInspection: Sendable {
    private let directory: String
    private let scratchDirectory: String
    private let fileSystem: any FileSystem

    /// Names what is checked.
    ///
    /// - Parameters:
    ///   - directory: The directory of the backup.
    ///   - scratchDirectory: An empty directory for the second index, on the real file system.
    ///   - fileSystem: The disk of the backup.
    public init(
        of directory: String,
        scratchDirectory: String,
        fileSystem: any FileSystem
    ) {
        self.directory = directory
        self.scratchDirectory = scratchDirectory
        self.fileSystem = fileSystem
    }

    /// Checks.
    ///
    /// - Parameters:
    ///   - depth: How far the check goes.
    ///   - stop: Ends it.
    ///   - progress: Told how far it has come.
    /// - Returns: What was found.
    /// - Throws: ``MaintenanceError`` if the check cannot be made: there is no finished backup, what it
    ///   says about itself cannot be read, there is no room for the second index, it was stopped.
    public func run(
        _ depth: Inspection.Depth,
        stop: StopFlag = StopFlag(),
        progress: ProgressVisitor = { _ in }
    ) throws(MaintenanceError) -> InspectionReport {
        let reading = BackupReading(directory: directory, fileSystem: fileSystem)
        return try reading.perform { manifest throws(MaintenanceError) in
            let report = try check(manifest, depth, stop, progress)
            if report.total > 0 { try reading.checkUnreplaced(manifest) }
            return report
        }
    }

    private func check(
        _ manifest: BackupManifest,
        _ depth: Inspection.Depth,
        _ stop: StopFlag,
        _ progress: ProgressVisitor
    ) throws(MaintenanceError) -> InspectionReport {
        let scratchPath = scratchDirectory + "/check.sqlite"
        defer { MetadataIndex.discard(scratchPath) }
        do {
            let copy = VolumeCopy(directory: directory, fileSystem: fileSystem)
            let audit = VolumeAudit(
                label: try Backup.label(in: copy, manifest),
                directory: directory,
                fileSystem: fileSystem
            )
            let run = try InspectionRun(
                volumes: InspectedVolumes(backup: audit),
                manifest: manifest,
                indexDirectory: scratchDirectory,
                scratchPath: scratchPath,
                depth: depth,
                stop: stop
            )
            try run.readLog(progress)
            try run.checkLastRecord(of: manifest)
            try run.readIndex(progress)
            try run.readBlobs(progress)
            return run.report
        } catch {
            throw MaintenanceError(applying: error, path: scratchPath, directory: directory)
        }
    }
}

extension InspectionRun {
    /// Names the log of a backup if it does not end with the record that its manifest names.
    fileprivate func checkLastRecord(of manifest: BackupManifest) throws(VolumeError) {
        guard isLogWhole, manifest.last.position < manifest.position else { return }
        guard let fault = try Disagreement(lastRecordOf: manifest, in: audit) else { return }
        isLogWhole = false
        report.add(fault)
    }
}

extension Disagreement {
    /// Names the log of a backup, or of what is restored from one, if it does not end with the record that
    /// the manifest names; nil if it does.
    init?(
        lastRecordOf manifest: BackupManifest,
        in audit: VolumeAudit
    ) throws(VolumeError) {
        guard manifest.last.position < manifest.position else { return nil }
        let segments = try audit.segments()
        let found = try audit.record(at: manifest.last.position, in: segments)
        guard found?.checksum != manifest.last.checksum else { return nil }
        let segment = segments.last { $0.first <= manifest.last.position }
        self.init(
            .logRecordUnreadable,
            path: segment?.path ?? audit.directory + "/log",
            offset: segment.map { manifest.last.position.bytes - $0.first.bytes },
            detail: "its last record is not the one that \(Backup.manifestName) names"
        )
    }
}
