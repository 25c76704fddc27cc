import Logging
import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// Decides proposals and makes them durable, a batch at a time; lives on one thread.
///
/// Order of a batch: every proposal is decided against the state that all before it have made; all
/// accepted changes go to the log with one flush, and are applied to the open index transaction before
/// that or meanwhile; the index commits; the names are published; only then is anybody answered. So a
/// reader never sees a change that could still be lost, and a writer that was answered sees its own.
/// With ``Durability/relaxed`` the flush comes later, and a power loss before it takes away what was seen.
///
/// Invariants:
/// - What the index shows is in the log, and flushed unless it is flushed later.
/// - If the log refuses a batch, nothing of it is in the index.
/// - If the index fails after the log took a batch, `isBehind` is set, and no batch is taken before
///   the log was replayed into the index.
final class Committer {
    let volume: VolumeSet
    let index: MetadataIndex
    /// Of the index that is used now; another one after its disk failed.
    var writer: IndexWriter
    let limits: StoreLimits
    let root: Principal?
    /// The names with what the open batch did to them.
    var names: NameTable
    /// What the open batch has given out, to tell the next number.
    private var nextSequence: Int64 = 0
    private var nextLine: Int64 = 0
    /// When the open batch is decided.
    private(set) var batchTime = WallTime(milliseconds: 0)
    var isBehind = false
    /// Whether the open batch may take no room on the disk.
    private var isNearlyFull = false
    var uncheckpointedChanges = 0
    /// What is decided next, as far as it was taken while a batch was flushed.
    var gathered = CommitBatch()
    /// Why the index cannot be used, as far as that is its disk; nil once it is made anew.
    var indexFailure: SQLiteError?
    /// Whose index was found not to be what SQLite wrote.
    var markedDirectory: String?
    /// Where the index was not yet; see ``moveIndex()``.
    var spareIndexDirectories: [String]

    let configuration: ObjectStoreConfiguration
    let directory: NameDirectory
    let queue: CommitQueue
    let upkeep: Upkeep
    let reserve: DiskReserve
    let health: IndexHealth
    let entries: EntryCache
    let board: EventBoard
    let meter: CommitMeter
    private let clock: @Sendable () -> WallTime
    let logger: Logger

    init(_ opened: OpenedStore) {
        volume = opened.volume
        index = opened.index
        writer = opened.writer
        configuration = opened.configuration
        spareIndexDirectories = opened.spareIndexDirectories
        limits = opened.configuration.limits
        root = opened.configuration.root
        clock = opened.configuration.clock
        names = opened.names
        directory = opened.directory
        queue = opened.queue
        upkeep = opened.upkeep
        reserve = opened.reserve
        health = opened.health
        entries = opened.entries
        board = opened.board
        meter = opened.meter
        logger = opened.logger
    }

    /// Serves the queue until it is closed and empty, then leaves the index tidy.
    func run() {
        while let batch = nextBatch() {
            if batch.items.isEmpty {
                lookAfterIndex()
                continue
            }
            let results = commit(batch)
            for (item, result) in zip(batch.items, results) { item.answer(result) }
            tidyIndex()
        }
        do {
            try volume.flush()
            try writer.noteFlushed()
            try writer.checkpoint(.truncate)
        } catch {
            logger.warning("index not checkpointed on close", metadata: ["error": "\(error)"])
        }
    }

    /// What was gathered and what waits besides, or what comes next: as ``CommitQueue/take()``.
    private func nextBatch() -> CommitBatch? {
        guard !gathered.items.isEmpty else { return queue.take() }
        guard queue.complete(&gathered) else { return CommitBatch() }
        var batch = CommitBatch()
        swap(&batch, &gathered)
        return batch
    }

    // MARK: - Numbers for decisions

    /// The number that the change now being decided will get.
    var sequence: Int64 { nextSequence }

    /// Gives out a line number; kept only if the change is.
    func newLine() -> LineID {
        nextLine += 1
        return LineID(nextLine)
    }

    // MARK: - A batch

    private typealias Outcome = Result<CommitOutcome, StoreError>

    /// What is known of one proposal before the log has spoken.
    private enum Verdict {
        case refused(StoreError)
        case unchanged(CommitOutcome)
        case accepted(Int, (Placement) -> CommitOutcome)
    }

    private func commit(_ batch: consuming CommitBatch) -> [Outcome] {
        var batch = batch
        batch.digest()
        entries.beginCommit(batch.items.flatMap(\.proposal.changedKeys))
        defer { entries.endCommit() }
        do throws(StoreError) {
            if isBehind { try catchUpWithRoom() }
            while true {
                let namesBefore = names
                let attempt = Result { () throws(StoreError) in
                    try commit(batch, at: volume.logEnd)
                }
                if case .success(let results?) = attempt { return results }
                names = namesBefore
                rollBack()
                if case .failure(let error) = attempt {
                    // Of what the log has not taken nothing is lost: it is decided again.
                    if error != .indexFailed, moveIndex() { continue }
                    guard error == .outOfSpace, !isBehind, reserve.release() else { throw error }
                }
                // The log began a segment for the batch: the addresses in it are to be made anew. Or
                // there is room now that was kept for what deletes.
            }
        } catch {
            logger.error("a batch of changes failed", metadata: ["error": "\(error)"])
            return batch.items.map { _ in .failure(error) }
        }
    }

    private func rollBack() {
        do throws(SQLiteError) {
            try writer.rollback()
        } catch {
            logger.error("index not rolled back", metadata: ["error": "\(error)"])
            isBehind = true
        }
    }

    /// Decides a batch for a position of the log, and makes it durable there.
    ///
    /// - Returns: What became of each proposal; `nil` if the log does not take the batch at that
    ///   position, and nothing is changed.
    private func commit(
        _ batch: CommitBatch,
        at logEnd: LogPosition
    ) throws(StoreError) -> [Outcome]? {
        nextSequence = writer.state.sequence + 1
        nextLine = writer.state.lastLine.number
        var accepted = AcceptedChanges(at: logEnd, segment: volume.segmentStart(of: logEnd))
        var verdicts: [Verdict] = []
        batchTime = clock()
        isNearlyFull = volume.isNearlyFull(limits)
        reserve.note(isRoomLow: isNearlyFull)
        try translating { () throws(SQLiteError) in try writer.begin() }
        for (item, digest) in zip(batch.items, batch.digests) {
            verdicts.append(try decide(item, digest, into: &accepted))
        }
        guard let places = try makeDurable(&accepted) else { return nil }
        return verdicts.map { verdict in
            switch verdict {
            case .refused(let error): .failure(error)
            case .unchanged(let outcome): .success(outcome)
            case .accepted(let index, let outcome): .success(outcome(places[index]))
            }
        }
    }

    /// Decides one proposal, and applies its change unless that can wait.
    ///
    /// - Throws: Only what ends the whole batch.
    private func decide(
        _ item: CommitQueue.Waiting,
        _ digest: [UInt8]?,
        into accepted: inout AcceptedChanges
    ) throws(StoreError) -> Verdict {
        var proposal = item.proposal
        if isNearlyFull, proposal.takesRoom { return .refused(.outOfSpace) }
        if let digest {
            do throws(StoreError) {
                proposal = try proposal.tagged(digest)
            } catch {
                return .refused(error)
            }
        }
        let mayWait = proposal.ignoresPlainWrites
        if !mayWait { try applyWaiting(&accepted) }
        let decision: Decision
        do throws(Refusal) {
            decision = try evaluate(proposal)
        } catch {
            switch error {
            case .refused(let reason): return .refused(reason)
            case .indexFailed(let failure):
                note(failure)
                throw StoreError(beforeLog: failure)
            }
        }
        switch decision {
        case .unchanged(let outcome): return .unchanged(outcome)
        case .change(let operation, let outcome):
            let change = Change(
                sequence: nextSequence,
                time: batchTime,
                actor: item.actor,
                operation: operation
            )
            let record = LogRecord(body: change.encoded(), payload: proposal.payload)
            guard record.body.count <= LogRecord.bodyBytesMax else {
                return .refused(.payloadTooLarge)
            }
            accepted.append(change, record)
            if !mayWait { try applyWaiting(&accepted) }
            nextSequence += 1
            return .accepted(accepted.count - 1, outcome)
        }
    }

    /// Has the index's own log moved into its database now and then: the bulk by the upkeep thread,
    /// the rest here, so that SQLite can begin its log anew.
    private func tidyIndex() {
        if upkeep.takeCheckpointDone() {
            do throws(SQLiteError) {
                try writer.checkpoint(.passive)
            } catch {
                logger.warning("index not checkpointed", metadata: ["error": "\(error)"])
            }
        }
        guard uncheckpointedChanges >= limits.checkpointChanges else { return }
        uncheckpointedChanges = 0
        upkeep.checkpoint()
    }
}

/// Where and as what a change became durable.
struct Placement {
    let sequence: Int64
    let time: WallTime
    let recordPayload: Extent?
}

extension LogPayload {
    /// The payload as an extent, in a record whose payload begins at a position.
    func extent(at position: LogPosition) -> Extent? {
        guard !bytes.isEmpty else { return nil }
        return .inline(
            position: position,
            lengthBytes: bytes.count,
            blockChecksums: blockChecksums
        )
    }
}
