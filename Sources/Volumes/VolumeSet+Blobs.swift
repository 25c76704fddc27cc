import DiskIO
import StorageFormats
import StorageModel

extension VolumeSet {
    /// Begins a blob on the volumes with the most room.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.volumeFailed`, `.closed`.
    public func createBlob() throws(VolumeError) -> BlobSetWriter {
        // Those that failed for this blob, whether or not they could be taken out.
        var failed: [UniqueID] = []
        var failure: VolumeError?
        while true {
            let id = BlobID(random() >> 1)
            // Before a volume is chosen: one that is taken out from now on has this blob thin.
            let claim = BlobClaim(id, in: unsettled)
            let chosen = placement(without: failed)
            guard !chosen.isEmpty else {
                if let failure { throw failure }
                try members[0].volume?.health.checkWritable()
                throw .volumeFailed
            }
            var copies: [BlobSetWriter.Copy] = []
            for member in chosen {
                do throws(VolumeError) {
                    guard let writer = try member.volume?.createBlob(id) else { continue }
                    copies.append(BlobSetWriter.Copy(member: member, writer: writer))
                } catch {
                    if case .outOfSpace = error { throw error }
                    failed.append(member.id)
                    failure = error
                    try takeOut(member, error)
                }
            }
            // After a failure other volumes are chosen, and a number that is taken somewhere is drawn
            // anew; the files of the writers that are there go with them.
            guard copies.count == chosen.count else { continue }
            if chosen.count < self.copies {
                if failed.isEmpty { try writeThin() } else { try noteThin(id) }
            }
            return BlobSetWriter(claim, copies: copies, set: self)
        }
    }

    /// The volumes that the next blob goes to: those with the most room.
    func placement(without excluded: [UniqueID] = []) -> [VolumeMember] {
        let candidates = members.filter { $0.writable != nil && !excluded.contains($0.id) }
        guard candidates.count > copies else { return candidates }
        let ranked = candidates.enumerated().map { index, member in
            (member, room: (try? member.volume?.space().availableBytes) ?? 0, index)
        }
        return ranked.sorted { ($1.room, $0.2) < ($0.room, $1.2) }.prefix(copies).map(\.0)
    }

    /// Removes a blob from every volume; those who have it open read on.
    ///
    /// One that is not there is no error.
    public func removeBlob(_ id: BlobID) throws(VolumeError) {
        var failure: VolumeError?
        for volume in readable {
            do throws(VolumeError) { try volume.removeBlob(id) } catch {
                failure = failure ?? error
            }
        }
        standing.withLock { _ = $0.thin.remove(id) }
        if let failure { throw failure }
    }

    /// Removes every blob that the caller does not know, except those being written.
    ///
    /// - Parameter isKept: Says whether a blob is known.
    /// - Returns: How many files were removed.
    /// - Throws: `.readFailed`, `.writeFailed`, for a set of one volume; where there are several, one
    ///   that cannot be swept is left.
    public func sweepBlobs(keeping isKept: (BlobID) -> Bool) throws(VolumeError) -> Int {
        if let single { return try single.sweepBlobs(keeping: isKept) }
        return readable.reduce(0) { $0 + ((try? $1.sweepBlobs(keeping: isKept)) ?? 0) }
    }

    /// A blob is written, or lies there, with fewer copies than wanted; that there is such a one is in
    /// writing when this returns.
    ///
    /// - Throws: `.volumeFailed` if no volume is left that can keep that.
    func noteThin(_ id: BlobID) throws(VolumeError) {
        standing.withLock { _ = $0.thin.insert(id) }
        try writeThin()
        onEvent(.thin(id))
    }

    /// Has it in writing that there are blobs with fewer copies than wanted.
    ///
    /// - Throws: `.volumeFailed` if no volume is left that can keep that.
    func writeThin() throws(VolumeError) {
        guard standing.withLock({ $0.membership?.isThin == false }) else { return }
        try change { standing in standing.membership?.setThin() }
    }
}
