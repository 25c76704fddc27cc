import DiskIO
import ObjectStorage
import StorageModel
import Volumes

// The snapshots of the index, without which a cleaned log is not enough to make a lost index again.

extension ScrubPass {
    /// Reads the snapshots of all volumes that hold the log, and has damaged ones made anew.
    func readSnapshots(_ progress: ProgressVisitor) throws {
        var damaged: [(snapshot: StoredSnapshot, record: DamageRecord)] = []
        for volume in volumes.logVolumes {
            for snapshot in try volume.audit.snapshots() {
                guard let record = try read(snapshot, of: volume, progress) else { continue }
                list(record)
                damaged.append(
                    (StoredSnapshot(position: snapshot.position, volume: volume), record)
                )
            }
        }
        guard !damaged.isEmpty, try replace(damaged.map(\.snapshot)) else { return }
        for (_, record) in damaged {
            scrub.store.damage.heal(path: record.path, offset: record.offset)
        }
    }

    /// What is wrong with a snapshot; nil if it is whole, or was replaced by a newer one meanwhile.
    private func read(
        _ snapshot: VolumeAudit.Snapshot,
        of volume: Volume,
        _ progress: ProgressVisitor
    ) throws -> DamageRecord? {
        let fault: VolumeError
        do {
            try volume.audit.read(snapshot) { piece in
                try spend(Int64(piece.count), .snapshots, progress)
            }
            return nil
        } catch let error as VolumeError {
            fault = error
        }
        if case .readFailed(let disk) = fault, disk.code == .notFound { return nil }
        var offset: Int64?
        if case .payloadDamaged(_, let damaged) = fault { offset = damaged }
        return DamageRecord(
            found: scrub.clock(),
            volume: volume.directory,
            path: snapshot.path,
            offset: offset,
            kind: .snapshot,
            place: .snapshot(snapshot.position)
        )
    }

    /// Whether whole ones are there now; what cannot be done now is for the next pass.
    private func replace(_ damaged: [StoredSnapshot]) throws -> Bool {
        do throws(StoreError) {
            return try scrub.store.replaceSnapshots(damaged)
        } catch {
            if error == .closed { throw MaintenanceError.stopped }
            scrub.logger.warning(
                "snapshots of the index not made anew",
                metadata: ["error": "\(error)"]
            )
            return false
        }
    }
}
