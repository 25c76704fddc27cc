import DiskIO
import MetadataIndex
import ObjectStorage
import SQLiteDatabase
import StorageModel
import Volumes

/// Makes the index again from the log alone, beside the one in use, and puts it in its place.
///
/// The one in use stays as it is until the new one is whole and on the disk. No process may use the
/// volume. Everything waits for the disk: call it on a thread that may.
public struct IndexRebuild: Sendable {
    /// What was done.
    public struct Report: Hashable, Sendable {
        /// Changes that were applied.
        public let changes: Int64
        /// Bytes of log that were passed over.
        public let logBytes: Int64
    }

    private let volumeDirectories: [String]
    private let indexDirectory: String
    private let fileSystem: any FileSystem
    private let now: WallTime

    /// Names what is done.
    ///
    /// - Parameters:
    ///   - volumeDirectories: The volumes, at least one.
    ///   - indexDirectory: The directory of their index, on the real file system.
    ///   - fileSystem: The disk of the volumes.
    ///   - now: The time.
    public init(
        volumeDirectories: [String],
        indexDirectory: String,
        fileSystem: any FileSystem,
        now: WallTime
    ) {
        precondition(!volumeDirectories.isEmpty, "a Nave has a volume")
        self.volumeDirectories = volumeDirectories
        self.indexDirectory = indexDirectory
        self.fileSystem = fileSystem
        self.now = now
    }

    /// Makes the index.
    ///
    /// - Parameters:
    ///   - stop: Ends the work; the index in use is then as before.
    ///   - progress: Told how far it has come.
    /// - Returns: What was done.
    /// - Throws: ``MaintenanceError``; the index in use is then as before.
    public func run(
        stop: StopFlag = StopFlag(),
        progress: ProgressVisitor = { _ in }
    ) throws(MaintenanceError) -> Report {
        let volume = try openVolumes()
        let path = indexDirectory + "/rebuild.sqlite"
        do {
            try PosixFileSystem().makeDirectories(indexDirectory)
            let report = try build(volume, at: path, stop, progress)
            try MetadataIndex.replace(in: indexDirectory, with: path)
            try volume.close()
            return report
        } catch {
            MetadataIndex.discard(path)
            // The mark at the end of the log only saves the next start some reading.
            try? volume.close()
            throw MaintenanceError(applying: error, path: path, directory: volumeDirectories[0])
        }
    }

    /// Opens the volumes, of which each must be one or be on a disk that fails, and tells them how far the index had come.
    private func openVolumes() throws(MaintenanceError) -> VolumeSet {
        var directory = volumeDirectories[0]
        do throws(VolumeError) {
            // Looked at first: opening would make volumes of folders that are none.
            for named in volumeDirectories {
                directory = named
                do throws(VolumeError) {
                    _ = try VolumeAudit.open(directory: named, fileSystem: fileSystem)
                } catch .readFailed(let error) {
                    // Opening goes on without one of several.
                    guard volumeDirectories.count > 1 else { throw .readFailed(error) }
                }
            }
            let locations = volumeDirectories.map {
                VolumeLocation(directory: $0, fileSystem: fileSystem)
            }
            let state = MetadataIndex.state(directory: indexDirectory)
            let origin = VolumeSet.originID(of: locations)
            let isOurs = state != nil && origin?.description == state?.volume
            let configuration = VolumeConfiguration(
                now: now,
                flushed: isOurs ? state?.flushed ?? LogPosition(0) : LogPosition(0),
                applied: isOurs ? state?.appliedPosition : nil
            )
            return try VolumeSet.open(locations, VolumeSetConfiguration(volume: configuration))
        } catch {
            throw MaintenanceError(error, directory: directory)
        }
    }

    /// Begins with the whole log, or the newest snapshot on any volume.
    private func begin(
        _ volume: VolumeSet,
        at path: String,
        _ stop: StopFlag
    ) throws -> (base: IndexBase, writer: IndexWriter) {
        var bases: [IndexBase] = []
        for holder in volume.logVolumes {
            bases += try IndexBase.candidates(of: holder.audit, upTo: volume.logEnd, stop)
        }
        // The whole log is at 0.
        let whole = bases.filter { $0.start == LogPosition(0) }
        let newest = bases.filter { $0.start > LogPosition(0) }.sorted { $0.start > $1.start }
        return try IndexBase.begin(whole + newest, of: volumeDirectories[0], at: path)
    }

    private func build(
        _ volume: VolumeSet,
        at path: String,
        _ stop: StopFlag,
        _ progress: ProgressVisitor
    ) throws -> Report {
        let (base, writer) = try begin(volume, at: path, stop)
        let start = base.start
        var build = IndexBuild(writer: writer, start: start, end: volume.logEnd)
        try writer.begin()
        try volume.replay(from: start) { record in
            try build.apply(record)
            guard build.changes.isMultiple(of: 4096) else { return }
            if stop.isStopped { throw MaintenanceError.stopped }
            progress(build.progress)
        }
        try build.finish()
        progress(build.progress)
        return Report(changes: build.changes, logBytes: volume.logEnd.bytes - start.bytes)
    }
}

/// An index under construction: applies changes in long transactions.
struct IndexBuild {
    /// Changes in one transaction; each ends with writing out what the page cache holds.
    private static let batchMax: Int64 = 262_144

    let writer: IndexWriter
    private let start: LogPosition
    private let total: Int64
    private(set) var changes: Int64 = 0
    private var position: LogPosition
    private var chain: UInt64?
    private var isFinished = false

    /// Begins; a transaction must be open before the first change.
    init(writer: IndexWriter, start: LogPosition, end: LogPosition) {
        self.writer = writer
        self.start = start
        total = end.bytes - start.bytes
        position = start
        chain = writer.state.chain
    }

    mutating func apply(_ record: ReplayedRecord) throws {
        try writer.apply(record)
        changes += 1
        position = record.place.end
        chain = record.place.checksum
        guard changes.isMultiple(of: Self.batchMax) else { return }
        try writer.commit(applied: position, chain: chain)
        try writer.begin()
    }

    mutating func finish() throws {
        try writer.commit(applied: position, chain: chain)
        isFinished = true
    }

    var progress: MaintenanceProgress {
        MaintenanceProgress(
            stage: .log,
            items: changes,
            bytes: isFinished ? total : position.bytes - start.bytes,
            totalBytes: total
        )
    }
}
