import DiskIO
import MetadataIndex
import StorageModel
import Volumes

/// What an index can be made of: a snapshot and the log after it, or the whole log.
///
/// What lies before the older of two snapshots may have been taken out of the log to give room back;
/// of what is left there only payloads count.
struct IndexBase {
    /// The whole log from there, or that after the snapshot.
    let start: LogPosition
    private let snapshot: VolumeAudit.Snapshot?
    private let audit: VolumeAudit

    /// An empty index, of which a log is read from an address that is not its beginning.
    static func empty(_ audit: VolumeAudit, from start: LogPosition) -> IndexBase {
        IndexBase(start: start, snapshot: nil, audit: audit)
    }

    /// What the index of a volume can be made of.
    ///
    /// - Parameters:
    ///   - audit: The volume.
    ///   - end: What is made of it ends there; nil for the end of the log.
    ///   - stop: Ends the looking.
    /// - Returns: The whole log alone, where all of it is there; otherwise the snapshots: first those
    ///   from which on the log can be read up to the newest, the oldest of them first, then the others.
    ///   None where the log begins later than it was written and there is no snapshot.
    /// - Throws: `VolumeError`; ``MaintenanceError/stopped``.
    static func candidates(
        of audit: VolumeAudit,
        upTo end: LogPosition?,
        _ stop: StopFlag
    ) throws -> [IndexBase] {
        let segments = try audit.segments()
        let snapshots = try audit.snapshots().filter { $0.position <= end ?? $0.position }
        let whole = IndexBase(
            start: segments.first?.first ?? LogPosition(0),
            snapshot: nil,
            audit: audit
        )
        guard let newest = snapshots.last else {
            return whole.start == LogPosition(0) ? [whole] : []
        }
        let unreadable = try lastUnreadable(audit, upTo: newest.position, stop)
        if whole.start == LogPosition(0) && unreadable == nil { return [whole] }
        let bases = snapshots.map { IndexBase(start: $0.position, snapshot: $0, audit: audit) }
        guard let unreadable else { return bases }
        return bases.filter { $0.start > unreadable } + bases.filter { $0.start <= unreadable }
    }

    /// The last address before another where no record can be read; nil if all can be.
    private static func lastUnreadable(
        _ audit: VolumeAudit,
        upTo end: LogPosition,
        _ stop: StopFlag
    ) throws -> LogPosition? {
        var last: LogPosition?
        var log = try audit.log(to: end)
        while let step = try log.next() {
            if case .damage(let damage) = step { last = damage.position }
            if stop.isStopped { throw MaintenanceError.stopped }
        }
        return log.position == end ? last : max(last ?? log.position, log.position)
    }

    /// Makes the beginning of an index in a file; the log from ``start`` on is to be applied to it.
    ///
    /// - Throws: ``MaintenanceError/snapshotInvalid(path:)`` if the snapshot is damaged; the failures
    ///   of reading and writing. The file is then gone.
    func begin(at path: String) throws -> IndexWriter {
        let volume = audit.originID.description
        guard let snapshot else {
            return try MetadataIndex.beginBuilding(at: path, volume: volume, start: start)
        }
        MetadataIndex.discard(path)
        do {
            let target = try PosixFileSystem().open(path, .createOrReplace)
            var offset: Int64 = 0
            try audit.read(snapshot) { piece in
                try target.write(Array(piece), at: offset)
                offset += Int64(piece.count)
            }
            let writer = try MetadataIndex.continueBuilding(at: path, volume: volume)
            guard let writer, writer.state.applied == start else {
                throw MaintenanceError.snapshotInvalid(path: snapshot.path)
            }
            return writer
        } catch {
            MetadataIndex.discard(path)
            switch error {
            case VolumeError.blobInvalid, VolumeError.payloadDamaged:
                throw MaintenanceError.snapshotInvalid(path: snapshot.path)
            default: throw error
            }
        }
    }

    /// Begins with the first of some that can be read.
    ///
    /// - Parameters:
    ///   - candidates: In the order in which they are tried.
    ///   - directory: The directory of the volume.
    ///   - path: The file of the index.
    ///   - note: Told the file of each snapshot that cannot.
    /// - Returns: What it was begun with, and its writer.
    /// - Throws: ``MaintenanceError/snapshotInvalid(path:)`` if none can.
    static func begin(
        _ candidates: [IndexBase],
        of directory: String,
        at path: String,
        note: (String) -> Void = { _ in }
    ) throws -> (base: IndexBase, writer: IndexWriter) {
        var failure = MaintenanceError.snapshotInvalid(path: directory + "/snapshots")
        for base in candidates {
            do {
                return (base, try base.begin(at: path))
            } catch MaintenanceError.snapshotInvalid(let damaged) {
                note(damaged)
                failure = .snapshotInvalid(path: damaged)
            }
        }
        throw failure
    }
}
