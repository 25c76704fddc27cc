import SQLiteDatabase
import StorageModel

/// One object as a walk over keys shows it.
struct ListedRow {
    /// The key's bytes, in the line or namespace that is walked.
    var key: [UInt8]
    let sequence: Int64
    let modified: Int64
    let sizeBytes: Int64
    /// Nil for a key that was deleted.
    let entityTag: String?

    /// The row for a page of a listing; only for a row that is live.
    func listed(_ entityTag: String) -> ListedObject {
        ListedObject(
            key: ObjectKey(trusted: String(decoding: key, as: UTF8.self)),
            sizeBytes: sizeBytes,
            entityTag: entityTag,
            modified: WallTime(milliseconds: modified),
            sequence: sequence
        )
    }
}

/// Walks the objects that a line shows, its parents' included, in the order of their keys.
///
/// Only within one snapshot. Each level of parents has a statement of its own, named by `slot`, so
/// that cursors with different slots can be walked at the same time on one connection.
final class LineCursor {
    private let own: RowCursor
    private let parent: LineCursor?
    private let parentPrefix: [UInt8]
    private var parentRow: ListedRow?
    private var ownRow: ListedRow?

    /// Makes a cursor over a line as of a change; ``seek(_:)`` comes before ``next()``.
    init(
        _ reader: IndexReader,
        line: LineID,
        slot: Int,
        atMost sequence: Int64 = .max
    ) throws(SQLiteError) {
        own = try RowCursor(reader, line: line, slot: slot, atMost: sequence)
        if let origin = try reader.parent(of: line) {
            guard origin.line < line else { throw .unreadable("line.parent") }
            parentPrefix = Array(origin.prefix.utf8)
            parent = try LineCursor(
                reader,
                line: origin.line,
                slot: slot + 1,
                atMost: origin.sequence
            )
        } else {
            parentPrefix = []
            parent = nil
        }
    }

    /// Goes to the first key that is not before `key`.
    func seek(_ key: [UInt8]) throws(SQLiteError) {
        try own.seek(key)
        ownRow = try own.next()
        guard let parent else { return }
        try parent.seek(parentPrefix + key)
        try stepParent(parent)
    }

    /// The next object; nil at the end.
    func next() throws(SQLiteError) -> ListedRow? {
        while let row = try nextRow() {
            if row.entityTag != nil { return row }
        }
        return nil
    }

    /// The next key of either level, the own one hiding the parent's.
    private func nextRow() throws(SQLiteError) -> ListedRow? {
        guard let parent, let below = parentRow else {
            guard let row = ownRow else { return nil }
            ownRow = try own.next()
            return row
        }
        guard let above = ownRow, !KeyBytes.precedes(below.key, above.key) else {
            try stepParent(parent)
            return below
        }
        if above.key == below.key { try stepParent(parent) }
        ownRow = try own.next()
        return above
    }

    private func stepParent(_ parent: LineCursor) throws(SQLiteError) {
        guard var row = try parent.next(), KeyBytes.hasPrefix(row.key, parentPrefix) else {
            parentRow = nil
            return
        }
        row.key.removeFirst(parentPrefix.count)
        parentRow = row
    }
}

/// Walks the newest rows of one line itself, up to a change, deleted keys included.
final class RowCursor {
    /// Cursors that are walked at the same time have slots that are so far apart: more than a line may
    /// have parents.
    static let slotsPerCursor = 100
    /// The levels of a cursor whose statements the connection keeps.
    private static let keptLevels = 6

    private let statement: Statement
    private let line: LineID
    private let sequence: Int64
    /// The row after the one that was handed out last.
    private var ahead: ListedRow?

    init(
        _ reader: IndexReader,
        line: LineID,
        slot: Int,
        atMost sequence: Int64
    ) throws(SQLiteError) {
        let sql = """
            SELECT key, seq, modified, size, etag FROM object
            WHERE line = ?1 AND key >= ?2 AND seq <= ?3 ORDER BY key, seq -- \(slot)
            """
        // Long chains are rare, and would push everything else out of the connection's cache.
        statement =
            slot % Self.slotsPerCursor < Self.keptLevels
            ? try reader.connection.statement(sql) : try reader.connection.prepare(sql)
        self.line = line
        self.sequence = sequence
    }

    deinit {
        statement.rewind()
    }

    func seek(_ key: [UInt8]) throws(SQLiteError) {
        statement.rewind()
        try statement.bind(line.number, at: 1)
        try statement.bind(utf8: key, at: 2)
        try statement.bind(sequence, at: 3)
        ahead = try step()
    }

    func next() throws(SQLiteError) -> ListedRow? {
        guard var row = ahead else { return nil }
        ahead = try step()
        while let following = ahead, following.key == row.key {
            row = following
            ahead = try step()
        }
        return row
    }

    private func step() throws(SQLiteError) -> ListedRow? {
        guard try statement.step() else { return nil }
        return ListedRow(
            key: statement.utf8(at: 0),
            sequence: statement.int64(at: 1),
            modified: statement.int64(at: 2),
            sizeBytes: statement.int64(at: 3),
            entityTag: statement.optionalText(at: 4)
        )
    }
}
