import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// Payloads in the part of the log that is not walked over, as records may have been taken out there.
extension BackupRun {
    /// Rows that the index is asked for at a time.
    private static let rowsMax = 1024

    /// Reads what was copied of the payloads that lie before `replayStart` and that an object has, and writes
    /// those that are damaged in the copy anew, of what is whole on any volume; others are noted.
    ///
    /// The index is asked as it is meanwhile: a payload whose object is replaced or deleted while the backup
    /// is made is not looked at.
    ///
    /// - Parameters:
    ///   - start: Where what was copied begins.
    ///   - source: The log that it was copied from, by which damage is named.
    /// - Throws: ``MaintenanceError/stopped``; the failures of reading and writing.
    func verifyEarlyPayloads(from start: LogPosition, ofCopyOf source: VolumeAudit) throws {
        guard start < replayStart else { return }
        let copied = copiedAudit
        let segments = try copied.segments()
        var place: ExtentPlace? = .start
        while let current = place {
            if stop.isStopped { throw MaintenanceError.stopped }
            guard hold.isUnbroken else { throw MaintenanceError.removalsHeldTooLong }
            let page = try index.read { [replayStart] reader throws(SQLiteError) in
                try reader.extents(
                    in: [start..<replayStart],
                    after: current,
                    rowsMax: Self.rowsMax
                )
            }
            for owned in page.extents {
                guard case .inline(let position, let length, let checksums) = owned.extent,
                    !copied.holdsWhole(position, length, checksums, in: segments)
                else { continue }
                let segment = VolumeAudit.segment(holding: position, in: segments)
                if let segment {
                    let offset = position.bytes - segment.first.bytes
                    if try isMended(owned.extent, path: segment.path, offset: offset) { continue }
                }
                try note(owned, at: position, segment, source)
            }
            place = page.next
        }
    }

    /// Notes that no volume has a payload whole, unless its object has been replaced or deleted since.
    private func note(
        _ owned: OwnedExtent,
        at position: LogPosition,
        _ segment: VolumeAudit.Segment?,
        _ source: VolumeAudit
    ) throws {
        guard try index.read({ reader throws(SQLiteError) in try reader.names(owned) }) else {
            return
        }
        let fault = Disagreement(
            .payloadDamaged,
            path: segment.map { original($0.path, of: source) } ?? source.directory + "/log",
            offset: segment.map { position.bytes - $0.first.bytes }
        )
        note(DamagedPayload(told: fault, positions: [position]))
    }
}
