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
    /// The objects whose bytes are in some blobs, as `namespace/key`, each once; at most
    /// ``NamedObjects/namesMax`` of each blob.
    func objects(in blobs: [BlobID]) throws -> [String]
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
    /// Blobs that were looked at and have fewer copies than wanted all the same, the lost ones among them.
    public var wanting = 0
    /// Whether it ran to its end.
    public var isComplete = false

    /// Makes the progress of a repair that has not begun.
    public init() {}

    /// Blobs that may have fewer copies than wanted: those not looked at yet, and those of which none
    /// could be made.
    public var belowCopies: Int { max(0, blobsInAll - blobs) + wanting }
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
        let writable = members.filter { $0.writable != nil }
        return standing.withLock { standing in
            guard let membership = standing.membership else { return false }
            if writable.contains(where: { membership.behind.contains($0.id) }) { return true }
            let possible = min(copies, writable.count)
            guard possible > 1 else { return false }
            return standing.isCensusWanted || !standing.thin.isEmpty
                || standing.logHolders.count < possible
        }
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
                if isNewCount { standing.membership?.setCopies(copies) }
            }
        }
        // What a process before this one did not get done.
        standing.withLock { $0.isCensusWanted = $0.membership?.isThin ?? false }
        guard logEnd.bytes <= Self.lastLogBytes, writable > 1 else { return }
        _ = try spreadLog(isCancelled: { false })
        // What holds nothing at all lacks nothing.
        guard logEnd.bytes == Int64(LogSegmentHeader.encodedBytes) else { return }
        standing.withLock { $0.isCensusWanted = false }
        try conclude()
    }

    /// Brings volumes up to date: copies the log until enough of them hold it, and every blob that has
    /// too few copies.
    ///
    /// May take hours; writes go on meanwhile. That it is not done is in writing, so that it goes on
    /// after a restart: what was copied before is then only looked at.
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
        let looksAtAll = beginLooking()
        defer {
            // What was not looked at is to be looked at again.
            if !progress.isComplete, looksAtAll { standing.withLock { $0.isCensusWanted = true } }
        }
        guard try spreadLog(isCancelled: isCancelled) else { return progress }
        if looksAtAll {
            progress.blobsInAll = try census.count()
            report(progress)
            guard try spreadAll(census, &progress, isCancelled, report) else { return progress }
        }
        guard try spreadThin(census, &progress, isCancelled) else { return progress }
        // A deletion that a power loss could take back must not have hidden a blob from the census.
        try flush()
        progress.isComplete = true
        if progress.lost == 0 { try conclude() }
        return progress
    }

    /// Whether all blobs are to be looked at now; what asks for it from now on asks for the next time.
    private func beginLooking() -> Bool {
        let writable = members.filter { $0.writable != nil }
        return standing.withLock { standing in
            defer { standing.isCensusWanted = false }
            let behind = standing.membership?.behind ?? []
            return standing.isCensusWanted || writable.contains { behind.contains($0.id) }
        }
    }

    /// Copies what has too few copies of all blobs that the census knows; false when it was cancelled.
    private func spreadAll(
        _ census: some BlobCensus,
        _ progress: inout RepairProgress,
        _ isCancelled: () -> Bool,
        _ report: (RepairProgress) -> Void
    ) throws -> Bool {
        var last: BlobID?
        while true {
            let page = try census.blobs(after: last, limit: Self.censusPage)
            guard let end = page.last else { return true }
            for id in page {
                guard !isCancelled() else { return false }
                try spread(id, census, &progress)
                report(progress)
            }
            last = end
        }
    }

    /// Copies the blobs that were noted; false when it was cancelled.
    ///
    /// One that nobody has committed yet stays noted.
    private func spreadThin(
        _ census: some BlobCensus,
        _ progress: inout RepairProgress,
        _ isCancelled: () -> Bool
    ) throws -> Bool {
        for id in standing.withLock({ $0.thin.sorted() }) {
            guard !isCancelled() else { return false }
            // In this order: of what is settled the census knows whether anything names it.
            let isUnsettled = unsettled.contains(id)
            if try census.isWanted(id) {
                try spread(id, census, &progress)
            } else if isUnsettled {
                continue
            }
            standing.withLock { _ = $0.thin.remove(id) }
        }
        return true
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
        var missing = copies - kept.count
        guard missing > 0 else { return }
        for member in placement(without: kept.map(\.id)).prefix(missing) {
            guard let volume = member.volume else { continue }
            do throws(VolumeError) {
                try copyBlob(id, to: volume)
                progress.copied += 1
                missing -= 1
            } catch .blobMissing, .payloadDamaged, .blobInvalid {
                guard try census.isWanted(id) else { return }
                progress.lost += 1
                progress.wanting += 1
                return
            } catch .outOfSpace(let error) {
                throw VolumeError.outOfSpace(error)
            } catch {
                try takeOut(member, error)
            }
        }
        guard try census.isWanted(id) else {
            // Removed while it was copied: the copy would be litter.
            return try census.discard(id)
        }
        if missing > 0 { progress.wanting += 1 }
    }

    /// Notes that the volumes which take writes have all that they should, and that everything is on as
    /// many of them as wanted, if it is.
    private func conclude() throws(VolumeError) {
        let writable = members.filter { $0.writable != nil }
        let behind = standing.withLock { $0.membership?.behind ?? [] }
        let caughtUp = writable.filter { behind.contains($0.id) }
        let mayBeWhole = standing.withLock { lacksNothing($0, on: writable) }
        guard !caughtUp.isEmpty || mayBeWhole else { return }
        try change { standing in
            for member in caughtUp { standing.membership?.setCurrent(member.id) }
            // Again: a volume may have been taken out meanwhile.
            if lacksNothing(standing, on: writable) { standing.membership?.setWhole() }
        }
        for member in caughtUp { onEvent(.current(directory: member.directory)) }
    }

    /// Whether nothing hinders that it is said that everything has its copies.
    private func lacksNothing(_ standing: Standing, on writable: [VolumeMember]) -> Bool {
        standing.membership?.isThin == true && !standing.isCensusWanted && standing.thin.isEmpty
            && standing.logHolders.count >= copies && writable.count >= copies
    }
}
