import MetadataIndex
import ObjectStorage
import SQLiteDatabase
import StorageModel
import Volumes

extension InspectionRun {
    /// Reads the log, makes the second index of it, and compares the index in use where it has come
    /// to.
    func readLog(_ progress: ProgressVisitor) throws {
        if segments.isEmpty {
            isLogWhole = false
            report.add(
                Disagreement(
                    .logSegmentMissing,
                    path: audit.directory + "/log",
                    detail: "there is no segment at all"
                )
            )
        }
        let end = segments.last.map { $0.first.bytes + $0.sizeBytes } ?? 0
        let total = (logEnd?.bytes ?? end) - start.bytes
        var log = try audit.log(
            from: start,
            to: logEnd,
            payloads: depth == .payloads ? .verified : .skipped
        )
        if isLogWhole, state?.applied == start { try compareIndex(progress) }
        try writer.begin()
        var pending = 0
        var held: LogAudit.Damage?
        while let step = try log.next() {
            switch step {
            case .damage(let damage): note(damage, &held)
            case .record(let record):
                name(&held)
                try take(record, &pending, progress)
                guard pending >= Self.batchMax else { continue }
                pending = 0
                try commitAndBegin()
            }
            if report.records.isMultiple(of: 4096) {
                try checkStop()
                progress(
                    MaintenanceProgress(
                        stage: .log,
                        items: report.records,
                        bytes: log.position.bytes - start.bytes,
                        totalBytes: total
                    )
                )
            }
        }
        name(&held)
        try writer.commit(applied: applied)
        noteUncompared()
    }

    /// How far the second index has come.
    private var applied: LogPosition { max(lastApplied, writer.state.applied) }

    private func commitAndBegin() throws {
        try writer.commit(applied: applied)
        try writer.begin()
    }

    private func take(
        _ record: LogAudit.Record,
        _ pending: inout Int,
        _ progress: ProgressVisitor
    ) throws {
        report.records += 1
        guard let change = record.change else { return }
        switch record.payload {
        case .whole: report.verifiedBytes += Int64(change.payloadBytes)
        case .damaged: for run in change.runs { try scratch.addDamage(at: run) }
        case .unread: break
        }
        guard isLogWhole else { return }
        do {
            try writer.apply(change)
        } catch {
            isLogWhole = false
            noteRefused(error, change, record)
            return
        }
        lastApplied = change.place.end
        pending += 1
        guard state?.applied == change.place.end else { return }
        try writer.commit(applied: applied)
        try compareIndex(progress)
        try writer.begin()
    }

    private func noteRefused(
        _ error: any Error,
        _ change: ReplayedRecord,
        _ record: LogAudit.Record
    ) {
        let offset =
            record.payloadOffset
            - (change.place.payloadPosition.bytes - change.place.position.bytes)
        let isRead = error is SQLiteError
        report.add(
            Disagreement(
                isRead ? .changeInapplicable : .changeUnreadable,
                path: record.path,
                offset: offset,
                detail: (error as? SQLiteError).map { "\($0.message): \($0.sql)" } ?? "\(error)"
            )
        )
    }

    /// Takes down a damaged place; it is named with the next step.
    ///
    /// The header of a segment is named before the damage at the end of the one before it: a foreign
    /// file among the segments makes that look cut off.
    private func note(_ damage: LogAudit.Damage, _ held: inout LogAudit.Damage?) {
        isLogWhole = false
        guard damage.kind == .segmentHeader else {
            name(&held)
            held = damage
            return
        }
        report.add(Disagreement(damage))
        name(&held)
    }

    private func name(_ held: inout LogAudit.Damage?) {
        guard let damage = held else { return }
        report.add(Disagreement(damage))
        held = nil
    }

    /// Compares the index in use with the second one, which has come to the same place.
    private func compareIndex(_ progress: ProgressVisitor) throws {
        guard index != nil else { return }
        progress(MaintenanceProgress(stage: .index, items: report.records))
        do throws(SQLiteError) {
            try writer.compare(with: indexPath) { difference in
                report.add(Disagreement(difference, path: indexPath))
            }
            report.isIndexCompared = true
        } catch {
            noteUnreadable(error)
        }
    }

    /// Names an index that has come to no place where a record ends, though all could be read.
    private func noteUncompared() {
        guard let state, index != nil, isLogWhole, !report.isIndexCompared else { return }
        report.add(
            Disagreement(
                .indexPosition,
                path: indexPath,
                detail: "it has come to \(state.applied.bytes), where no record of the log ends"
            )
        )
    }
}
