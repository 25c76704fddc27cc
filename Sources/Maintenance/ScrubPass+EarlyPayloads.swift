import MetadataIndex
import SQLiteDatabase
import StorageModel
import Volumes

extension ScrubPass {
    /// Reads the payloads in the part of a log of which records may have been given up; those that
    /// were given up meanwhile have no owner any more, and are not listed.
    func readEarlyPayloads(of volume: Volume, _ progress: ProgressVisitor) throws {
        let end = volume.replayStart
        guard end > volume.logStart else { return }
        var segments = try volume.audit.segments()
        var place: ExtentPlace? = .start
        while let current = place {
            let page = try scrub.store.maintainedIndex.read { reader throws(SQLiteError) in
                try reader.extents(
                    in: [LogPosition(0)..<end],
                    after: current,
                    rowsMax: Self.pageMax
                )
            }
            for owned in page.extents {
                guard case .inline(let position, let length, let checksums) = owned.extent else {
                    continue
                }
                try spend(Int64(length), .log, progress)
                let audit = volume.audit
                if audit.holdsWhole(position, length, checksums, in: segments) { continue }
                segments = try audit.segments()
                suspects.append(suspect(position, owned.extent, volume, segments))
                if suspects.count >= Self.suspectsMax { try settle() }
            }
            place = page.next
        }
        try settle()
    }

    private func suspect(
        _ position: LogPosition,
        _ extent: Extent,
        _ volume: Volume,
        _ segments: [VolumeAudit.Segment]
    ) -> Suspect {
        let segment = VolumeAudit.segment(holding: position, in: segments)
        let record = DamageRecord(
            found: scrub.clock(),
            volume: volume.directory,
            path: segment?.path ?? volume.directory + "/log",
            offset: segment.map { position.bytes - $0.first.bytes },
            kind: .payload,
            place: .payload(position)
        )
        return Suspect(position: position, extent: extent, volume: volume, record: record)
    }
}
