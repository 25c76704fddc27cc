import MetadataIndex
import SQLiteDatabase
import StorageModel
import Volumes

// What the Maintenance module needs of a store: its volumes, one by one, its index, and a way to
// keep what a copy needs from being removed. And what metrics show.

extension ObjectStore {
    /// The volumes, each to be looked at by itself.
    package var maintainedVolumes: VolumeSet { volume }

    /// Whether the index can be used; while it cannot, look-ups fail and changes wait or fail.
    ///
    /// Never waits.
    public var indexCondition: IndexCondition { health.condition }

    /// The directory that the index is in now.
    ///
    /// Never waits.
    public var indexDirectory: String { index.directory }

    /// The index.
    package var maintainedIndex: MetadataIndex { index }

    /// How far the index has come: what it shows is durable in the log up to there.
    package func indexState() throws(StoreError) -> IndexState {
        let state = try ask { reader throws(SQLiteError) in try reader.state() }
        guard let state else { throw .indexFailed }
        return state
    }

    /// Makes snapshots of the index in the place of damaged ones, and waits for that on this thread.
    ///
    /// - Returns: False if it has to be done later, since a state is being copied.
    /// - Throws: ``StoreError``, ``StoreError/outOfSpace`` and ``StoreError/closed`` among them.
    package func replaceSnapshots(_ damaged: [StoredSnapshot]) throws(StoreError) -> Bool {
        guard case .replaced(let isDone) = try reclaimer.performWaiting(.replaceSnapshots(damaged))
        else { preconditionFailure("an outcome is of the kind of its request") }
        return isDone
    }

    /// Makes damaged records of the log needless, those that were met before among them, and waits for
    /// that on this thread: they are listed, and snapshots of the index are made behind them.
    ///
    /// - Parameter damaged: Records that cannot be read on any volume, and that the index holds.
    /// - Returns: False if it has to be done later, since a state is being copied.
    /// - Throws: ``StoreError``, ``StoreError/outOfSpace`` and ``StoreError/closed`` among them.
    package func coverDamage(_ damaged: [LogAudit.Damage]) throws(StoreError) -> Bool {
        guard case .covered(let isDone) = try reclaimer.performWaiting(.coverDamage(damaged))
        else { preconditionFailure("an outcome is of the kind of its request") }
        return isDone
    }

    /// Keeps blobs and pieces of the log from being removed.
    package func holdRemovals() -> RemovalHold { upkeep.gate.hold() }

    /// How many changes wait to be committed.
    ///
    /// Never waits.
    public var queuedChanges: Int { queue.count }

    /// What was committed since the store was opened.
    ///
    /// Never waits.
    public var commits: CommitStatistics { meter.snapshot }

    /// The damage that was found; shared with those who look for it.
    ///
    /// It is in line with what is stored as of the last look.
    public var damage: DamageLedger { ledger }

    /// Brings the list of damage in line with what is stored: says which objects show damaged bytes now, and
    /// takes off what nothing refers to any more.
    ///
    /// Costs little, but reads every row of the index, about a microsecond each, if one that refers to
    /// damaged bytes went since the last time. If the index cannot be read the list stays as it is.
    public func lookAtDamage() async {
        guard !ledger.records.isEmpty else { return }
        await withCheckedContinuation { continuation in
            upkeep.reporter.look(diskPool) { continuation.resume() }
        }
    }

    /// Takes off the list of damage what nothing refers to any more, as far as that can be told at once; if
    /// it cannot of something, ``lookAtDamage()`` is done in the background.
    public func dropDamageOfNothing() async {
        guard !ledger.records.isEmpty else { return }
        let (reporter, pool) = (upkeep.reporter, diskPool)
        // Without an index or threads the list stays as it is.
        let isUnclear = try? await pool.run { try reporter.census.look(.references) }
        if isUnclear == true { reporter.look(pool) }
    }

    /// As ``lookAtDamage()``, on the calling thread.
    ///
    /// - Throws: `SQLiteError`.
    package func lookAtDamageBlocking() throws(SQLiteError) {
        try upkeep.reporter.census.look(.names)
    }

    /// The state of each volume, without the room on its disk.
    ///
    /// Never waits.
    public var volumeConditions: [VolumeReport] { volume.reports(.withoutSpace) }

    /// How each volume does.
    ///
    /// - Throws: ``StoreError/closed``.
    public func volumeReports() async throws(StoreError) -> [VolumeReport] {
        let volume = volume
        return try await diskPool.perform { () throws(StoreError) in volume.reports(.withSpace) }
    }
}
