import DiskIO
import MetadataIndex
import ObjectStorage
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// Makes a volume of a backup, in a directory that is empty.
///
/// The log is copied up to the position of the backup's manifest and read; an index is made of it;
/// the blobs that its rows need are copied. Every checksum is compared. The label comes last, so a
/// directory with one is whole. Everything waits for the disk: call it on a thread that may.
public struct Restore: Sendable {
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
        /// What is damaged or missing in the backup; everything else was restored.
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
    ///   - volumeDirectory: Where the volume is made: missing or empty.
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
    ///   - stop: Ends the work; what is in the directory then is no volume.
    ///   - progress: Told how far it has come.
    /// - Returns: What was done; damage in the backup is named in it.
    /// - Throws: ``MaintenanceError``; what is in the directory then is no volume.
    public func run(
        companions: [String] = [],
        stop: StopFlag = StopFlag(),
        progress: ProgressVisitor = { _ in }
    ) throws(MaintenanceError) -> Report {
        let reading = BackupReading(directory: backup, fileSystem: fileSystem)
        let target = VolumeCopy(directory: volumeDirectory, fileSystem: fileSystem)
        var isBegun = false
        return try reading.perform { manifest throws(MaintenanceError) in
            if !isBegun { try target.requireEmpty() }
            isBegun = true
            return try restore(reading, manifest, companions, stop, progress)
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
            let run = RestoreRun(
                reading: reading,
                audit: VolumeAudit(
                    label: try Backup.label(in: source, manifest),
                    directory: backup,
                    fileSystem: fileSystem
                ),
                manifest: manifest,
                target: VolumeCopy(directory: volumeDirectory, fileSystem: fileSystem),
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

/// One restoring under way; belongs to one thread.
private final class RestoreRun {
    private static let damageMax = InspectionReport.listedMax
    /// Blobs that the index is asked for at a time.
    private static let pageMax = 4096
    private static let ownersMax = 16

    private let reading: BackupReading
    private let audit: VolumeAudit
    private let manifest: BackupManifest
    private let target: VolumeCopy
    private let fileSystem: any FileSystem
    private let now: WallTime
    private let stop: StopFlag
    private var changes: Int64 = 0
    private var blobs: Int64 = 0
    private var bytes: Int64 = 0
    private var damage: [Disagreement] = []
    private var damageCount: Int64 = 0

    init(
        reading: BackupReading,
        audit: VolumeAudit,
        manifest: BackupManifest,
        target: VolumeCopy,
        fileSystem: any FileSystem,
        now: WallTime,
        stop: StopFlag
    ) {
        self.now = now
        self.reading = reading
        self.audit = audit
        self.manifest = manifest
        self.target = target
        self.fileSystem = fileSystem
        self.stop = stop
    }

    func perform(
        _ companions: [Backup.Companion],
        index: String,
        _ progress: ProgressVisitor
    ) throws -> Restore.Report {
        try target.prepare()
        // What was restored of a backup that another took the place of; blobs are compared below.
        _ = try target.removeLog(except: [])
        _ = try target.removeSnapshots(except: nil)
        try copyLog(replayStart: try copySnapshot() ?? manifest.logStart, progress)
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
            volumeID: audit.label.volumeID,
            naveID: audit.label.naveID,
            created: now
        )
        try target.publish(label.encoded(), as: Backup.labelName)
        return Restore.Report(
            manifest: manifest,
            changes: changes,
            blobs: blobs,
            bytes: bytes,
            damage: damage,
            damageCount: damageCount
        )
    }

    private func note(_ disagreement: Disagreement) {
        damageCount += 1
        if damage.count < Self.damageMax { damage.append(disagreement) }
    }

    // MARK: - The log

    /// Copies the newest snapshot of the state that can be read, and names those that cannot.
    ///
    /// - Returns: Its position; nil if there is none.
    private func copySnapshot() throws -> LogPosition? {
        let snapshots = try audit.snapshots().filter { $0.position <= manifest.position }
        for snapshot in snapshots.reversed() {
            do {
                bytes += try target.copy(snapshot, from: audit)
                return snapshot.position
            } catch VolumeError.blobInvalid, VolumeError.payloadDamaged {
                note(Disagreement(.snapshotInvalid, path: snapshot.path))
            }
        }
        return nil
    }

    /// Copies the segments up to the position; what an attempt that was cut short left behind it
    /// stays behind.
    private func copyLog(replayStart: LogPosition, _ progress: ProgressVisitor) throws {
        let total = manifest.position.bytes - manifest.logStart.bytes
        let segments = try audit.segments().filter {
            $0.first >= manifest.logStart && $0.first < manifest.position
        }
        guard segments.first?.first == manifest.logStart else {
            throw MaintenanceError.volume(
                .damaged(path: audit.directory + "/log", offset: manifest.logStart.bytes)
            )
        }
        let isDone = try target.copyLog(
            segments,
            from: fileSystem,
            manifest.logStart..<manifest.position,
            replayStart: replayStart
        ) { copied in
            bytes += copied
            progress(MaintenanceProgress(stage: .log, bytes: bytes, totalBytes: total))
            return !stop.isStopped
        }
        guard isDone else { throw MaintenanceError.stopped }
    }

    /// Makes the index of the copied log, whose every record and payload is read.
    private func buildIndex(at path: String, _ progress: ProgressVisitor) throws {
        let copied = VolumeAudit(
            label: audit.label,
            directory: target.directory,
            fileSystem: fileSystem
        )
        let bases = try IndexBase.candidates(of: copied, upTo: manifest.position, stop)
        let (base, writer) = try IndexBase.begin(bases, at: path)
        var build = IndexBuild(writer: writer, start: base.start, end: manifest.position)
        var log = try copied.log(
            from: base.start,
            to: manifest.position,
            payloads: .verified
        )
        var suspects: Set<LogPosition> = []
        try writer.begin()
        while let step = try log.next() {
            switch step {
            case .damage(let damage):
                throw MaintenanceError.volume(
                    .damaged(path: damage.path, offset: damage.offset)
                )
            case .record(let record):
                guard let change = record.change else { continue }
                try build.apply(change)
                if record.payload == .damaged { suspects.formUnion(change.runs) }
                guard build.changes.isMultiple(of: 4096) else { continue }
                if stop.isStopped { throw MaintenanceError.stopped }
                progress(build.progress)
            }
        }
        try build.finish()
        changes = build.changes
        guard log.position == manifest.position else {
            throw MaintenanceError.volume(
                .damaged(path: copied.directory + "/log", offset: log.position.bytes)
            )
        }
        let damaged = try damagedPayloads(before: base.start, suspects, of: copied, writer.reader)
        try nameDamaged(damaged, writer.reader)
    }

    /// The damaged ones of the payloads that are suspected, or lie where there are no records to walk over
    /// any more.
    private func damagedPayloads(
        before start: LogPosition,
        _ suspects: Set<LogPosition>,
        of copied: VolumeAudit,
        _ reader: IndexReader
    ) throws -> Set<LogPosition> {
        guard start > LogPosition(0) || !suspects.isEmpty else { return [] }
        let segments = try copied.segments()
        var damaged: Set<LogPosition> = []
        let rows = try PayloadRowCursor(reader)
        while let row = try rows.next() {
            if stop.isStopped { throw MaintenanceError.stopped }
            for case .inline(let position, let length, let checksums) in row.payload.extents
            where (position < start || suspects.contains(position))
                && !copied.holdsWhole(position, length, checksums, in: segments)
            {
                damaged.insert(position)
            }
        }
        return damaged
    }

    /// Names the damaged payloads that some object still needs.
    private func nameDamaged(
        _ damaged: Set<LogPosition>,
        _ reader: IndexReader
    ) throws {
        guard !damaged.isEmpty else { return }
        let segments = try audit.segments()
        let owners = try reader.owners(of: [], at: damaged, namesMax: Self.ownersMax)
        for (position, names) in owners.positions.sorted(by: { $0.key < $1.key }) {
            guard let segment = segments.last(where: { $0.first <= position }) else { continue }
            note(
                Disagreement(
                    .payloadDamaged,
                    path: segment.path,
                    offset: position.bytes - segment.first.bytes,
                    objects: names
                )
            )
        }
    }

    // MARK: - Blobs

    private func copyBlobs(_ index: IndexReader, _ progress: ProgressVisitor) throws {
        var faults: [(BlobID, Disagreement)] = []
        var last: BlobID?
        while true {
            let page = try index.blobs(after: last, limit: Self.pageMax)
            guard let end = page.last else { break }
            for id in page {
                if stop.isStopped { throw MaintenanceError.stopped }
                if let fault = try copyBlob(id) {
                    try reading.checkUnreplaced(manifest)
                    faults.append((id, fault))
                }
                progress(
                    MaintenanceProgress(
                        stage: .blobs,
                        items: blobs,
                        bytes: bytes,
                        totalBytes: manifest.blobBytes
                    )
                )
            }
            last = end
        }
        try target.synchronizeBlobs()
        guard !faults.isEmpty else { return }
        let owners = try index.owners(
            of: Set(faults.map(\.0)),
            at: [],
            namesMax: Self.ownersMax
        )
        for (id, fault) in faults {
            note(
                Disagreement(
                    fault.kind,
                    path: fault.path,
                    offset: fault.offset,
                    detail: fault.detail,
                    objects: owners.blobs[id] ?? []
                )
            )
        }
    }

    private func copyBlob(_ id: BlobID) throws(VolumeError) -> Disagreement? {
        let path = audit.path(of: id)
        do throws(VolumeError) {
            switch try target.copyBlob(id, from: audit, trusting: .checksums) {
            case .copied(let copied):
                blobs += 1
                bytes += copied
                return nil
            case .damaged(let copied, let path, let offset):
                blobs += 1
                bytes += copied
                return Disagreement(.blobDamaged, path: path, offset: offset)
            case .missing: return Disagreement(.blobMissing, path: path)
            }
        } catch .readFailed(let disk) where disk.path == path {
            return Disagreement(.blobUnreadable, path: path, detail: "\(disk)")
        }
    }
}
