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
        // Each may need a change to move on to.
        for _ in 0..<(2 * VolumeSet.snapshotsKept) where whole() < VolumeSet.snapshotsKept {
            switch try make() {
            case .made: continue
            case .givenUp: return false
            case .alreadyThere: try moveOn()
            }
        }
        if !hasWhole { try remove(damaged) }
        return whole() >= VolumeSet.snapshotsKept
    }

    /// Makes snapshots until as many as are kept hold all of the log before an address.
    ///
    /// - Parameter end: An address that the index in use has come to.
    /// - Returns: False if the store is closing.
    /// - Throws: ``StoreError``; snapshots that were made before stay.
    func cover(upTo end: LogPosition) throws(StoreError) -> Bool {
        // Each may need a change to move on to.
        for _ in 0..<(2 * VolumeSet.snapshotsKept) where !isCovered(upTo: end) {
            guard pace.goesOn else { return false }
            switch try make() {
            case .made: continue
            case .givenUp: return false
            case .alreadyThere: try moveOn()
            }
        }
        return isCovered(upTo: end)
    }

    private func isCovered(upTo end: LogPosition) -> Bool {
        (volume.cleanLimit ?? LogPosition(0)) >= end
    }

    /// Has the index move, so that a snapshot of it has a position of its own.
    func moveOn() throws(StoreError) {
        _ = try pace.commit(.relocate(RelocationProposal(moves: [], payload: .none)))
    }

    private func remove(_ damaged: [StoredSnapshot]) throws(StoreError) {
        for snapshot in damaged {
            do throws(VolumeError) { try snapshot.remove() } catch { throw StoreError(error) }
        }
    }
}
