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
                let end = LogPosition(position.bytes + Int64(length))
                suspects.append(Suspect(range: position..<end, volume: volume))
                if suspects.count >= Self.suspectsMax { try settle() }
            }
            place = page.next
        }
        try settle()
    }

    /// Lists those payloads in the suspected parts that a row names and that are damaged, and has them
    /// written anew from another volume.
    func settleSuspects() throws {
        let index = scrub.store.maintainedIndex
        let found = Dictionary(grouping: suspects, by: \.range)
        suspects = []
        let ranges = found.keys.sorted { $0.lowerBound < $1.lowerBound }
        var place: ExtentPlace? = .start
        while let current = place {
            let page = try index.read { reader throws(SQLiteError) in
                try reader.extents(in: ranges, after: current, rowsMax: Self.pageMax)
            }
            for owned in page.extents {
                let after = ranges.partitioningIndex { $0.lowerBound > owned.position }
                guard after > 0 else { continue }
                for suspect in found[ranges[after - 1]] ?? [] {
                    try settle(owned, suspect.volume)
                }
            }
            place = page.next
        }
    }

    private func settle(_ owned: OwnedExtent, _ volume: Volume) throws {
        guard case .inline(let position, let length, let checksums) = owned.extent else { return }
        let segments = try volume.audit.segments()
        guard !volume.audit.holdsWhole(position, length, checksums, in: segments) else { return }
        let isNamed = try scrub.store.maintainedIndex.read { reader throws(SQLiteError) in
            try reader.names(owned)
        }
        // Moved or freed since: then the bytes may be gone rightly.
        guard isNamed else { return }
        let segment = VolumeAudit.segment(holding: position, in: segments)
        let record = DamageRecord(
            found: scrub.clock(),
            volume: volume.directory,
            path: segment?.path ?? volume.directory + "/log",
            offset: segment.map { position.bytes - $0.first.bytes },
            kind: .payload,
            place: .payload(position)
        )
        list(record)
        let damage = VolumeError.payloadDamaged(path: record.path, offset: record.offset ?? 0)
        if volumes.mend(owned.extent, on: volume, damage) {
            scrub.store.damage.heal(path: record.path, offset: record.offset)
        }
    }
}

extension [Range<LogPosition>] {
    /// The first index from which on a condition holds; it must hold for all that follow.
    fileprivate func partitioningIndex(where isBehind: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
