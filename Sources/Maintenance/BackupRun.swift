import DiskIO
import MetadataIndex
import ObjectStorage
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// One backup under way; belongs to one thread.
final class BackupRun {
    /// Blobs that the index is asked for at a time.
    private static let pageMax = 4096
    /// How many damaged payloads a report names.
    private static let damageMax = 1000

    private let store: ObjectStore
    let volumes: VolumeSet
    /// The volume whose log is copied.
    let volume: Volume
    private let source: VolumeAudit
    private let sourceFiles: any FileSystem
    let copy: VolumeCopy
    let fileSystem: any FileSystem
    let stop: StopFlag
    /// Taken before the state is chosen: what the state needs is not removed until this goes.
    let hold: RemovalHold
    let position: LogPosition
    /// Before it, segments and records may have been taken out of the log.
    let replayStart: LogPosition
    var copiedLogBytes: Int64 = 0
    /// Whether an earlier backup read all that it copied of the log, and all of that is there.
    var isLogRead = false
    private var copiedBlobs: Int64 = 0
    private var copiedBlobBytes: Int64 = 0
    private var blobCount: Int64 = 0
    private(set) var damage: [DamagedPayload] = []
    private var damagedPayloads: Int64 = 0

    init(
        store: ObjectStore,
        copy: VolumeCopy,
        fileSystem: any FileSystem,
        stop: StopFlag
    ) throws {
        volumes = store.maintainedVolumes
        guard let volume = volumes.logVolumes.first else { throw StoreError.closed }
        self.store = store
        self.volume = volume
        self.copy = copy
        self.fileSystem = fileSystem
        self.stop = stop
        source = volume.audit
        sourceFiles = source.files
        hold = store.holdRemovals()
        // A cleaning of the log that was under way ends first; no other begins.
        while !hold.isLogStill {
            guard Pace.rest(.milliseconds(20), stop) else { throw MaintenanceError.stopped }
        }
        // A log without a record is its header, which a volume that is made of the copy needs.
        position = max(
            try store.indexState().applied,
            LogPosition(volume.logStart.bytes + Int64(LogSegmentHeader.encodedBytes))
        )
        // A backup holds nothing that its source could lose.
        try volumes.flush()
        replayStart = volume.replayStart
    }

    func perform(
        _ companions: [Backup.Companion],
        _ clock: () -> WallTime,
        _ progress: ProgressVisitor
    ) throws -> Backup.Report {
        let earlier = try earlierBackup()
        try checkContinues(earlier)
        let wasGivenUp = try copy.names().contains(Backup.attemptName)
        try copy.prepare()
        try copy.publish([], as: Backup.attemptName)
        let snapshots = try copySnapshots()
        // A label says whose files these are before there are any.
        try copy.publish(label.encoded(), as: Backup.labelName)
        let isWhole = earlier?.damagedPayloadCount ?? 0 == 0
        // What an attempt that was given up copied may be damaged, and has its name and place all the same.
        let isTrusted = isWhole && !wasGivenUp
        isLogRead = isTrusted
        let logStart = try copyLog(
            from: isWhole ? earlier?.position : nil,
            progress
        )
        let last = try lastRecord()
        try checkCopy(last)
        let blobBytes = try copyBlobs(isTrusted ? .length : .checksums, progress)
        for companion in companions { try copy.publish(companion.bytes, as: companion.name) }
        guard hold.isUnbroken else { throw MaintenanceError.removalsHeldTooLong }
        let manifest = BackupManifest(
            volumeID: source.originID,
            naveID: source.label.naveID,
            logStart: logStart,
            position: position,
            last: last,
            completed: clock(),
            blobCount: blobCount,
            blobBytes: blobBytes,
            damagedPayloadCount: damagedPayloads
        )
        try copy.publish(manifest.encoded(), as: Backup.manifestName)
        try copy.remove(Backup.attemptName)
        let removed = try removeUnneeded(snapshots)
        return Backup.Report(
            manifest: manifest,
            copiedLogBytes: copiedLogBytes,
            copiedBlobs: copiedBlobs,
            copiedBlobBytes: copiedBlobBytes,
            removedFiles: removed,
            damage: try namedDamage()
        )
    }

    /// The label of the only volume that a backup makes, of however many it is.
    var label: VolumeLabel {
        VolumeLabel(
            volumeID: source.originID,
            naveID: source.label.naveID,
            created: source.label.created
        )
    }

    /// The index of the store, as it is now.
    var index: MetadataIndex { store.maintainedIndex }

    // MARK: - Whether the target goes on from an earlier backup

    private func earlierBackup() throws(MaintenanceError) -> BackupManifest? {
        let names: [String]
        do throws(VolumeError) {
            names = try copy.names()
        } catch {
            throw MaintenanceError(error, directory: copy.directory)
        }
        if let manifest = try Backup.manifest(in: copy) {
            guard manifest.volumeID == source.originID else {
                throw .targetForeign(path: copy.directory)
            }
            return manifest
        }
        // What an attempt that was cut short left holds these names and no others.
        let early: Set<String> = [
            "log", "blobs", "snapshots", Backup.attemptName, Backup.attemptName + ".new",
            Backup.labelName + ".new", "lost+found",
        ]
        let own = early.union([
            Backup.labelName, Backup.manifestName + ".new", "keys.env", "keys.env.new",
        ])
        guard own.isSuperset(of: names) else { throw .targetNotBackup(path: copy.directory) }
        if names.contains(Backup.labelName) {
            try checkLabel()
        } else if !early.isSuperset(of: names) {
            throw .targetNotBackup(path: copy.directory)
        }
        return nil
    }

    /// A directory with a label but no manifest is the rest of an attempt of this volume, or it is
    /// not ours.
    private func checkLabel() throws(MaintenanceError) {
        let label: VolumeLabel?
        do throws(VolumeError) {
            label = try copy.read(Backup.labelName, bytesMax: VolumeLabel.encodedBytesMax)
                .flatMap { try? VolumeLabel(decoding: $0) }
        } catch {
            throw MaintenanceError(error, directory: copy.directory)
        }
        guard label?.volumeID == source.originID else {
            throw .targetForeign(path: copy.directory)
        }
    }

    /// The last record before the position, found from the beginning of its segment; in what was copied
    /// where no volume has all of that whole any more.
    private func lastRecord() throws -> BackupManifest.LastRecord {
        func last(in audit: VolumeAudit) throws(VolumeError) -> VolumeAudit.RecordMark? {
            try audit.lastRecord(
                before: position,
                from: replayStart,
                in: try audit.segments()
            )
        }
        guard position > replayStart else {
            return BackupManifest.LastRecord(position: position, checksum: 0)
        }
        let found: VolumeAudit.RecordMark?
        do throws(VolumeError) {
            found = try asking(last)
        } catch {
            found = try last(in: copiedAudit)
        }
        guard let record = found else {
            return BackupManifest.LastRecord(position: position, checksum: 0)
        }
        return BackupManifest.LastRecord(position: record.position, checksum: record.checksum)
    }

    /// Whether this log goes on from the one that the earlier backup copied: its last record must be
    /// here, with the same checksum, which hangs on all records before.
    private func checkContinues(_ earlier: BackupManifest?) throws {
        guard let earlier else { return }
        guard earlier.position <= position else {
            throw MaintenanceError.targetDiverged(path: copy.directory)
        }
        guard earlier.last.position >= replayStart else { return try checkSameVolume() }
        guard earlier.last.position < earlier.position else { return try checkSameVolume() }
        let found = try asking { source throws(VolumeError) in
            try source.record(at: earlier.last.position, in: try source.segments())
        }
        guard let found, found.checksum == earlier.last.checksum else {
            throw MaintenanceError.targetDiverged(path: copy.directory)
        }
    }

    /// Whether the earlier backup is of this very volume, and not of one that was restored: its record
    /// was given up, so that the log cannot tell.
    private func checkSameVolume() throws {
        let label = try copy.read(Backup.labelName, bytesMax: VolumeLabel.encodedBytesMax)
            .flatMap { try? VolumeLabel(decoding: $0) }
        guard label?.created == source.label.created else {
            throw MaintenanceError.targetDiverged(path: copy.directory)
        }
    }

    /// What the first volume says that holds the log and can tell.
    private func asking<Value>(
        _ question: (VolumeAudit) throws(VolumeError) -> Value?
    ) throws(VolumeError) -> Value? {
        var failure: VolumeError?
        for holder in volumes.logVolumes {
            do throws(VolumeError) {
                if let value = try question(holder.audit) { return value }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return nil
    }

    // MARK: - Copying

    /// Copies the blobs of the state, and those of changes after it that are seen meanwhile.
    ///
    /// A blob that the state needs is in the index until a change frees it, and is announced before
    /// that: so first the index is asked, then what was announced.
    ///
    /// - Returns: What the files of all of them take together.
    private func copyBlobs(_ trust: CopyTrust, _ progress: ProgressVisitor) throws -> Int64 {
        var total: Int64 = 0
        var last: BlobID?
        while true {
            let after = last
            let page = try index.read { reader throws(SQLiteError) in
                try reader.blobs(after: after, limit: Self.pageMax)
            }
            guard let end = page.last else { break }
            for id in page { total += try copyBlob(id, trust, progress) }
            last = end
        }
        var seen: Set<BlobID> = []
        while true {
            let freed = hold.freed { !seen.contains($0) }
            guard !freed.isEmpty else { break }
            for id in freed where seen.insert(id).inserted {
                total += try copyBlob(id, trust, progress)
            }
        }
        try copy.synchronizeBlobs()
        return total
    }

    private func copyBlob(
        _ id: BlobID,
        _ trust: CopyTrust,
        _ progress: ProgressVisitor
    ) throws -> Int64 {
        if stop.isStopped { throw MaintenanceError.stopped }
        guard hold.isUnbroken else { throw MaintenanceError.removalsHeldTooLong }
        blobCount += 1
        let bytes = try copyFile(id, trust)
        if bytes > 0 {
            copiedBlobs += 1
            copiedBlobBytes += bytes
        }
        progress(
            MaintenanceProgress(stage: .blobs, items: blobCount, bytes: copiedBlobBytes)
        )
        return try copy.bytes(of: id)
    }

    /// Copies a blob's file from the first volume that has it whole; gives the bytes that were copied.
    private func copyFile(_ id: BlobID, _ trust: CopyTrust) throws(VolumeError) -> Int64 {
        var trust = trust
        var bytes: Int64 = 0
        var faults: [Disagreement] = []
        for volume in volumes.readable {
            let source = volume.audit
            let path = source.path(of: id)
            do throws(VolumeError) {
                switch try copy.copyBlob(id, from: source, trusting: trust) {
                case .copied(let copied): return bytes + copied
                case .damaged(let copied, let path, let offset):
                    faults.append(Disagreement(.blobDamaged, path: path, offset: offset))
                    bytes += copied
                    // What lies there now has its length and is damaged.
                    trust = .checksums
                case .missing: continue
                }
            } catch {
                guard case .readFailed(let disk) = error, disk.path == path else { throw error }
                faults.append(Disagreement(.blobUnreadable, path: path, detail: "\(disk)"))
            }
        }
        let fault = faults.first ?? Disagreement(.blobMissing, path: source.path(of: id))
        note(DamagedPayload(told: fault, blob: id))
        return bytes
    }

    func note(_ payload: DamagedPayload) {
        damagedPayloads += 1
        if damage.count < Self.damageMax { damage.append(payload) }
    }

    // MARK: - Removing

    /// Removes what the state of the manifest, which is on the disk now, does not need.
    private func removeUnneeded(_ snapshots: Set<LogPosition>) throws -> Int64 {
        // Snapshots first: one of an earlier state has less of the log than it needs now.
        var removed = Int64(try copy.removeSnapshots(except: snapshots))
        for directory in UInt8.min...UInt8.max {
            let known = try knownBlobs(in: directory)
            // Where the hold is broken, something may be missing from what is known.
            if stop.isStopped || !hold.isUnbroken { break }
            removed += Int64(try copy.removeBlobs(in: directory, keeping: known.contains))
        }
        guard hold.isUnbroken else { return removed }
        let segments = Set(try source.segments().map(\.first))
        removed += Int64(try copy.removeLog(except: segments))
        return removed
    }

    /// The blobs of one directory that are in the index now, or that changes freed: all that the
    /// state needs, and some more.
    private func knownBlobs(in directory: UInt8) throws -> Set<BlobID> {
        let first = UInt64(directory) << 56
        var known: Set<BlobID> = []
        // Numbers are kept signed; those with the top bit set, which are never drawn, come first.
        var last = first == 0 ? nil : BlobID(first - 1)
        pages: while first < 1 << 63 {
            let after = last
            let page = try index.read { reader throws(SQLiteError) in
                try reader.blobs(after: after, limit: Self.pageMax)
            }
            guard let end = page.last else { break }
            for id in page {
                guard id.number >> 56 <= UInt64(directory) else { break pages }
                known.insert(id)
            }
            last = end
        }
        known.formUnion(hold.freed { $0.number >> 56 == UInt64(directory) })
        return known
    }
}
