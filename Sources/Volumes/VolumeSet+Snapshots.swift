import StorageModel

/// A snapshot of the index on one volume.
public struct StoredSnapshot: Sendable {
    /// The position of the log that the index had applied.
    public let position: LogPosition

    let volume: Volume

    /// Names one, whether it can be read or not.
    public init(position: LogPosition, volume: Volume) {
        self.position = position
        self.volume = volume
    }

    /// Where the volume is.
    public var directory: String { volume.directory }

    /// Opens it; every block is verified as it is read.
    ///
    /// - Throws: `.blobInvalid`, `.readFailed`.
    public func open() throws(VolumeError) -> OpenBlob { try volume.openSnapshot(at: position) }

    /// Removes it, since it cannot be read; copies on other volumes stay.
    ///
    /// - Throws: `.writeFailed`.
    public func remove() throws(VolumeError) { try volume.removeSnapshot(at: position) }
}

// Every volume that holds the log keeps the snapshots as well: each may be the only one that is left,
// and what is missing from its log is judged by the snapshots beside it.

extension VolumeSet {
    /// How many snapshots each volume keeps.
    public static var snapshotsKept: Int { SnapshotDirectory.keptCount }

    /// The snapshots that can be opened, on any volume that holds the log, the newest first.
    public var storedSnapshots: [StoredSnapshot] {
        let stored = logVolumes.flatMap { volume in
            volume.snapshotPositions.map { StoredSnapshot(position: $0, volume: volume) }
        }
        // Stable: of equal positions in the order of the volumes.
        return stored.enumerated()
            .sorted { ($1.element.position, $0.offset) < ($0.element.position, $1.offset) }
            .map(\.element)
    }

    /// The positions of the snapshots that every volume which holds the log has, ascending.
    ///
    /// Never waits.
    public var snapshotPositions: [LogPosition] {
        let volumes = logVolumes
        guard let first = volumes.first else { return [] }
        return first.snapshotPositions.filter { position in
            volumes.dropFirst().allSatisfy { $0.snapshotPositions.contains(position) }
        }
    }

    /// The position that segments may be taken out or emptied before: the least of those of the
    /// volumes that hold the log; nil while one of them has fewer than two snapshots.
    ///
    /// Never waits.
    public var cleanLimit: LogPosition? {
        var limit: LogPosition?
        for volume in logVolumes {
            guard let own = volume.cleanLimit else { return nil }
            limit = limit.map { min($0, own) } ?? own
        }
        return limit
    }

    /// The first position that every copy of the log can be replayed from.
    ///
    /// Never waits.
    public var replayStart: LogPosition {
        logVolumes.map(\.replayStart).max() ?? LogPosition(0)
    }

    /// Begins a snapshot of the index on every volume that holds the log.
    ///
    /// - Parameter position: The end of the last record that the index has applied.
    /// - Returns: The snapshot, which is finished or discarded by its one user.
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.volumeFailed`, `.closed`.
    public func createSnapshot(at position: LogPosition) throws(VolumeError) -> SnapshotSetWriter {
        // A snapshot says that the log was flushed up to there.
        try flush()
        var copies: [SnapshotSetWriter.Copy] = []
        var failed: [(VolumeMember, VolumeError)] = []
        for member in standing.withLock({ $0.logHolders }) {
            guard let volume = member.volume else { continue }
            do throws(VolumeError) {
                let writer = try volume.createSnapshot(at: position)
                copies.append(SnapshotSetWriter.Copy(member: member, writer: writer))
            } catch {
                if case .outOfSpace = error { throw error }
                failed.append((member, error))
            }
        }
        // What goes away unfinished is removed.
        guard !copies.isEmpty else { throw failed.first?.1 ?? .volumeFailed }
        for (member, error) in failed { try takeOut(member, error) }
        return SnapshotSetWriter(position: position, copies: copies, set: self)
    }
}
