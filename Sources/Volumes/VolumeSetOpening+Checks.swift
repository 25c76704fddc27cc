import DiskIO
import StorageFormats
import StorageModel

extension VolumeSetOpening {
    /// Refuses too few volumes for so many copies, and too many, before a folder is made.
    func checkCount(
        _ peeks: [Peek],
        _ membership: VolumeMembership
    ) throws(VolumeError) {
        let joining = peeks.count { peek in
            peek.failure == nil && peek.label.map { !membership.contains($0.volumeID) } ?? true
        }
        let count = membership.members.count + joining
        let copies = configuration.copies ?? membership.copies
        guard count <= VolumeMembership.membersMax, configuration.copies ?? 1 <= count else {
            throw .copiesInvalid(copies: copies, volumes: count)
        }
    }

    /// Refuses a volume that was forgotten, by the list that counts.
    ///
    /// - Throws: `.volumeForgotten`.
    func refuseForgotten(
        _ peeks: [Peek],
        by membership: VolumeMembership
    ) throws(VolumeError) {
        for peek in peeks {
            guard let label = peek.label, membership.forgotten.contains(label.volumeID) else {
                continue
            }
            throw .volumeForgotten(directory: peek.location.directory)
        }
    }

    /// Refuses a volume that was forgotten and went on alone, so that its list and the one that would count
    /// without it do not know of each other.
    ///
    /// - Throws: `.volumeForgotten`; `.membershipSplit` if the others are split as well.
    func refuseForgotten(_ peeks: [Peek]) throws(VolumeError) {
        let forgotten = peeks.flatMap { $0.membership?.forgotten ?? [] }
        let others = peeks.filter { peek in
            peek.label.map { !forgotten.contains($0.volumeID) } ?? true
        }
        guard others.count < peeks.count, let membership = try newest(others) else { return }
        try refuseForgotten(peeks, by: membership)
    }

    /// Refuses a volume whose directory of blobs is gone, where no other has what was in it: it is made
    /// before the label.
    ///
    /// - Throws: `.blobsMissing`, `.readFailed`.
    func requireBlobs(_ peek: Peek) throws(VolumeError) {
        guard peek.label != nil else { return }
        let blobs = VolumeLayout(directory: peek.location.directory).blobs
        do throws(DiskError) {
            guard try peek.location.fileSystem.status(blobs) == nil else { return }
        } catch {
            throw .readFailed(error)
        }
        throw .blobsMissing(directory: blobs)
    }

    /// The volumes that hold no blob at all, as when a disk is not mounted below them, while another holds
    /// some and each blob is on several.
    ///
    /// One that is known to lack payloads is none of them.
    func lackingBlobs(
        _ members: [VolumeMember],
        _ membership: VolumeMembership
    ) -> [VolumeMember] {
        guard membership.copies > 1 else { return [] }
        let volumes = members.filter { $0.volume != nil }
        let empty = volumes.filter { $0.volume?.foundBlobDirectories == false }
        guard empty.count < volumes.count else { return [] }
        return empty.filter { !membership.behind.contains($0.id) }
    }
}
