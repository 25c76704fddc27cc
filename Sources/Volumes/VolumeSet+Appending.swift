import StorageFormats
import StorageModel

extension VolumeSet {
    /// Appends records, in order, with one write on each volume that holds the log, and makes them
    /// durable with one flush on each, which with ``Durability/relaxed`` comes later.
    ///
    /// When it throws, none of the records counts: `.outOfSpace` and `.writeFailed` leave the log
    /// usable, after `.volumeFailed` it takes no more. A volume that fails while another takes the
    /// records is taken out.
    ///
    /// - Parameters:
    ///   - records: The records.
    ///   - position: ``logEnd``, as it was when the caller made them.
    ///   - work: Called once before this returns, while the disk writes if the log is on one volume and
    ///     before anything is written otherwise; not always when no record gets into the log. It must not
    ///     call the volumes.
    /// - Returns: Where each record went, or that none is in the log, since it would have gone
    ///   elsewhere.
    /// - Throws: ``VolumeError``, as above.
    public func append(
        _ records: [LogRecord],
        at position: LogPosition,
        meanwhile work: () -> Void = {}
    ) throws(VolumeError) -> AppendOutcome {
        guard !records.isEmpty else { return .appended([]) }
        return try appending.withLock { _ throws(VolumeError) in
            let holders = standing.withLock { $0.logHolders }
            let flush = flushOfAppend
            if flush != .now { noteUnflushed() }
            guard holders.count > 1 else {
                guard let volume = holders.first?.volume else { throw .volumeFailed }
                return try volume.append(records, at: position, flush, meanwhile: work)
            }
            work()
            return try append(records, at: position, flush, to: holders)
        }
    }

    private func append(
        _ records: [LogRecord],
        at position: LogPosition,
        _ flush: LogFlush,
        to holders: [VolumeMember]
    ) throws(VolumeError) -> AppendOutcome {
        let holders = try present(holders, for: records)
        // Or one might have a sealed segment that another lost the end of.
        if flush != .now,
            holders.contains(where: { $0.volume?.needsSegment(for: records) ?? false })
        {
            try flushWhileAppending(holders)
        }
        let results = threads.perform(holders) { member throws(VolumeError) in
            guard let volume = member.volume else { throw .volumeFailed }
            return try volume.append(records, at: position, flush)
        }
        var outcome: AppendOutcome?
        var failed: [(member: VolumeMember, error: VolumeError)] = []
        for (member, result) in zip(holders, results) {
            switch result {
            case .success(let one) where outcome == nil || outcome == one: outcome = one
            // Copies of a log are alike, or they are none.
            case .success: failed.append((member, .volumeFailed))
            case .failure(let error): failed.append((member, error))
            }
        }
        guard let outcome else { throw allFailed(failed) }
        do throws(VolumeError) {
            for (member, error) in failed { try takeOut(member, error) }
            try requireCounted(holders.filter { one in !failed.contains { $0.member === one } })
        } catch {
            // The records are in a log, and nobody is told so: nothing may follow them there before
            // a restart has read them.
            for member in holders { member.volume?.health.fail() }
            throw .volumeFailed
        }
        return outcome
    }

    /// Takes out the volumes whose folder is gone: a file that is open takes what is appended, though
    /// nobody will ever find it.
    ///
    /// One that is full refuses before any takes the records, so that they stay alike.
    ///
    /// - Returns: Those that are left.
    private func present(
        _ holders: [VolumeMember],
        for records: [LogRecord]
    ) throws(VolumeError) -> [VolumeMember] {
        let bytes = Self.roomBytes(for: records)
        var gone: [(member: VolumeMember, error: VolumeError)] = []
        for member in holders {
            do throws(VolumeError) {
                guard let volume = member.volume, try volume.space().availableBytes < bytes else {
                    continue
                }
            } catch {
                if case .readFailed(let disk) = error, disk.code == .notFound {
                    gone.append((member, error))
                }
                continue
            }
            throw .outOfSpace(.full(member.directory))
        }
        guard !gone.isEmpty, gone.count < holders.count else { return holders }
        for (member, error) in gone { try takeOut(member, error) }
        return holders.filter { member in !gone.contains { $0.member === member } }
    }

    /// What a batch may take of a disk, in bytes.
    private static func roomBytes(for records: [LogRecord]) -> Int64 {
        Int64(records.reduce(1 << 20) { $0 + $1.body.count + $1.payload.bytes.count })
    }

    /// What becomes of a log that no volume took records for.
    func allFailed(
        _ failed: [(member: VolumeMember, error: VolumeError)]
    ) -> VolumeError {
        guard let first = failed.first else { return .volumeFailed }
        let isFull = failed.allSatisfy { if case .outOfSpace = $0.error { true } else { false } }
        let tip = first.member.volume?.logTip
        let areAlike = failed.allSatisfy { $0.member.volume?.logTip?.end == tip?.end }
        if isFull && areAlike { return first.error }
        for failure in failed { failure.member.volume?.health.fail() }
        return .volumeFailed
    }

    /// A volume that is full refuses before any takes the records, so that they stay alike.
    func checkRoom(
        for records: [LogRecord],
        on holders: [VolumeMember]
    ) throws(VolumeError) {
        let bytes = Self.roomBytes(for: records)
        for volume in holders.compactMap(\.volume) {
            guard let space = try? volume.space(), space.availableBytes < bytes else {
                continue
            }
            throw .outOfSpace(.full(volume.directory))
        }
    }

    /// Visits the changes of the log in order, from a position to the present end; where a volume's
    /// copy cannot be read, on with another's.
    ///
    /// - Parameters:
    ///   - start: `LogPosition(0)` for the very beginning, or the position or end of a record.
    ///   - visit: Takes each record; what it throws ends the replay.
    /// - Throws: ``VolumeError``: `.logTooShort`, `.logBeginsLater`, `.logDamaged`, …; what `visit`
    ///   throws.
    public func replay(
        from start: LogPosition,
        _ visit: (ReplayedRecord) throws -> Void
    ) throws {
        var position = start
        var volumes = logVolumes[...]
        var failure = VolumeError.volumeFailed
        while let volume = volumes.popFirst() {
            var cursor: LogCursor
            do throws(VolumeError) { cursor = try volume.cursor(from: position) } catch {
                failure = error
                continue
            }
            reading: while true {
                let record: ReplayedRecord?
                do throws(VolumeError) { record = try cursor.next() } catch {
                    failure = error
                    break reading
                }
                guard let record else { return }
                try visit(record)
                position = record.place.end
            }
        }
        throw failure
    }
}
