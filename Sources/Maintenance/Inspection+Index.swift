import MetadataIndex
import SQLiteDatabase
import StorageModel
import Volumes

extension InspectionRun {
    /// The most faults of the index's file that are named.
    private static let fileFaultsMax = 100

    /// Where the truth about objects is: in the second index, unless the log could not be read
    /// wholly.
    var truth: IndexReader { isLogWhole ? writer.reader : index ?? writer.reader }

    /// Looks at the figures that the index in use keeps, and gathers what the rows need.
    func readIndex(_ progress: ProgressVisitor) throws {
        if let index {
            do throws(SQLiteError) {
                for fault in try index.faultsOfFile(limit: Self.fileFaultsMax) {
                    report.add(Disagreement(.indexUnreadable, path: indexPath, detail: fault))
                }
                try gatherNeeds(index)
                try compareFigures(index)
            } catch {
                noteUnreadable(error)
            }
        }
        try checkStop()
        // The index in use may be behind the log, which is no disagreement: what is needed is what
        // the end of the log says.
        let truth = truth
        try gatherNeeds(truth)
        try checkStop()
        try checkInline(truth, progress)
        try checkStop()
        if index == nil { try compareFigures(truth) }
    }

    private func compareFigures(_ reader: IndexReader) throws(SQLiteError) {
        try reader.compareReferences(with: scratch) { miscount in
            report.add(Disagreement(miscount, path: indexPath))
        }
        try reader.compareTallies(isStopped: { stop.isStopped }) { miscount in
            report.add(Disagreement(miscount, path: indexPath))
        }
        try reader.compareTotals(isStopped: { stop.isStopped }) { miscount in
            report.add(Disagreement(miscount, path: indexPath))
        }
    }

    private func gatherNeeds(_ reader: IndexReader) throws(SQLiteError) {
        try scratch.begin()
        try scratch.removeNeeds()
        let rows = try PayloadRowCursor(reader)
        while let row = try rows.next() {
            if stop.isStopped { break }
            try scratch.add(row.payload)
        }
        try scratch.commit()
    }

    // MARK: - Payloads in the log

    private func checkInline(_ reader: IndexReader, _ progress: ProgressVisitor) throws {
        let rows = try PayloadRowCursor(reader)
        if start > LogPosition(0) {
            for audit in volumes.logHolders { heldSegments[audit.directory] = try audit.segments() }
        }
        while let row = try rows.next() {
            report.rows += 1
            try checkInline(row, reader)
            guard report.rows.isMultiple(of: 4096) else { continue }
            try checkStop()
            progress(MaintenanceProgress(stage: .rows, items: report.rows))
        }
    }

    private func checkInline(_ row: PayloadRow, _ reader: IndexReader) throws(SQLiteError) {
        for case .inline(let position, let lengthBytes, let checksums) in row.payload.extents {
            let blocks = (lengthBytes + Payload.blockBytes - 1) / Payload.blockBytes
            guard let segment = segment(holding: position, lengthBytes), checksums.count == blocks
            else {
                let detail = "\(lengthBytes) bytes at address \(position.bytes) of the log"
                report.add(
                    Disagreement(
                        .payloadOutside,
                        path: audit.directory + "/log",
                        detail: detail,
                        objects: try reader.objects(showing: row.owner)
                    )
                )
                continue
            }
            guard depth == .payloads else { continue }
            for (path, offset) in try damage(at: position, lengthBytes, checksums, segment) {
                report.add(
                    Disagreement(
                        .payloadDamaged,
                        path: path,
                        offset: offset,
                        objects: try reader.objects(showing: row.owner)
                    )
                )
            }
        }
    }

    /// Where a payload in the log is not what was written: as the walk over the records has found, or
    /// on each volume where there are no records to walk over any more.
    private func damage(
        at position: LogPosition,
        _ lengthBytes: Int,
        _ checksums: [UInt64],
        _ segment: VolumeAudit.Segment
    ) throws(SQLiteError) -> [(path: String, offset: Int64)] {
        let offset = position.bytes - segment.first.bytes
        guard position < start else {
            // Of the many runs of a relocation only some may be damaged.
            let isWhole =
                try !scratch.isDamaged(at: position)
                || audit.holdsWhole(position, lengthBytes, checksums, in: segments)
            return isWhole ? [] : [(segment.path, offset)]
        }
        var damaged: [(path: String, offset: Int64)] = []
        for audit in volumes.logHolders {
            let segments = heldSegments[audit.directory] ?? []
            if audit.holdsWhole(position, lengthBytes, checksums, in: segments) {
                report.verifiedBytes += Int64(lengthBytes)
            } else {
                let path = VolumeAudit.segment(holding: position, in: segments)?.path
                damaged.append((path ?? audit.directory + "/log", offset))
            }
        }
        return damaged
    }

    /// The segment that holds a run of bytes wholly.
    private func segment(holding position: LogPosition, _ lengthBytes: Int) -> VolumeAudit.Segment?
    {
        let after = segments.firstIndex { $0.first > position } ?? segments.count
        guard after > 0 else { return nil }
        let segment = segments[after - 1]
        let end = position.bytes + Int64(lengthBytes)
        let limit =
            after < segments.count
            ? min(segments[after].first.bytes, segment.first.bytes + segment.sizeBytes)
            : logEnd?.bytes ?? (segment.first.bytes + segment.sizeBytes)
        return end <= limit ? segment : nil
    }
}
