import StorageFormats
import StorageModel

/// What a repair asks of whoever knows which blobs there are.
public protocol BlobCensus {
    /// The next blobs in order of their numbers, after one or from the first.
    func blobs(after last: BlobID?, limit: Int) throws -> [BlobID]
    /// Whether a blob is still wanted.
    func isWanted(_ id: BlobID) throws -> Bool
    /// How many there are.
    func count() throws -> Int
    /// Has a blob removed from every volume that turned out not to be wanted.
    func discard(_ id: BlobID) throws
}

/// How far a repair has come.
public struct RepairProgress: Hashable, Sendable {
    /// Blobs that were looked at.
    public var blobs = 0
    /// Blobs that there are.
    public var blobsInAll = 0
    /// Copies that were made.
    public var copied = 0
    /// Blobs of which no whole copy was found.
    public var lost = 0
    /// Whether it ran to its end.
    public var isComplete = false
}

extension VolumeSet {
    /// Blobs that are asked for at once.
    private static let censusPage = 1000
    /// The rest of the log that is copied while appends wait, in bytes.
    private static let lastLogBytes: Int64 = 4 << 20

    /// Whether something is to be brought up to date, and a volume is there for it.
    ///
    /// Never waits.
    public var needsRepair: Bool {
        let (membership, holders, thin, isWanted) = standing.withLock {
            ($0.membership, $0.logHolders.count, $0.thin.count, $0.isRepairWanted)
        }
        guard let membership else { return false }
        let writable = members.filter { $0.writable != nil }
        return isWanted || thin > 0 || holders < min(copies, writable.count)
            || writable.contains { membership.behind.contains($0.id) }
    }

    /// Writes down what opening found, and gives a new Nave its copies of the log at once.
    func settle(givenCopies: Int?, isWritten: Bool) throws(VolumeError) {
        guard standing.withLock({ $0.membership != nil }) else { return }
        let writable = members.count { $0.writable != nil }
        guard (1...VolumeMembership.membersMax).contains(copies),
            givenCopies == nil || copies <= members.count
        else { throw .copiesInvalid(copies: copies, volumes: members.count) }
        let isNewCount = standing.withLock { $0.membership?.copies != copies }
        if isNewCount || !isWritten {
            try change { [copies] standing in
                guard isNewCount else { return }
                standing.membership?.setCopies(copies)
                standing.isRepairWanted = true
            }
        }
        guard logEnd.bytes <= Self.lastLogBytes, writable > 1 else { return }
        _ = try spreadLog(isCancelled: { false })
        // What holds nothing at all lacks nothing.
        if logEnd.bytes == Int64(LogSegmentHeader.encodedBytes) { try markCurrent() }
    }

    /// Brings volumes up to date: copies the log until enough of them hold it, and every blob that has
    /// too few copies.
    ///
    /// May take hours; writes go on meanwhile.
    ///
    /// - Parameters:
    ///   - census: Knows the blobs.
    ///   - isCancelled: Asked now and then; when it says yes, the repair ends where it is.
    ///   - report: Takes the progress now and then.
    /// - Returns: How far it came.
    /// - Throws: What the census throws; ``VolumeError``.
    public func repair(
        _ census: some BlobCensus,
        isCancelled: () -> Bool,
        report: (RepairProgress) -> Void
    ) throws -> RepairProgress {
        var progress = RepairProgress()
        standing.withLock { $0.isRepairWanted = false }
        guard try spreadLog(isCancelled: isCancelled) else { return progress }
        progress.blobsInAll = try census.count()
        var last: BlobID?
        while true {
            let page = try census.blobs(after: last, limit: Self.censusPage)
            guard let end = page.last else { break }
            for id in page {
                guard !isCancelled() else { return progress }
                try spread(id, census, &progress)
                report(progress)
            }
            last = end
        }
        for id in standing.withLock({ $0.thin.sorted() }) {
            guard !isCancelled() else { return progress }
            if try census.isWanted(id) { try spread(id, census, &progress) }
            standing.withLock { _ = $0.thin.remove(id) }
        }
        progress.isComplete = true
        if progress.lost == 0 { try markCurrent() }
        return progress
    }

    /// Copies the log to further volumes until enough hold it; false when it was cancelled.
    ///
    /// Nothing is taken out of the log meanwhile, so that what a copy lacks is what the snapshots
    /// beside it account for.
    private func spreadLog(isCancelled: () -> Bool) throws(VolumeError) -> Bool {
        copyingLog.withLock { $0 = true }
        defer { copyingLog.withLock { $0 = false } }
        while true {
            let holders = standing.withLock { $0.logHolders }
            guard holders.count < copies, let source = holders.first?.volume,
                let target = placement(without: holders.map(\.id)).first,
                let volume = target.volume
            else { return true }
            var copy = LogCopy(from: source, to: volume)
            do throws(VolumeError) {
                let sources = holders.compactMap(\.volume)
                let snapshots = SnapshotCopy(from: sources, to: volume)
                guard try snapshots.run(isCancelled: isCancelled) else { return false }
                var rest: Int64 = .max
                while rest > Self.lastLogBytes {
                    guard let left = try copy.advance(isCancelled: isCancelled) else {
                        return false
                    }
                    rest = left
                }
                try appending.withLock { _ throws(VolumeError) in
                    try copy.finish()
                    try change { standing in
                        standing.logHolders.append(target)
                        standing.membership?.setHoldsLog(target.id)
                    }
                }
                onEvent(.holdsLog(directory: target.directory))
            } catch .readFailed(let error) {
                throw .readFailed(error)
            } catch .outOfSpace(let error) {
                throw .outOfSpace(error)
            } catch .payloadDamaged(let path, let offset) {
                throw .payloadDamaged(path: path, offset: offset)
            } catch .blobInvalid(let path, let error) {
                throw .blobInvalid(path: path, error)
            } catch {
                try takeOut(target, error)
            }
        }
    }

    /// Copies a blob to further volumes until it has enough copies.
    private func spread(
        _ id: BlobID,
        _ census: some BlobCensus,
        _ progress: inout RepairProgress
    ) throws {
        progress.blobs += 1
        let holding = members.filter { ((try? $0.volume?.blobs.holds(id)) ?? false) == true }
        let kept = holding.filter { $0.writable != nil }
        let missing = copies - kept.count
        guard missing > 0 else { return }
        for member in placement(without: kept.map(\.id)).prefix(missing) {
            guard let volume = member.volume else { continue }
            do throws(VolumeError) {
                try copyBlob(id, to: volume)
                progress.copied += 1
            } catch .blobMissing, .payloadDamaged, .blobInvalid {
                if try census.isWanted(id) { progress.lost += 1 }
                return
            } catch .outOfSpace(let error) {
                throw VolumeError.outOfSpace(error)
            } catch {
                try takeOut(member, error)
            }
        }
        // Removed while it was copied: the copy would be litter.
        if try !census.isWanted(id) { try census.discard(id) }
    }

    /// Notes that the volumes which take writes have all that they should.
    private func markCurrent() throws(VolumeError) {
        let behind = standing.withLock { $0.membership?.behind ?? [] }
        let caughtUp = members.filter { behind.contains($0.id) && $0.writable != nil }
        guard !caughtUp.isEmpty else { return }
        try change { standing in
            for member in caughtUp { standing.membership?.setCurrent(member.id) }
        }
        for member in caughtUp { onEvent(.current(directory: member.directory)) }
    }
}
