import DiskIO
import MetadataIndex
import ObjectStorage
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

extension RestoreRun {
    /// Holes that cleaning makes in a log are whole blocks of so many bytes.
    private static let holeBytes: Int64 = 4096
    /// Bytes of a log that are looked at together.
    private static let pieceBytes: Int64 = 1 << 20

    // MARK: - Copying

    /// Copies the snapshots of the state that can be read, and names those that cannot.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: ``MaintenanceError/snapshotInvalid(path:)`` if there is none and the log begins later than
    ///   it was written.
    func copySnapshots() throws -> Bool {
        let snapshots = try source.snapshots().filter { $0.position <= manifest.position }
        var count = 0
        for snapshot in snapshots.reversed() where count < VolumeSet.snapshotsKept {
            do throws(VolumeError) {
                bytes += try target.copy(snapshot, from: source)
                count += 1
            } catch {
                guard error.isOfSnapshot(snapshot) else { throw error }
                note(Disagreement(.snapshotInvalid, path: snapshot.path))
            }
        }
        if count == 0, manifest.logStart > LogPosition(0) { throw snapshotMissing() }
        return count > 0
    }

    /// Says that the snapshot is not there, or not whole, that the log was cleaned behind.
    private func snapshotMissing() -> MaintenanceError {
        let newest = (try? source.snapshots())?.last { $0.position <= manifest.position }
        return .snapshotInvalid(path: newest?.path ?? source.directory + "/snapshots")
    }

    /// Copies the segments up to the position; what an attempt that was cut short left behind it
    /// stays behind.
    ///
    /// - Parameters:
    ///   - needsAll: Whether the log has to begin where the manifest says, since there is no snapshot.
    ///   - progress: Told what was copied.
    /// - Throws: ``MaintenanceError``; the failures of reading and writing.
    func copyLog(needsAll: Bool, _ progress: ProgressVisitor) throws {
        let total = manifest.position.bytes - manifest.logStart.bytes
        let segments = try source.segments().filter {
            $0.first >= manifest.logStart && $0.first < manifest.position
        }
        guard let first = segments.first, !needsAll || first.first == manifest.logStart else {
            let path = source.directory + "/log"
            throw MaintenanceError.backupDamaged(path: path, offset: manifest.logStart.bytes)
        }
        let isDone = try target.copyLog(
            segments,
            from: fileSystem,
            manifest.logStart..<manifest.position
        ) { copied in
            bytes += copied
            progress(MaintenanceProgress(stage: .log, bytes: bytes, totalBytes: total))
            return !stop.isStopped
        }
        guard isDone else { throw MaintenanceError.stopped }
    }

    private var copied: VolumeAudit {
        VolumeAudit(label: source.label, directory: target.directory, fileSystem: fileSystem)
    }

    // MARK: - Reading

    /// Makes the index of the copied log, of which every record and payload is read that counts, and ends
    /// that log where it cannot be read on.
    func buildIndex(at path: String, _ progress: ProgressVisitor) throws {
        let copied = copied
        let bases = try IndexBase.candidates(of: copied, upTo: manifest.position, stop)
        let (base, writer) = try IndexBase.begin(bases, of: source.directory, at: path)
        var build = IndexBuild(writer: writer, start: base.start, end: manifest.position)
        var log = try copied.log(
            from: base.start,
            to: manifest.position,
            payloads: .verified
        )
        var suspects: Set<LogPosition> = []
        var chain = writer.state.chain
        try writer.begin()
        reading: while let step = try log.next() {
            switch step {
            case .damage(let damage):
                try end(at: damage, base, &log, writer.reader)
                break reading
            case .record(let record):
                chain = log.chain
                guard let change = record.change else { continue }
                do { try build.apply(change) } catch {
                    // Of a log that was cleaned the changes fit a snapshot alone.
                    guard base.start == LogPosition(0), !(try source.snapshots().isEmpty) else {
                        throw error
                    }
                    throw snapshotMissing()
                }
                if record.payload == .damaged { suspects.formUnion(change.runs) }
                guard build.changes.isMultiple(of: 4096) else { continue }
                if stop.isStopped { throw MaintenanceError.stopped }
                progress(build.progress)
            }
        }
        if end == manifest.position, log.position < end {
            note(Disagreement(.logSegmentMissing, path: source.directory + "/log"))
            end = log.position
        }
        try build.finish()
        changes = build.changes
        if end == manifest.position,
            let fault = try Disagreement(lastRecordOf: manifest, in: source)
        {
            note(fault)
        }
        if end < manifest.position { try target.cutLog(at: end) }
        try nameCoveredDamage(before: base.start, chain)
        let damaged = try damagedPayloads(before: base.start, suspects, of: copied, writer.reader)
        try nameDamaged(damaged, writer.reader)
    }

    /// Ends what is restored at a place that cannot be read, and says what is missing for it.
    private func end(
        at damage: LogAudit.Damage,
        _ base: IndexBase,
        _ log: inout LogAudit,
        _ reader: IndexReader
    ) throws {
        let isCleaned =
            try base.start == LogPosition(0)
            && hasHole(damage.position..<max(damage.position, log.position))
        // Without the snapshot that the log was cleaned behind, nothing of it says what was when.
        if isCleaned, !(try source.snapshots().isEmpty) { throw snapshotMissing() }
        // A log is no log without the header of its first segment.
        guard damage.position > manifest.logStart else {
            let path = original(damage.path)
            throw MaintenanceError.backupDamaged(path: path, offset: damage.offset)
        }
        end = damage.position
        var count: Int64 = 0
        var names: [String] = []
        while let step = try log.next() {
            if stop.isStopped { throw MaintenanceError.stopped }
            guard case .record(let record) = step, let change = record.change else { continue }
            count += 1
            try addNames(of: change, to: &names, reader)
        }
        note(
            Disagreement(
                Disagreement(damage).kind,
                path: original(damage.path),
                offset: damage.offset,
                detail: "what the log says from here on is missing: this change and the \(count) "
                    + "that can be read after it",
                objects: NamedObjects(names)
            )
        )
    }

    /// Adds the objects that a change writes, as far as they can be named.
    private func addNames(
        of record: ReplayedRecord,
        to names: inout [String],
        _ reader: IndexReader
    ) throws(SQLiteError) {
        guard names.count < Self.ownersMax, let change = try? Change(decoding: record.body) else {
            return
        }
        let written: [LineKey] =
            switch change.operation {
            case .putObject(let write), .completeUpload(_, let write): [write.place]
            case .putObjects(let writes, _): writes.map(\.place)
            case .createNamespace, .deleteNamespace, .setAccess, .addPrincipal, .removePrincipal,
                .deleteObjects, .createUpload, .putPart, .abortUpload, .openVersion, .relocate,
                .forkVersion, .commitVersion, .sealVersion, .rollBackVersion, .renameVersions,
                .removeVersion, .retainCommits, .forgetCommits, .commitDraft, .adoptDraft,
                .countLine, .forgetDeletions, .sweep:
                []
            }
        for place in written.prefix(Self.ownersMax) {
            let owner = PayloadOwner.object(place, sequence: change.sequence)
            guard let name = try reader.name(of: owner), !names.contains(name) else { continue }
            names.append(name)
        }
    }

    // MARK: - Damage that a snapshot makes good

    /// Names records that cannot be read and that the snapshot holds, and sees to it that the restored
    /// log can be opened without them.
    ///
    /// Of a log that was cleaned, what was taken out is not damage.
    ///
    /// - Parameters:
    ///   - start: The position of the snapshot.
    ///   - chain: The checksum of the last record.
    /// - Throws: ``MaintenanceError/backupDamaged(path:offset:)`` if a segment has no header; the failures
    ///   of reading and writing.
    private func nameCoveredDamage(before start: LogPosition, _ chain: UInt64?) throws {
        guard start > manifest.logStart else { return }
        let copied = copied
        var isLastDamaged = false
        let last = try copied.segments().last?.first ?? end
        var log = try copied.log(to: min(start, end))
        while let step = try log.next() {
            if stop.isStopped { throw MaintenanceError.stopped }
            guard case .damage(let damage) = step else { continue }
            if damage.position >= last { isLastDamaged = true }
            switch damage.kind {
            case .segmentMissing: continue
            case .segmentHeader:
                throw MaintenanceError.backupDamaged(path: original(damage.path), offset: 0)
            case .record:
                let range = damage.position..<max(damage.position, log.position)
                guard try !hasHole(range) else { continue }
                note(
                    Disagreement(
                        .logRecordUnreadable,
                        path: original(damage.path),
                        offset: damage.offset,
                        detail: "a snapshot of the index holds what it said"
                    )
                )
            }
        }
        guard isLastDamaged, let chain else { return }
        try target.beginSegment(
            at: end,
            volumeID: source.originID,
            previousChecksum: chain
        )
    }

    /// Whether a range of the copied log touches a block that is all zeros, as cleaning leaves them.
    private func hasHole(_ range: Range<LogPosition>) throws -> Bool {
        let segments = try copied.segments()
        guard let segment = VolumeAudit.segment(holding: range.lowerBound, in: segments) else {
            return false
        }
        let file = try fileSystem.open(segment.path, .readOnly)
        let first = (range.lowerBound.bytes - segment.first.bytes) / Self.holeBytes
        let end = min(range.upperBound.bytes - segment.first.bytes, segment.sizeBytes)
        var offset = first * Self.holeBytes
        while offset < end {
            let piece = try file.read(Int(Self.pieceBytes), at: offset)
            guard !piece.isEmpty else { return false }
            for start in stride(from: 0, to: piece.count, by: Int(Self.holeBytes))
            where offset + Int64(start) < end && start + Int(Self.holeBytes) <= piece.count {
                let block = piece[start..<start + Int(Self.holeBytes)]
                if block.allSatisfy({ $0 == 0 }) { return true }
            }
            offset += Int64(piece.count)
        }
        return false
    }

    // MARK: - Payloads

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
        let segments = try source.segments()
        let owners = try reader.owners(of: [], at: damaged)
        for (position, owned) in owners.positions.sorted(by: { $0.key < $1.key }) {
            guard let segment = segments.last(where: { $0.first <= position }) else { continue }
            note(
                Disagreement(
                    .payloadDamaged,
                    path: segment.path,
                    offset: position.bytes - segment.first.bytes,
                    objects: owned.objects
                )
            )
        }
    }
}
