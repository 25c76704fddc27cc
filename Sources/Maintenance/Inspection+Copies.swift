import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

extension InspectionRun {
    /// Damaged payloads whose owners are looked for together.
    private static let suspectsMax = 65_536

    /// Looks at the further copies of the log: each must be whole, and hold the same records.
    func readOtherLogs(_ progress: ProgressVisitor) throws {
        for other in volumes.logHolders where other.directory != audit.directory {
            try readLog(of: other, progress)
        }
    }

    private func readLog(of other: VolumeAudit, _ progress: ProgressVisitor) throws {
        let end: LogPosition?
        do throws(VolumeError) {
            end = try other.logEnd(flushed: LogPosition(0))
        } catch .readFailed(let error) {
            throw VolumeError.readFailed(error)
        } catch {
            // Its damage is named below.
            end = nil
        }
        var log = try other.log(
            from: start,
            to: end,
            payloads: depth == .payloads ? .verified : .skipped
        )
        var suspects: [LogPosition: Disagreement] = [:]
        var records: Int64 = 0
        while let step = try log.next() {
            switch step {
            case .damage(let damage):
                report.add(Disagreement(damage))
            case .record(let record):
                records += 1
                take(record, &suspects)
            }
            if suspects.count >= Self.suspectsMax { try name(&suspects, of: other) }
            guard records.isMultiple(of: 4096) else { continue }
            try checkStop()
            progress(MaintenanceProgress(stage: .log, items: records, bytes: log.position.bytes))
        }
        try name(&suspects, of: other)
        if let end, let own = logEnd { try compare(other, lastRecordEnd(min(end, own))) }
    }

    /// Names the snapshots that cannot be read, on each volume that holds the log.
    ///
    /// - Parameter known: The files that are known to be damaged.
    /// - Throws: `VolumeError`; ``MaintenanceError/stopped``.
    func checkSnapshots(_ known: Set<String>) throws {
        for audit in volumes.logHolders {
            for snapshot in try audit.snapshots() {
                try checkStop()
                guard known.contains(snapshot.path) || isDamaged(snapshot, of: audit) else {
                    continue
                }
                report.add(Disagreement(.snapshotInvalid, path: snapshot.path))
            }
        }
    }

    private func isDamaged(_ snapshot: VolumeAudit.Snapshot, of audit: VolumeAudit) -> Bool {
        guard depth == .payloads else { return false }
        do {
            try audit.read(snapshot) { report.verifiedBytes += Int64($0.count) }
            return false
        } catch {
            return true
        }
    }

    private func take(
        _ record: LogAudit.Record,
        _ suspects: inout [LogPosition: Disagreement]
    ) {
        guard let change = record.change else { return }
        switch record.payload {
        case .whole: report.verifiedBytes += Int64(change.payloadBytes)
        case .damaged:
            for run in change.runs {
                let offset = run.bytes - change.place.payloadPosition.bytes
                suspects[run] = Disagreement(
                    .payloadDamaged,
                    path: record.path,
                    offset: record.payloadOffset + offset
                )
            }
        case .unread: break
        }
    }

    /// Names the damaged payloads that rows need.
    private func name(
        _ suspects: inout [LogPosition: Disagreement],
        of other: VolumeAudit
    ) throws {
        guard !suspects.isEmpty else { return }
        let segments = try other.segments()
        let rows = try PayloadRowCursor(truth)
        while let row = try rows.next() {
            for case .inline(let position, let length, let checksums) in row.payload.extents {
                guard let found = suspects[position],
                    !other.holdsWhole(position, length, checksums, in: segments)
                else { continue }
                report.add(
                    Disagreement(
                        found.kind,
                        path: found.path,
                        offset: found.offset,
                        objects: try truth.objects(showing: row.owner)
                    )
                )
            }
        }
        suspects = [:]
    }

    /// The end of the last record before an address that may be that of a segment's first record.
    private func lastRecordEnd(_ end: LogPosition) -> LogPosition {
        let header = Int64(LogSegmentHeader.encodedBytes)
        let begun = segments.first { $0.first.bytes + header == end.bytes }
        return begun?.first ?? end
    }

    /// Compares the last record that both copies must have: its checksum hangs on all before.
    private func compare(_ other: VolumeAudit, _ end: LogPosition) throws(VolumeError) {
        guard end > start else { return }
        do throws(VolumeError) {
            let own = try audit.lastRecord(before: end, in: segments)
            let theirs = try other.lastRecord(before: end, in: try other.segments())
            guard own != theirs else { return }
        } catch .readFailed(let error) {
            throw .readFailed(error)
        } catch {
            // No record of one of them ends there.
        }
        report.add(
            Disagreement(
                .logCopiesDiffer,
                path: other.directory + "/log",
                detail: "before address \(end.bytes), from \(audit.directory)/log"
            )
        )
    }
}
