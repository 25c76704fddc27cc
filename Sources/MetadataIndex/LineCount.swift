import SQLiteDatabase
import StorageModel

/// The running totals of a line: the table `total`.
struct LineCount: Hashable {
    /// What the line shows.
    ///
    /// While it was not counted, what that differs by from what it began with.
    var shown: LineTotal
    /// Whether what the line began with is in ``shown``.
    var isCounted: Bool
    /// The rows of the line itself that hold an object.
    var keptRows: Int64
    /// The lengths of their objects together, in bytes; wraps, as those of copies may.
    var keptBytes: Int64

    /// The counts of a line that begins with nothing.
    static let empty = LineCount(shown: .empty, isCounted: true, keptRows: 0, keptBytes: 0)
}

/// Whether keys are hashed when they are counted.
enum CountedHash {
    case withHash
    case withoutHash
}

extension LineTotal {
    /// The total of one key.
    init(
        _ key: some Sequence<UInt8>,
        entityTag: String,
        sizeBytes: Int64,
        _ hash: CountedHash
    ) {
        let element: ContentHash =
            switch hash {
            case .withHash: ContentHash(key: key, entityTag: entityTag, sizeBytes: sizeBytes)
            case .withoutHash: .empty
            }
        self.init(keys: 1, bytes: sizeBytes, contentHash: element)
    }

    /// Reads the columns keys, bytes, hash_high and hash_low, from one on.
    init(row: Statement, from column: Int32) {
        self.init(
            keys: row.int64(at: column),
            bytes: row.int64(at: column + 1),
            contentHash: ContentHash(
                high: UInt64(bitPattern: row.int64(at: column + 2)),
                low: UInt64(bitPattern: row.int64(at: column + 3))
            )
        )
    }
}

extension IndexReader {
    /// The counts of a line as the table has them; nil for a line that has none.
    func lineCount(_ line: LineID) throws(SQLiteError) -> LineCount? {
        let find = try connection.statement(
            """
            SELECT keys, bytes, hash_high, hash_low, counted, kept_rows, kept_bytes
            FROM total WHERE line = ?1
            """
        )
        try find.bind(line.number, at: 1)
        return try find.first { row in
            LineCount(
                shown: LineTotal(row: row, from: 0),
                isCounted: row.int64(at: 4) != 0,
                keptRows: row.int64(at: 5),
                keptBytes: row.int64(at: 6)
            )
        }
    }

    /// How many objects the rows of a line itself hold.
    public func keptRowCount(of line: LineID) throws(SQLiteError) -> Int {
        Int(clamping: try lineCount(line)?.keptRows ?? 0)
    }

    /// Writes the counts of a line.
    func store(_ count: LineCount, of line: LineID) throws(SQLiteError) {
        let insert = try connection.statement(
            """
            INSERT OR REPLACE INTO total(
                line, keys, bytes, hash_high, hash_low, counted, kept_rows, kept_bytes)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """
        )
        try insert.bind(line.number, at: 1)
        try insert.bind(count.shown.keys, at: 2)
        try insert.bind(count.shown.bytes, at: 3)
        try insert.bind(Int64(bitPattern: count.shown.contentHash.high), at: 4)
        try insert.bind(Int64(bitPattern: count.shown.contentHash.low), at: 5)
        try insert.bind(count.isCounted ? 1 : 0, at: 6)
        try insert.bind(count.keptRows, at: 7)
        try insert.bind(count.keptBytes, at: 8)
        try insert.run()
    }

    /// Counts the rows of a line itself that hold an object, and their lengths.
    func keptRows(_ line: LineID) throws(SQLiteError) -> (rows: Int64, bytes: Int64) {
        let sizes = try connection.prepare(
            "SELECT size FROM object WHERE line = ?1 AND entry IS NOT NULL"
        )
        try sizes.bind(line.number, at: 1)
        var rows: Int64 = 0
        var bytes: Int64 = 0
        while try sizes.step() {
            rows += 1
            bytes &+= sizes.int64(at: 0)
        }
        return (rows, bytes)
    }

    /// Whether it is not known what a line began with.
    public func isUncounted(_ line: LineID) throws(SQLiteError) -> Bool {
        try lineCount(line).map { !$0.isCounted } ?? false
    }

    /// What a line began with, if that was not counted when it was made; nil if it was.
    ///
    /// Some two microseconds per key.
    public func uncounted(_ line: LineID) throws(SQLiteError) -> LineTotal? {
        try snapshot { () throws(SQLiteError) -> LineTotal? in
            guard let count = try lineCount(line), !count.isCounted else { return nil }
            var total = try countShown(line, .withHash)
            total.remove(count.shown)
            return total
        }
    }

    /// Counts what a line shows by walking over it.
    ///
    /// In a namespace's own line, keys in the places of versions with lines of their own are left out.
    func countShown(_ line: LineID, _ hash: CountedHash) throws(SQLiteError) -> LineTotal {
        var total = LineTotal.empty
        let isOwn = try facts(of: line)?.isOwn ?? false
        let cursor = try LineCursor(self, line: line, slot: .count)
        try cursor.seek([])
        while let row = try cursor.next() {
            if isOwn, let region = try region(of: row.key, namespace: line) {
                guard let after = KeyBytes.successor(Array(region.utf8)) else { break }
                try cursor.seek(after)
                continue
            }
            guard let entityTag = row.entityTag else { continue }
            total.add(
                LineTotal(row.key, entityTag: entityTag, sizeBytes: row.sizeBytes, hash)
            )
        }
        return total
    }

    /// The prefix of the version with a line of its own in whose place a namespace's key is.
    func region(of key: [UInt8], namespace: LineID) throws(SQLiteError) -> String? {
        guard key.contains(UInt8(ascii: ":")),
            let versioned = VersionedKey(
                ObjectKey(trusted: String(decoding: key, as: UTF8.self))
            ),
            try versionLine(namespace: namespace, prefix: versioned.keyPrefix) != nil
        else { return nil }
        return versioned.keyPrefix
    }
}
