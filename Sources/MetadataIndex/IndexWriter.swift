import SQLiteDatabase
import StorageFormats
import StorageModel

/// The one connection that changes the index; belongs to the thread that made it.
///
/// A batch is ``begin()``, any number of ``apply(_:recordPayload:segment:)``, and ``commit(applied:chain:flushed:)`` or
/// ``rollback()``. Applying is deterministic: the same changes on the same index give the same
/// index, whatever was asked in between.
///
/// Invariants, held at every commit:
/// - `state.applied` is the end of the log record of the last change in the tables.
/// - A blob's `refs` is the number of extents in `object` and `part` that name it; a blob with none
///   has no row.
/// - The counts of a segment in `segment` are those of the extents in `object` and `part` that lie in
///   it; a segment of which nothing is named has no row.
/// - A row of `object` is shown by its line or by a fork of it; rows that nothing shows are gone, but for
///   those of lines that `sweep` names and of their parents.
/// - The row of a line in `total` equals what a walk over the line finds.
/// - A path has a row in `tally` exactly when its shown row in `node` is an array, and the row
///   equals what ``recount(_:)`` finds.
public final class IndexWriter {
    /// Asks of the open transaction, or of the last commit if none is open.
    public let reader: IndexReader
    /// How far the index has come, the open transaction included.
    public private(set) var state: IndexState
    /// The blobs that lost their last reference in the open transaction.
    public private(set) var freedBlobs: [BlobID] = []
    /// Tallies that were touched in the open transaction and are not written yet.
    var touchedTallies: [LinePath: ChunkTally] = [:]
    /// Totals of lines that were touched in the open transaction and are not written yet.
    var touchedCounts: [LineID: LineCount] = [:]
    /// What lines are, as the open transaction has them.
    var knownLines: [LineID: LineFacts] = [:]
    /// What is remembered from one plain write to the next; nil while something else is applied.
    var remembered: RememberedFacts?
    /// What keys show that are about to be written, as of ``foresee(_:)``; nil where they show nothing.
    var foreseen: [LineKey: IndexReader.Visible?] = [:]
    /// The number of the last event, the open transaction included.
    var lastEvent: Int64
    /// How many events of each namespace, by line, the last transaction had.
    var newEvents: [LineID: Int64] = [:]
    /// How many events of a namespace are kept, as of the last transaction that had some.
    var keptEvents: [LineID: Int64] = [:]
    /// The namespaces, by line, that have events of the last transaction.
    public var eventNamespaces: Set<LineID> { Set(newEvents.keys) }
    /// Versions, by the line that they were opened with, that keep so many commits only and got one more,
    /// or another bound, in the last transaction.
    public internal(set) var retainingVersions: Set<LineID> = []
    /// Lines of versions that a draft went into, or did not, in the last transaction.
    public internal(set) var draftlessLines: Set<LineID> = []
    /// Whether the last transaction left rows to be swept.
    public internal(set) var hasSweepBegun = false
    /// The sum over all references to blobs, the open transaction included.
    private(set) var references: ReferenceSum
    /// What the rows name of each segment of the log; read when the first batch begins.
    private(set) var ledger = LogLedger([])
    private var hasLedger = false
    /// The first address of the segment of the change that is being applied.
    private var newestSegment = LogPosition(0)

    let connection: Connection
    private var committedState: IndexState
    private var committedReferences: ReferenceSum
    private var committedEvent: Int64

    init(_ connection: Connection, state: IndexState) throws(SQLiteError) {
        self.connection = connection
        self.state = state
        references = try Self.keptReferences(connection)
        committedReferences = references
        reader = IndexReader(connection)
        committedState = state
        lastEvent = try reader.lastEventNumber()
        committedEvent = lastEvent
    }

    /// Begins a batch.
    public func begin() throws(SQLiteError) {
        try connection.beginImmediate()
        forget()
        guard !hasLedger else { return }
        ledger = LogLedger(try reader.liveSegments())
        hasLedger = true
    }

    /// Makes the batch visible to readers.
    ///
    /// - Parameters:
    ///   - applied: The end of the log record of the last change.
    ///   - chain: The checksum of that record; `nil` if it is not known.
    ///   - flushed: What is known to be flushed of the log before `applied`; `nil` for all of it.
    /// - Throws: `SQLiteError`; the batch must then be rolled back.
    public func commit(
        applied: LogPosition,
        chain: UInt64? = nil,
        flushed: LogPosition? = nil
    ) throws(SQLiteError) {
        try flushTallies()
        try flushCounts()
        try flushLedger()
        try pruneEvents()
        state.applied = applied
        state.chain = chain
        state.flushed = flushed ?? applied
        let update = try connection.statement(
            """
            UPDATE state SET applied = ?1, sequence = ?2, last_line = ?3, flushed = ?4, chain = ?5,
                refs_sum = ?6, last_event = ?7
            WHERE id = 1
            """
        )
        try update.bind(applied.bytes, at: 1)
        try update.bind(state.sequence, at: 2)
        try update.bind(state.lastLine.number, at: 3)
        try update.bind(state.flushed.bytes, at: 4)
        try update.bind(chain.map { Int64(bitPattern: $0) }, at: 5)
        try update.bind(Int64(bitPattern: references.value), at: 6)
        try update.bind(lastEvent, at: 7)
        try update.run()
        try connection.commit()
        ledger.commit()
        committedState = state
        committedReferences = references
        committedEvent = lastEvent
    }

    /// Forgets what a transaction gathered.
    private func forget() {
        freedBlobs = []
        touchedTallies = [:]
        touchedCounts = [:]
        knownLines = [:]
        remembered = nil
        foreseen = [:]
        newEvents = [:]
        retainingVersions = []
        draftlessLines = []
        hasSweepBegun = false
        ledger.rollback()
    }

    private static func keptReferences(
        _ connection: Connection
    ) throws(SQLiteError) -> ReferenceSum {
        let kept = try connection.statement("SELECT refs_sum FROM state WHERE id = 1")
        return ReferenceSum(try kept.first { UInt64(bitPattern: $0.int64(at: 0)) } ?? 0)
    }

    /// Notes that all of the log that the tables hold is flushed; no batch may be open.
    public func noteFlushed() throws(SQLiteError) {
        guard state.flushed < state.applied else { return }
        try connection.writeTransaction { () throws(SQLiteError) in
            try connection.execute("UPDATE state SET flushed = applied WHERE id = 1")
        }
        state.flushed = state.applied
        committedState = state
    }

    /// Undoes the batch.
    public func rollback() throws(SQLiteError) {
        state = committedState
        references = committedReferences
        lastEvent = committedEvent
        keptEvents = [:]
        forget()
        try connection.rollback()
    }

    /// Applies a change.
    ///
    /// - Parameters:
    ///   - change: The change; its number is greater than any applied before.
    ///   - recordPayload: The payload of its log record, if it has one.
    ///   - segment: The first address of the segment that the record is in.
    /// - Throws: `SQLiteError`; the batch must then be rolled back.
    public func apply(
        _ change: Change,
        recordPayload: Extent?,
        segment: LogPosition
    ) throws(SQLiteError) {
        guard change.sequence > state.sequence else { throw .inapplicable("sequence") }
        state.sequence = change.sequence
        newestSegment = segment
        if change.operation.isPlainWrite {
            if remembered == nil { remembered = RememberedFacts() }
        } else {
            remembered = nil
            foreseen = [:]
        }
        let context = ChangeContext(
            sequence: change.sequence,
            time: change.time,
            actor: change.actor,
            tellsEvents: change.tellsEvents,
            recordPayload: recordPayload
        )
        switch change.operation {
        case .createNamespace(let name, let owner, let access, let line):
            try createNamespace(name, owner, access, line, context)
        case .deleteNamespace(let line): try deleteNamespace(line)
        case .setAccess(let access, let line): try setAccess(access, line)
        case .addPrincipal(let principal): try addPrincipal(principal)
        case .removePrincipal(let name): try removePrincipal(name)
        case .putObject(let write): try put(write, context)
        case .deleteObjects(let places): for place in places { try delete(place, context) }
        case .createUpload(let creation): try createUpload(creation, context)
        case .putPart(let part): try putPart(part, context)
        case .completeUpload(let id, let write): try completeUpload(id, write, context)
        case .abortUpload(let id): try dropUpload(id)
        case .openVersion(let opening): try open(opening, context)
        case .relocate(let relocations): try relocate(relocations, context)
        case .putObjects(let writes, let deleted):
            for write in writes { try put(write, context) }
            for place in deleted { try delete(place, context) }
        case .forkVersion, .commitVersion, .sealVersion, .rollBackVersion, .renameVersions,
            .removeVersion, .retainCommits, .forgetCommits, .commitDraft, .adoptDraft,
            .countLine, .forgetDeletions, .sweep:
            try applyToVersions(change.operation, context)
        }
    }

    /// Moves pages of SQLite's log into the database; `.truncate` also empties it.
    public func checkpoint(_ mode: Connection.CheckpointMode) throws(SQLiteError) {
        _ = try connection.checkpoint(mode)
    }

    /// Remembers that a line number was given out.
    func note(_ line: LineID) {
        state.lastLine = max(state.lastLine, line)
    }

    // MARK: - References to blobs and to the log

    /// Counts the references of a payload that some row now holds.
    func addReferences(_ payload: Payload) throws(SQLiteError) {
        for extent in payload.extents {
            let id: BlobID
            switch extent {
            case .blob(let blob, _, _): id = blob
            case .inline(let position, let length, _):
                guard ledger.add(position, bytes: Int64(length), newest: newestSegment) else {
                    throw .unreadable("segment")
                }
                continue
            }
            let add = try connection.statement(
                """
                INSERT INTO blob(id, refs) VALUES (?1, 1)
                ON CONFLICT(id) DO UPDATE SET refs = refs + 1
                """
            )
            try add.bind(Int64(bitPattern: id.number), at: 1)
            try add.run()
            references.add(id)
        }
    }

    /// Takes back the references of a payload that a row held; frees blobs that lose their last.
    func dropReferences(_ payload: Payload) throws(SQLiteError) {
        for extent in payload.extents {
            let id: BlobID
            switch extent {
            case .blob(let blob, _, _): id = blob
            case .inline(let position, let length, _):
                guard ledger.drop(position, bytes: Int64(length)) else {
                    throw .unreadable("segment")
                }
                continue
            }
            let drop = try connection.statement(
                "UPDATE blob SET refs = refs - 1 WHERE id = ?1 RETURNING refs"
            )
            try drop.bind(Int64(bitPattern: id.number), at: 1)
            guard let refs = try drop.first({ $0.int64(at: 0) }) else {
                throw .unreadable("blob.refs")
            }
            references.drop(id)
            guard refs == 0 else { continue }
            let delete = try connection.statement("DELETE FROM blob WHERE id = ?1")
            try delete.bind(Int64(bitPattern: id.number), at: 1)
            try delete.run()
            freedBlobs.append(id)
        }
    }
}

/// What every part of applying a change needs to know of it.
struct ChangeContext {
    let sequence: Int64
    let time: WallTime
    /// Who asked for it.
    let actor: PrincipalName?
    /// Whether what happens is told to those who follow a namespace.
    let tellsEvents: Bool
    let recordPayload: Extent?
}
