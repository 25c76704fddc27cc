import StorageModel
import Volumes

extension SnapshotMaker {
    /// Makes as many snapshots as are kept, in the place of damaged ones.
    ///
    /// Two are kept, and what the log held before the older one may be gone: so a damaged one makes room
    /// first if that leaves one which can be read, and else only when there is one.
    ///
    /// - Parameter damaged: Those that cannot be read, whether they count or not.
    /// - Returns: Whether there are enough now.
    /// - Throws: ``StoreError``; nothing that can be read is gone then.
    func replace(_ damaged: [StoredSnapshot]) throws(StoreError) -> Bool {
        var positions = Set(damaged.map(\.position))
        func whole() -> Int { volume.snapshotPositions.count { !positions.contains($0) } }
        let hasWhole = whole() > 0
        if hasWhole {
            try remove(damaged)
            positions = []
        }
        let isDone = try make(until: { whole() >= VolumeSet.snapshotsKept })
        if !hasWhole, isDone { try remove(damaged) }
        return isDone
    }

    /// Makes snapshots until as many as are kept hold all of the log before an address.
    ///
    /// - Parameter end: An address that the index in use has come to.
    /// - Returns: False if the store is closing.
    /// - Throws: ``StoreError``; snapshots that were made before stay.
    func cover(upTo end: LogPosition) throws(StoreError) -> Bool {
        try make(until: { (volume.cleanLimit ?? LogPosition(0)) >= end })
    }

    /// Makes the snapshots that are wanting where the log does without its beginning: of a volume that
    /// was restored from a backup with one, or that lost one.
    ///
    /// - Returns: False if the store is closing.
    /// - Throws: ``StoreError``; snapshots that were made before stay.
    func complete() throws(StoreError) -> Bool {
        let kept = Set(volume.storedSnapshots.map(\.position))
        guard kept.count < VolumeSet.snapshotsKept, volume.looksCleaned else { return true }
        return try make(until: { volume.snapshotPositions.count >= VolumeSet.snapshotsKept })
    }

    /// Makes snapshots until there are enough, each of which may need a change to move on to.
    private func make(until isDone: () -> Bool) throws(StoreError) -> Bool {
        for _ in 0..<(2 * VolumeSet.snapshotsKept) where !isDone() {
            guard pace.goesOn else { return false }
            switch try make() {
            case .made: continue
            case .givenUp: return false
            case .alreadyThere: try moveOn()
            }
        }
        return isDone()
    }

    /// Has the index move, so that a snapshot of it has a position of its own.
    private func moveOn() throws(StoreError) {
        _ = try pace.commit(.relocate(RelocationProposal(moves: [], payload: .none)))
    }

    private func remove(_ damaged: [StoredSnapshot]) throws(StoreError) {
        for snapshot in damaged {
            do throws(VolumeError) { try snapshot.remove() } catch { throw StoreError(error) }
        }
    }
}
