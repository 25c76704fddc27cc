import HeapModule
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
/// Only within one snapshot. Each level of parents has a statement of its own, so that cursors with
/// different slots can be walked at the same time on one connection. A step costs as much as the
/// logarithm of the number of levels.
final class LineCursor {
    /// A line of the chain: the walked one first, then its parent, and so on.
    private struct Level {
        let rows: RowCursor
        /// What the keys of this line begin with that are in the walked one; it is left out there.
        let prefix: [UInt8]

        /// The next row, with the key that it has in the walked line.
        func next() throws(SQLiteError) -> ListedRow? {
            guard var row = try rows.next(), KeyBytes.hasPrefix(row.key, prefix) else { return nil }
            if !prefix.isEmpty { row.key.removeFirst(prefix.count) }
            return row
        }
    }

    /// The next row of a level; of equal keys, that of the line which hides the others comes first.
    private struct Ahead: Comparable {
        let row: ListedRow
        let level: Int

        static func < (left: Ahead, right: Ahead) -> Bool {
            if KeyBytes.precedes(left.row.key, right.row.key) { return true }
            return left.level < right.level && left.row.key == right.row.key
        }

        static func == (left: Ahead, right: Ahead) -> Bool {
            left.level == right.level && left.row.key == right.row.key
        }
    }

    private var levels: [Level] = []
    private var ahead = Heap<Ahead>()

    /// Makes a cursor over a line as of a change; ``seek(_:)`` comes before ``next()``.
    init(
        _ reader: IndexReader,
        line: LineID,
        slot: CursorSlot,
        atMost sequence: Int64 = .max
    ) throws(SQLiteError) {
        var (line, sequence, prefix) = (line, sequence, [UInt8]())
        while true {
            let rows = try RowCursor(
                reader,
                line: line,
                slot: slot,
                level: levels.count,
                atMost: sequence
            )
            levels.append(Level(rows: rows, prefix: prefix))
            guard let parent = try reader.parent(of: line) else { return }
            guard levels.count < IndexReader.levelsMax else { throw .unreadable("line.parent") }
            (line, sequence) = (parent.line, parent.sequence)
            prefix = Array(parent.prefix.utf8) + prefix
        }
    }

    /// Goes to the first key that is not before `key`.
    func seek(_ key: [UInt8]) throws(SQLiteError) {
        var found: [Ahead] = []
        for (number, level) in levels.enumerated() {
            try level.rows.seek(level.prefix + key)
            if let row = try level.next() { found.append(Ahead(row: row, level: number)) }
        }
        ahead = Heap(found)
    }

    /// The next object; nil at the end.
    func next() throws(SQLiteError) -> ListedRow? {
        while let first = ahead.min {
            try step(first.level)
            while let hidden = ahead.min, hidden.row.key == first.row.key {
                try step(hidden.level)
            }
            if first.row.entityTag != nil { return first.row }
        }
        return nil
    }

    /// Takes the row that is first, which is of a level, and puts the level's next one in its place.
    private func step(_ level: Int) throws(SQLiteError) {
        if let row = try levels[level].next() {
            ahead.replaceMin(with: Ahead(row: row, level: level))
        } else {
            ahead.removeMin()
        }
    }
}

/// Who walks: cursors with different slots can be walked at the same time on one connection.
enum CursorSlot: Int {
    /// A line that is walked by itself, or the plain keys of a namespace.
    case plain
    /// The line of a version, within a walk over its namespace.
    case version
    /// The objects of an array that are counted.
    case tally
    /// A look within other walks.
    case probe
    /// The objects of a line that are counted.
    case count
}

/// Walks the newest rows of one line itself, up to a change, deleted keys included.
final class RowCursor {
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
        slot: CursorSlot,
        level: Int,
        atMost sequence: Int64
    ) throws(SQLiteError) {
        let sql = """
            SELECT key, seq, modified, size, etag FROM object
            WHERE line = ?1 AND key >= ?2 AND seq <= ?3 ORDER BY key, seq -- \(slot) \(level)
            """
        // Long chains are rare, and would push everything else out of the connection's cache.
        statement =
            level < Self.keptLevels
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
