import DiskIO
import MetadataIndex
import ObjectStorage
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// Makes a volume of a backup, in a directory that is empty, or where that was begun and interrupted.
///
/// The log is copied up to the position of the backup's manifest and read; an index is made of it;
/// the blobs that its rows need are copied. Every checksum is compared. Records that a snapshot holds
/// need not be readable; at the first other one that cannot be read, what is restored ends. The label
/// comes last, so a directory with one is whole; a mark says so for as long as it is not. Of a restore that
/// fails nothing stays; of one that was interrupted the next keeps the blobs that are whole. Everything
/// waits for the disk: call it on a thread that may.
public struct Restore: Sendable {
    /// The name of the file that is in a directory from before the first byte that is restored into it
    /// until all are there: what has one is no volume.
    public static var markName: String { RestoreTarget.markName }

    /// What was done.
    public struct Report: Hashable, Sendable {
        /// What the backup says about itself.
        public let manifest: BackupManifest
        /// Changes in its log.
        public let changes: Int64
        /// Blobs that were copied.
        public let blobs: Int64
        /// Bytes of log and blobs that were copied.
        public let bytes: Int64
        /// What is damaged or missing in the backup, by its files; everything else was restored, but for
        /// changes that come after a record of the log which neither it nor a snapshot holds.
        public let damage: [Disagreement]
        /// How much is.
        public let damageCount: Int64
    }

    private let backup: String
    private let volumeDirectory: String
    private let indexDirectory: String
    private let now: WallTime
    private let fileSystem: any FileSystem

    /// Names what is restored, and where to.
    ///
    /// - Parameters:
    ///   - backup: The directory of the backup.
    ///   - volumeDirectory: Where the volume is made: missing, empty, or of a restore that was
    ///     interrupted.
    ///   - indexDirectory: Where its index is made, on the real file system.
    ///   - fileSystem: The disk of both.
    ///   - now: When the restored volume is made.
    public init(
        from backup: String,
        volumeDirectory: String,
        indexDirectory: String,
        fileSystem: any FileSystem,
        now: WallTime
    ) {
        self.now = now
        self.backup = backup
        self.volumeDirectory = volumeDirectory
        self.indexDirectory = indexDirectory
        self.fileSystem = fileSystem
    }

    /// Restores.
    ///
    /// - Parameters:
    ///   - companions: The names of small files that come along, where the backup has them.
    ///   - stop: Ends the work; the directory is then as before.
    ///   - progress: Told how far it has come.
    /// - Returns: What was done; damage in the backup is named in it.
    /// - Throws: ``MaintenanceError``; the directory is then as before.
    public func run(
        companions: [String] = [],
        stop: StopFlag = StopFlag(),
        progress: ProgressVisitor = { _ in }
    ) throws(MaintenanceError) -> Report {
        let reading = BackupReading(directory: backup, fileSystem: fileSystem)
        return try reading.perform { manifest throws(MaintenanceError) in
            try restore(reading, manifest, companions, stop, progress)
        }
    }

    private func restore(
        _ reading: BackupReading,
        _ manifest: BackupManifest,
        _ companions: [String],
        _ stop: StopFlag,
        _ progress: ProgressVisitor
    ) throws(MaintenanceError) -> Report {
        let source = VolumeCopy(directory: backup, fileSystem: fileSystem)
        do {
            let run = try RestoreRun(
                reading: reading,
                source: VolumeAudit(
                    label: Backup.label(in: source, manifest),
                    directory: backup,
                    fileSystem: fileSystem
                ),
                manifest: manifest,
                place: RestoreTarget(
                    VolumeCopy(directory: volumeDirectory, fileSystem: fileSystem),
                    index: indexDirectory,
                    fileSystem
                ),
                fileSystem: fileSystem,
                now: now,
                stop: stop
            )
            let files = try companions.compactMap { name in
                try source.read(name, bytesMax: 65_536).map {
                    Backup.Companion(name: name, bytes: $0)
                }
            }
            return try run.perform(files, index: indexDirectory, progress)
        } catch {
            throw MaintenanceError(
                applying: error,
                path: MetadataIndex.file(in: indexDirectory),
                directory: backup
            )
        }
    }
}
