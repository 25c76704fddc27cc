import StorageModel
import Volumes

extension BackupRun {
    /// Copies the newest snapshots of the index that are whole, as many as a volume keeps.
    ///
    /// So one may rot; what lies before them need not be whole in the log. Copies that are there are read
    /// again.
    ///
    /// - Returns: Their positions; none where the log needs no snapshot and has none.
    /// - Throws: ``MaintenanceError/snapshotInvalid(path:)`` if there are some and none is whole; the
    ///   failures of reading and writing.
    func copySnapshots() throws -> Set<LogPosition> {
        var found: [LogPosition: [(snapshot: VolumeAudit.Snapshot, audit: VolumeAudit)]] = [:]
        for holder in volumes.logVolumes {
            for snapshot in try holder.audit.snapshots()
            where snapshot.position <= position && snapshot.position >= replayStart {
                found[snapshot.position, default: []].append((snapshot, holder.audit))
            }
        }
        var copied: Set<LogPosition> = []
        var failure: MaintenanceError?
        for (place, copies) in found.sorted(by: { $0.key > $1.key })
        where copied.count < VolumeSet.snapshotsKept {
            for (snapshot, audit) in copies where !copied.contains(place) {
                do throws(VolumeError) {
                    copiedLogBytes += try copy.copy(snapshot, from: audit)
                    copied.insert(place)
                } catch {
                    guard error.isOfSnapshot(snapshot) else { throw error }
                    failure = failure ?? .snapshotInvalid(path: snapshot.path)
                }
            }
        }
        if copied.isEmpty, let failure { throw failure }
        return copied
    }
}

extension VolumeError {
    /// Whether a snapshot that was copied is not what was written, or cannot be read.
    func isOfSnapshot(_ snapshot: VolumeAudit.Snapshot) -> Bool {
        switch self {
        case .blobInvalid(let path, _), .payloadDamaged(let path, _): path == snapshot.path
        case .readFailed(let disk): disk.path == snapshot.path
        default: false
        }
    }
}
