import DiskIO
import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// One restoring under way; belongs to one thread.
final class RestoreRun {
    private static let damageMax = InspectionReport.listedMax
    static let ownersMax = 16

    let reading: BackupReading
    /// The backup.
    let source: VolumeAudit
    let manifest: BackupManifest
    let target: VolumeCopy
    private let place: RestoreTarget
    let fileSystem: any FileSystem
    let stop: StopFlag
    private let now: WallTime
    /// Where the restored log ends: where the backup's does, or at the first record that cannot be read
    /// and that no snapshot holds.
    var end: LogPosition
    var changes: Int64 = 0
    var blobs: Int64 = 0
    var bytes: Int64 = 0
    private var damage: [Disagreement] = []
    private var damageCount: Int64 = 0

    init(
        reading: BackupReading,
        source: VolumeAudit,
        manifest: BackupManifest,
        place: RestoreTarget,
        fileSystem: any FileSystem,
        now: WallTime,
        stop: StopFlag
    ) {
        self.now = now
        self.reading = reading
        self.source = source
        self.manifest = manifest
        self.place = place
        target = place.copy
        self.fileSystem = fileSystem
        self.stop = stop
        end = manifest.position
    }

    /// Restores; where that fails, what was made goes.
    func perform(
        _ companions: [Backup.Companion],
        index: String,
        _ progress: ProgressVisitor
    ) throws -> Restore.Report {
        do {
            try make(companions, index: index, progress)
            try place.finish()
        } catch {
            place.giveUp(companions: companions.map(\.name))
            throw error
        }
        return Restore.Report(
            manifest: manifest,
            changes: changes,
            blobs: blobs,
            bytes: bytes,
            damage: damage,
            damageCount: damageCount
        )
    }

    private func make(
        _ companions: [Backup.Companion],
        index: String,
        _ progress: ProgressVisitor
    ) throws {
        let hasSnapshot = try copySnapshots()
        try copyLog(needsAll: !hasSnapshot, progress)
        try PosixFileSystem().makeDirectories(index)
        let path = index + "/restore.sqlite"
        do {
            try buildIndex(at: path, progress)
            try MetadataIndex.replace(in: index, with: path)
        } catch {
            MetadataIndex.discard(path)
            throw error
        }
        try copyBlobs(try MetadataIndex.look(in: index), progress)
        for companion in companions { try target.publish(companion.bytes, as: companion.name) }
        if damageCount > 0 { try reading.checkUnreplaced(manifest) }
        // A time of its own tells backups of it from those of the volume that it was restored from.
        let label = VolumeLabel(
            volumeID: source.label.volumeID,
            naveID: source.label.naveID,
            created: now
        )
        try target.publish(label.encoded(), as: Backup.labelName)
    }

    func note(_ disagreement: Disagreement) {
        damageCount += 1
        if damage.count < Self.damageMax { damage.append(disagreement) }
    }

    /// The file of the backup that a file in the target was copied from.
    func original(_ path: String) -> String {
        source.directory + path.dropFirst(target.directory.utf8.count)
    }
}
