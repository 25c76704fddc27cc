import DiskIO
import StorageFormats
import StorageModel

extension VolumeSet {
    /// Takes a volume out that failed while others go on: nothing further is acknowledged before they
    /// have it in writing, so that a restart does not believe the failed one.
    ///
    /// - Throws: `.volumeFailed` when no volume is left that can keep the change.
    func takeOut(_ member: VolumeMember, _ error: VolumeError) throws(VolumeError) {
        // At once: of two that fail at the same time the second stays.
        let isTakenOut = standing.withLock { standing in
            // Without the last holder of the log nothing can be written at all.
            guard standing.logHolders.contains(where: { $0 !== member && $0.writable != nil })
            else { return false }
            return member.fail(error)
        }
        guard isTakenOut else { return }
        // Whoever brings volumes up to date is woken when it can see that it is wanted.
        defer { onEvent(.takenOut(directory: member.directory, error)) }
        try change { [copies, unsettled] standing in
            standing.logHolders.removeAll { $0 === member }
            standing.isCensusWanted = true
            // The census does not know these yet, and the failed volume may have been to hold them.
            if copies > 1 { standing.thin.formUnion(unsettled.all) }
            standing.membership?.setBehind(member.id)
        }
    }

    /// Refuses to acknowledge what some volumes took, unless one of them counts still: others may have been
    /// taken out meanwhile, for a read that failed or by whoever writes a blob.
    ///
    /// - Throws: `.volumeFailed`.
    func requireCounted(_ members: [VolumeMember]) throws(VolumeError) {
        let isCounted = standing.withLock { standing in
            members.contains { member in
                member.writable != nil && standing.logHolders.contains { $0 === member }
            }
        }
        guard isCounted else { throw .volumeFailed }
    }

    /// Changes the membership and writes it down on every volume that takes writes.
    ///
    /// A volume that cannot be written is taken out in turn. Once it is written everywhere it is written
    /// again with word of that, so that no list says of a volume that it has what it may not have: a
    /// power loss in between would let that volume go on from an earlier one and be believed to come
    /// before it.
    ///
    /// - Throws: `.volumeFailed` when none could be written, or none is left that holds the log.
    func change(_ body: (inout Standing) -> Void) throws(VolumeError) {
        var failed: [(VolumeMember, VolumeError)] = []
        try standing.withLock { standing throws(VolumeError) in
            body(&standing)
            guard let membership = standing.membership else { return }
            let written = publish(membership, &failed)
            guard !written.isEmpty, standing.logHolders.contains(where: { $0.writable != nil })
            else { throw .volumeFailed }
            standing.membership?.note(writtenOn: written)
            // Where one failed, the next change tells.
            guard failed.isEmpty, let noted = standing.membership else { return }
            _ = publish(noted, &failed)
        }
        for (member, error) in failed { try takeOut(member, error) }
    }

    /// Writes the membership on every volume that takes writes; gives those that have it.
    private func publish(
        _ membership: VolumeMembership,
        _ failed: inout [(VolumeMember, VolumeError)]
    ) -> [UniqueID] {
        var written: [UniqueID] = []
        for member in members {
            guard let volume = member.writable else { continue }
            do throws(VolumeError) {
                try volume.publish(membership)
                written.append(member.id)
            } catch {
                failed.append((member, error))
            }
        }
        return written
    }
}

extension Volume {
    /// Keeps the membership of the set.
    func publish(_ membership: VolumeMembership) throws(VolumeError) {
        do throws(DiskError) {
            _ = try AtomicPublish.publish(
                membership.encoded(),
                as: layout.members,
                in: directory,
                fileSystem
            )
        } catch {
            throw VolumeError(writing: error)
        }
    }
}

extension DiskError {
    /// The failure of a write that was not tried because the disk is full.
    static func full(_ path: String) -> DiskError {
        DiskError(.outOfSpace, errorNumber: 0, .write, path: path)
    }
}
