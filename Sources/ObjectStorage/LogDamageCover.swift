import Logging
import StorageModel
import Volumes

/// Makes damaged records of the log needless: lists them, and makes snapshots of the index behind them.
///
/// Records that were taken out behind snapshots which are gone are such records as well.
///
/// The index holds what a record said that it has applied. Once two snapshots of it are behind the
/// record, a lost index, a rebuild and a backup begin there; the payload that went with the record is
/// verified by its own checksums wherever it is read.
///
/// The order makes a crash harmless: until the second snapshot is there, the index in use is needed and
/// stays; the segment is ended last, so that until then the next start meets the damage again.
struct LogDamageCover {
    let volume: VolumeSet
    let snapshots: SnapshotMaker
    let ledger: DamageLedger
    let clock: @Sendable () -> WallTime
    let logger: Logger

    /// Lists damaged records, and says so.
    func list(_ damaged: [LogAudit.Damage]) {
        for damage in damaged {
            let error = VolumeError.logDamaged(path: damage.path, offset: damage.offset)
            let isOfSnapshots = damage.kind == .segmentMissing
            let record = DamageRecord(
                found: clock(),
                volume: volume.directory(of: error),
                path: damage.path,
                offset: isOfSnapshots ? nil : damage.offset,
                kind: isOfSnapshots ? .snapshot : .logRecord,
                place: isOfSnapshots ? .snapshot(damage.position) : .log(damage.position)
            )
            guard ledger.add(record) else { continue }
            logger.error(
                isOfSnapshots
                    ? "the snapshots of the index are gone that the log needs; the index is copied"
                    : "a record of the log is damaged; the index holds what it said, and is copied",
                metadata: ["path": "\(damage.path)", "offset": "\(damage.offset)"]
            )
        }
    }

    /// Makes the snapshots, unless they are there, and ends the segment that is damaged.
    ///
    /// - Parameter damaged: Records that the index in use holds; at least one.
    /// - Returns: False if the store is closing.
    /// - Throws: ``StoreError``; what was made before stays.
    func cover(_ damaged: [LogAudit.Damage]) throws(StoreError) -> Bool {
        let last = damaged.map(\.position).max() ?? LogPosition(0)
        // Snapshots are at ends of records: one after the beginning of a record holds it.
        guard try snapshots.cover(upTo: LogPosition(last.bytes + 1)) else { return false }
        if volume.activeSegment <= last {
            do throws(VolumeError) { try volume.beginSegment() } catch { throw StoreError(error) }
        }
        for damage in damaged {
            let offset = damage.kind == .segmentMissing ? nil : damage.offset
            ledger.heal(path: damage.path, offset: offset)
        }
        logger.notice(
            "damaged records of the log are needed no more: snapshots of the index hold them",
            metadata: ["records": "\(damaged.count)", "upTo": "\(last.bytes)"]
        )
        return true
    }
}
