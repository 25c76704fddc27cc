import StorageModel

extension Volume {
    /// The positions of the snapshots of the index, ascending.
    ///
    /// Never waits.
    public var snapshotPositions: [LogPosition] { snapshots.positions }

    /// The position that segments may be taken out or emptied before: that of the older of the two
    /// newest snapshots; nil while there are not two.
    ///
    /// Never waits.
    public var cleanLimit: LogPosition? {
        let positions = snapshots.positions
        guard positions.count >= SnapshotDirectory.keptCount else { return nil }
        return positions[positions.count - SnapshotDirectory.keptCount]
    }

    /// The first position that the log can be replayed from, whatever was taken out before it.
    ///
    /// Never waits.
    public var replayStart: LogPosition {
        max(logStart, cleanLimit ?? snapshots.positions.last ?? LogPosition(0))
    }

    /// Begins a snapshot of the index.
    ///
    /// - Parameter position: The end of the last record that the index has applied.
    /// - Returns: The snapshot, which is finished or discarded by its one user.
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.volumeFailed`, `.closed`.
    public func createSnapshot(at position: LogPosition) throws(VolumeError) -> SnapshotWriter {
        try health.checkWritable()
        return try snapshots.create(at: position)
    }

    /// Opens a snapshot; every block of it is verified as it is read.
    ///
    /// - Throws: `.blobInvalid`, `.readFailed`.
    public func openSnapshot(at position: LogPosition) throws(VolumeError) -> OpenBlob {
        try snapshots.open(position)
    }

    /// Removes a snapshot that cannot be read.
    public func removeSnapshot(at position: LogPosition) throws(VolumeError) {
        try snapshots.remove(position)
    }
}
