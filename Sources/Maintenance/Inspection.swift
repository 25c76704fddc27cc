import DiskIO
import MetadataIndex
import ObjectStorage
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// Checks that log, index and blobs of a Nave agree, on all its volumes, and names each disagreement.
///
/// Nothing is changed. The log is the truth: a second index is made from it in a file that is thrown
/// away, and compared row by row; the blobs on the disk are compared with what its rows need. Memory
/// is bounded whatever the size; the disk needs room for the second index.
///
/// No process may use the volume. Everything waits for the disk: call it on a thread that may.
public struct Inspection: Sendable {
    /// How far the check goes.
    public enum Depth: Hashable, Sendable {
        /// Everything but the payloads: their lengths, headers and footers are looked at.
        case structure
        /// Every payload byte is read and compared with its checksum.
        case payloads
    }

    private let volumeDirectories: [String]
    private let indexDirectory: String
    private let fileSystem: any FileSystem

    /// Names what is checked.
    ///
    /// - Parameters:
    ///   - volumeDirectories: The volumes, at least one.
    ///   - indexDirectory: The directory of their index, on the real file system.
    ///   - fileSystem: The disk of the volumes.
    public init(
        volumeDirectories: [String],
        indexDirectory: String,
        fileSystem: any FileSystem
    ) {
        precondition(!volumeDirectories.isEmpty, "a Nave has a volume")
        self.volumeDirectories = volumeDirectories
        self.indexDirectory = indexDirectory
        self.fileSystem = fileSystem
    }

    /// Checks.
    ///
    /// - Parameters:
    ///   - depth: How far the check goes.
    ///   - stop: Ends it.
    ///   - progress: Told how far it has come.
    /// - Returns: What was found.
    /// - Throws: ``MaintenanceError`` if the check cannot be made: the directory is no volume or is
    ///   in use, there is no room for the second index, it was stopped.
    public func run(
        _ depth: Depth,
        stop: StopFlag = StopFlag(),
        progress: ProgressVisitor = { _ in }
    ) throws(MaintenanceError) -> InspectionReport {
        let volumes = try InspectedVolumes(volumeDirectories, fileSystem)
        let scratchPath = indexDirectory + "/check.sqlite"
        defer { MetadataIndex.discard(scratchPath) }
        do {
            try PosixFileSystem().makeDirectories(indexDirectory)
            let run = try InspectionRun(
                volumes: volumes,
                indexDirectory: indexDirectory,
                scratchPath: scratchPath,
                depth: depth,
                stop: stop
            )
            try run.readLog(progress)
            try run.readIndex(progress)
            try run.readOtherLogs(progress)
            try run.readBlobs(progress)
            return run.report
        } catch {
            throw MaintenanceError(
                applying: error,
                path: scratchPath,
                directory: volumeDirectories[0]
            )
        }
    }
}

/// One check under way; belongs to one thread.
final class InspectionRun {
    /// Changes in one transaction of the second index.
    static let batchMax = 65_536

    let volumes: InspectedVolumes
    /// The volume whose log is believed.
    let audit: VolumeAudit
    let segments: [VolumeAudit.Segment]
    let indexPath: String
    let indexDirectory: String
    let depth: Inspection.Depth
    let stop: StopFlag
    /// The second index.
    let writer: IndexWriter
    let scratch: IndexScratch
    /// Where the second index begins; of the log before, only payloads count.
    let start: LogPosition
    /// What the index in use says of itself, if it is of this volume.
    let state: IndexState?
    /// Where the log ends; nil if that cannot be told because it is damaged.
    let logEnd: LogPosition?
    /// The end of the last change that the second index took.
    var lastApplied = LogPosition(0)
    /// The segments of each volume that holds the log, by its directory.
    var heldSegments: [String: [VolumeAudit.Segment]] = [:]
    /// Whether the second index holds all that the log says.
    var isLogWhole = true
    /// The index in use, if it can be read.
    var index: IndexReader?
    var report = InspectionReport()

    /// Begins a check.
    ///
    /// - Parameters:
    ///   - volumes: What is checked.
    ///   - manifest: What a backup says about itself, if it is one: it has no index, and its log counts
    ///     up to there.
    ///   - indexDirectory: Where the index in use is.
    ///   - scratchPath: Where the second index is made.
    ///   - depth: How far the check goes.
    ///   - stop: Ends it.
    /// - Throws: ``MaintenanceError``; `VolumeError`, `SQLiteError`, `DiskError`.
    init(
        volumes: InspectedVolumes,
        manifest: BackupManifest? = nil,
        indexDirectory: String,
        scratchPath: String,
        depth: Inspection.Depth,
        stop: StopFlag
    ) throws {
        self.volumes = volumes
        audit = try volumes.source()
        self.indexDirectory = indexDirectory
        self.depth = depth
        self.stop = stop
        indexPath = MetadataIndex.file(in: indexDirectory)
        segments = try audit.segments()
        let volume = audit.originID.description
        let found = MetadataIndex.state(directory: indexDirectory)
        state = found?.volume == volume ? found : nil
        logEnd = try manifest?.position ?? Self.logEnd(audit, state)
        var damaged: Set<String> = []
        let bases = try IndexBase.candidates(of: audit, upTo: logEnd, stop)
        let hasIndex = manifest == nil && state != nil
        let standIn = hasIndex ? try Self.withoutSnapshot(audit, state) : nil
        let begun = try Self.begin(bases, or: standIn, audit, scratchPath) { damaged.insert($0) }
        writer = begun.writer
        start = begun.base.start
        isLogWhole = begun.isWhole
        scratch = try IndexScratch(writer)
        if manifest == nil { openIndex(found) }
        volumes.disagreements.forEach { report.add($0) }
        try checkSnapshots(damaged)
        if bases.isEmpty { noteSnapshotsMissing() }
    }

    private static func logEnd(
        _ audit: VolumeAudit,
        _ state: IndexState?
    ) throws(VolumeError) -> LogPosition? {
        do throws(VolumeError) {
            return try audit.logEnd(
                flushed: state?.flushed ?? LogPosition(0),
                applied: state?.appliedPosition
            )
        } catch .logDamaged {
            return nil
        } catch .logSegmentMissing {
            return nil
        }
    }

    /// Opens the index in use, or names why it cannot be used.
    private func openIndex(_ found: IndexState?) {
        guard MetadataIndex.isPresent(in: indexDirectory) else {
            return report.add(Disagreement(.indexMissing, path: indexPath))
        }
        guard let found else {
            return report.add(
                Disagreement(
                    .indexUnreadable,
                    path: indexPath,
                    detail: "it is no database, or of another format"
                )
            )
        }
        guard state != nil else {
            return report.add(
                Disagreement(.indexForeign, path: indexPath, detail: "it is of \(found.volume)")
            )
        }
        do throws(SQLiteError) {
            index = try MetadataIndex.look(in: indexDirectory)
        } catch {
            noteUnreadable(error)
        }
    }

    func noteUnreadable(_ error: SQLiteError) {
        index = nil
        report.add(Disagreement(.indexUnreadable, path: indexPath, detail: error.message))
    }

    func checkStop() throws(MaintenanceError) {
        if stop.isStopped { throw .stopped }
    }
}
