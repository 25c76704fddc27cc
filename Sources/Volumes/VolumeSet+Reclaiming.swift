import DiskIO
import StorageModel

// Giving room of the log back to the disks. The copies of the log are alike in what is named; which
// segments are gone and which blocks were given back may differ after a crash, and what one copy
// still has beyond the others goes with the next pass.

extension VolumeSet {
    /// Whether something may be taken out of the log: not while it is copied to a further volume.
    ///
    /// Never waits long.
    public var canClean: Bool { copyingLog.withLock { !$0 } }

    /// The segments that take no more records and that a volume has, in order.
    ///
    /// Never waits.
    public var sealedSegments: [LogSegment] {
        let volumes = logVolumes
        if volumes.count == 1 { return volumes[0].sealedSegments }
        var ends: [LogPosition: LogPosition] = [:]
        for segment in volumes.flatMap(\.sealedSegments) {
            // A file that was not cut back ends in zeros on one of them.
            ends[segment.first] = min(ends[segment.first] ?? segment.end, segment.end)
        }
        return ends.map { LogSegment(first: $0.key, end: $0.value) }
            .sorted { $0.first < $1.first }
    }

    /// The first address of the segment that records are appended to.
    ///
    /// Never waits.
    public var activeSegment: LogPosition { logVolumes.first?.activeSegment ?? LogPosition(0) }

    /// The first address of the segment that holds an address, or of the last one before it.
    ///
    /// Never waits; some ten nanoseconds for each volume that holds the log.
    public func segmentStart(of position: LogPosition) -> LogPosition {
        if let single { return single.segmentStart(of: position) }
        return standing.withLock { standing in
            standing.logHolders.reduce(LogPosition(0)) { start, member in
                max(start, member.volume?.segmentStart(of: position) ?? start)
            }
        }
    }

    /// What a segment takes on the disk where it takes most, in bytes; 0 if it is gone everywhere.
    ///
    /// - Throws: `.readFailed` if no volume says.
    public func allocatedBytes(ofSegment first: LogPosition) throws(VolumeError) -> Int64 {
        var most: Int64?
        var failure = VolumeError.volumeFailed
        for volume in logVolumes {
            do throws(VolumeError) {
                most = max(most ?? 0, try volume.allocatedBytes(ofSegment: first))
            } catch {
                failure = error
            }
        }
        guard let most else { throw failure }
        return most
    }

    /// Ends the segment that records are appended to, on every volume, so that it can be cleaned.
    ///
    /// Does nothing if it holds no record.
    ///
    /// - Throws: As ``append(_:)``.
    public func beginSegment() throws(VolumeError) {
        try appending.withLock { _ throws(VolumeError) in
            let holders = standing.withLock { $0.logHolders }
            guard holders.count > 1 else {
                guard let volume = holders.first?.volume else { throw .volumeFailed }
                return try volume.beginSegment()
            }
            try checkRoom(for: [], on: holders)
            if durability == .relaxed { try flushWhileAppending(holders) }
            let results = threads.perform(holders) { member throws(VolumeError) in
                guard let volume = member.volume else { throw .volumeFailed }
                try volume.beginSegment()
            }
            let failed = Self.failures(holders, results)
            guard failed.count < holders.count else { throw allFailed(failed) }
            do throws(VolumeError) {
                for (member, error) in failed { try takeOut(member, error) }
            } catch {
                // As after an append that cannot be told.
                for member in holders { member.volume?.health.fail() }
                throw .volumeFailed
            }
        }
    }

    /// Takes a segment out of every copy of the log: one that lies before ``cleanLimit`` and that
    /// nothing names.
    ///
    /// Those who are reading from it read on. A volume that fails is taken out.
    ///
    /// - Returns: False if the log is or was being copied to a further volume; nothing was done then.
    /// - Throws: `.writeFailed`, `.volumeFailed`; the segment may then be there or not.
    public func removeSegment(_ segment: LogSegment) throws(VolumeError) -> Bool {
        try cleaning(segment) { volume throws(VolumeError) in try volume.removeSegment(segment) }
    }

    /// Gives the blocks of some ranges of a segment back to the disk, in every copy of the log.
    ///
    /// A volume that fails is taken out; one whose file system cannot do this keeps the blocks.
    ///
    /// - Parameters:
    ///   - ranges: Within the segment, behind its header; the last may go beyond its end.
    ///   - segment: One that lies before ``cleanLimit``.
    /// - Returns: False if the log is being copied to a further volume; nothing was done then.
    /// - Throws: `.writeFailed`, `.volumeFailed`; with the code `.unsupported` where no file system
    ///   can do this.
    public func punch(
        _ ranges: [Range<LogPosition>],
        of segment: LogSegment
    ) throws(VolumeError) -> Bool {
        try cleaning(segment) { volume throws(VolumeError) in
            // It may have gone before a crash that the other copies kept it over.
            guard volume.segments.holds(segment) else { return }
            try volume.punch(ranges, of: segment)
        }
    }

    /// Makes a call on every volume that holds the log, while no further one comes to hold it.
    private func cleaning(
        _ segment: LogSegment,
        _ body: @escaping @Sendable (Volume) throws(VolumeError) -> Void
    ) throws(VolumeError) -> Bool {
        // What says that nothing names the bytes any more must not be lost after they are.
        try flush()
        return try copyingLog.withLock { isCopying throws(VolumeError) in
            // A volume that came to hold the log since the caller asked may have fewer snapshots.
            guard !isCopying, let limit = cleanLimit, segment.end <= limit else { return false }
            let holders = standing.withLock { $0.logHolders }
            let results = threads.perform(holders) { member throws(VolumeError) in
                guard let volume = member.volume else { throw .volumeFailed }
                try body(volume)
            }
            let failed = Self.failures(holders, results)
            let broken = failed.filter { !$0.error.leavesVolumeWell }
            // The last that holds the log stays, and says what is wrong.
            if broken.count < holders.count {
                for (member, error) in broken { try takeOut(member, error) }
            }
            if failed.count == holders.count, let first = failed.first { throw first.error }
            return true
        }
    }

    private static func failures(
        _ holders: [VolumeMember],
        _ results: [Result<Void, VolumeError>]
    ) -> [(member: VolumeMember, error: VolumeError)] {
        zip(holders, results).compactMap { member, result in
            if case .failure(let error) = result { (member, error) } else { nil }
        }
    }
}

extension VolumeError {
    /// Whether room that was not given back says nothing against the disk.
    fileprivate var leavesVolumeWell: Bool {
        guard case .writeFailed(let error) = self else { return false }
        return error.code == .unsupported || error.code == .outOfSpace
    }
}
