import StorageModel

/// How far a log is flushed on every volume that holds it.
struct LogFlushState {
    /// All before it is flushed.
    var position: LogPosition
    /// When the first record after it was appended, or before.
    var unflushedSince = ContinuousClock.Instant.now
}

/// What of the log a power loss would take away.
public struct UnflushedLog: Hashable, Sendable {
    /// Its length, in bytes.
    public let bytes: Int64
    /// How long the oldest of it has been acknowledged, at most; zero if there is none.
    public let age: Duration

    /// Makes a value of its parts.
    public init(bytes: Int64, age: Duration) {
        self.bytes = bytes
        self.age = age
    }
}

// With `Durability.relaxed` an append is acknowledged before it is flushed. Whoever destroys what an
// earlier state needs, or writes down elsewhere what the log holds, flushes first: `removeSegment`,
// `punch` and `createSnapshot` do, and a new segment begins on no volume before all have flushed.

extension VolumeSet {
    /// Makes all records durable that were appended before the call, on every volume that holds the
    /// log; appends go on meanwhile.
    ///
    /// Does nothing if all is flushed, as it always is with ``Durability/strict``. A volume that fails
    /// while another is left is taken out.
    ///
    /// - Throws: `.volumeFailed`, `.closed`; what is not flushed may then be lost.
    public func flush() throws(VolumeError) {
        guard durability == .relaxed else { return }
        try flushing.withLock { _ throws(VolumeError) in
            let began = ContinuousClock.now
            // Between appends all holders are alike.
            let (holders, end) = appending.withLock { _ in
                (standing.withLock { $0.logHolders }, logEnd)
            }
            guard end > flushed.withLock({ $0.position }) else { return }
            let failed = Self.flush(holders)
            if !failed.isEmpty {
                try appending.withLock { _ throws(VolumeError) in
                    try takeOut(failed, of: holders)
                }
            }
            noteFlushed(end, began: began)
        }
    }

    /// Flushes while nothing is appended.
    func flushWhileAppending(_ holders: [VolumeMember]) throws(VolumeError) {
        let end = logEnd
        let failed = Self.flush(holders)
        try takeOut(failed, of: holders)
        noteFlushed(end, began: ContinuousClock.now)
    }

    /// One after the other, on the caller's thread: those of the volumes are for appends.
    private static func flush(
        _ holders: [VolumeMember]
    ) -> [(member: VolumeMember, error: VolumeError)] {
        var failed: [(member: VolumeMember, error: VolumeError)] = []
        for member in holders {
            do throws(VolumeError) {
                guard let volume = member.volume else { throw .volumeFailed }
                try volume.flushLog()
            } catch {
                failed.append((member, error))
            }
        }
        return failed
    }

    /// - Throws: The failure of the only holder that was left; `.volumeFailed` when that of others
    ///   cannot be told.
    private func takeOut(
        _ failed: [(member: VolumeMember, error: VolumeError)],
        of holders: [VolumeMember]
    ) throws(VolumeError) {
        if failed.count == holders.count { throw failed.first?.error ?? .volumeFailed }
        do throws(VolumeError) {
            for (member, error) in failed { try takeOut(member, error) }
            try requireCounted(holders.filter { one in !failed.contains { $0.member === one } })
        } catch {
            // As after an append that cannot be told.
            for member in holders { member.volume?.health.fail() }
            throw .volumeFailed
        }
    }

    private func noteFlushed(_ end: LogPosition, began: ContinuousClock.Instant) {
        flushed.withLock { state in
            guard end > state.position else { return }
            // What came after may have come as soon as the flush began.
            state = LogFlushState(position: end, unflushedSince: began)
        }
    }

    /// Notes that a batch is being appended that is flushed later.
    func noteUnflushed() {
        let end = logEnd
        flushed.withLock { state in
            if end <= state.position { state.unflushedSince = .now }
        }
    }

    /// How an append is to be flushed.
    var flushOfAppend: LogFlush {
        switch durability {
        case .strict: .now
        case .relaxed: .later(flushed: flushed.withLock { $0.position })
        }
    }

    /// How far the log is flushed, of what is before an address in it.
    ///
    /// Never waits.
    public func flushed(before end: LogPosition) -> LogPosition {
        switch durability {
        case .strict: end
        case .relaxed: min(end, flushed.withLock { $0.position })
        }
    }

    /// What a power loss would take away now.
    ///
    /// Never waits.
    public var unflushed: UnflushedLog {
        guard durability == .relaxed else { return UnflushedLog(bytes: 0, age: .zero) }
        let end = logEnd
        let state = flushed.withLock { $0 }
        guard end > state.position else { return UnflushedLog(bytes: 0, age: .zero) }
        return UnflushedLog(
            bytes: end.bytes - state.position.bytes,
            age: ContinuousClock.now - state.unflushedSince
        )
    }

    /// The checksum of the last record before an address, which hangs on all records before it.
    ///
    /// - Parameter position: The end of a record.
    /// - Returns: `nil` if no volume has a record that ends there.
    /// - Throws: The failure of a volume, if no other can tell.
    public func chain(at position: LogPosition) throws(VolumeError) -> UInt64? {
        var failure: VolumeError?
        for volume in logVolumes {
            do throws(VolumeError) {
                if let checksum = try volume.chain(at: position) { return checksum }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return nil
    }
}
