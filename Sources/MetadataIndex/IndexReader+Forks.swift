import SQLiteDatabase
import StorageModel

/// A line that began as a prefix of another.
struct LineFork {
    let line: LineID
    let prefix: String
    /// The last change of the other that it sees.
    let sequence: Int64

    /// Where the fork has a key of the line that it began with; nil if it has none of that prefix.
    func place(of key: ObjectKey) -> LineKey? {
        guard key.text.utf8.starts(with: prefix.utf8) else { return nil }
        let rest = String(key.text.utf8.dropFirst(prefix.utf8.count)) ?? ""
        return LineKey(line: line, key: ObjectKey(trusted: rest))
    }
}

extension IndexReader {
    /// Forks that are looked at together.
    static let forksMax = 64

    /// The next forks of a line, of one prefix or of any, in the order of where they began.
    func forks(
        _ line: LineID,
        _ prefix: String?,
        after last: (sequence: Int64, line: Int64),
        upTo end: Int64
    ) throws(SQLiteError) -> [LineFork] {
        let filter = prefix == nil ? "?6 IS NULL" : "prefix = ?6"
        let find = try connection.statement(
            """
            SELECT id, prefix, fork_seq FROM line
            WHERE parent = ?1 AND (fork_seq, id) > (?2, ?3) AND fork_seq <= ?4 AND \(filter)
            ORDER BY fork_seq, id LIMIT ?5
            """
        )
        try find.bind(line.number, at: 1)
        try find.bind(last.sequence, at: 2)
        try find.bind(last.line, at: 3)
        try find.bind(end, at: 4)
        try find.bind(Int64(Self.forksMax), at: 5)
        try find.bind(prefix, at: 6)
        return try find.all {
            LineFork(
                line: LineID($0.int64(at: 0)),
                prefix: $0.text(at: 1),
                sequence: $0.int64(at: 2)
            )
        }
    }

    /// The change that made the oldest row of a line itself for a key.
    func firstRow(of place: LineKey) throws(SQLiteError) -> Int64? {
        let find = try connection.statement(
            "SELECT seq FROM object WHERE line = ?1 AND key = ?2 ORDER BY seq LIMIT 1"
        )
        try find.bind(place.line.number, at: 1)
        try find.bind(place.key.text, at: 2)
        return try find.first { $0.int64(at: 0) }
    }

    /// The change that put something newer under a key of a line itself.
    func nextRow(of place: LineKey, after sequence: Int64) throws(SQLiteError) -> Int64? {
        let find = try connection.statement(
            """
            SELECT seq FROM object WHERE line = ?1 AND key = ?2 AND seq > ?3 ORDER BY seq LIMIT 1
            """
        )
        try find.bind(place.line.number, at: 1)
        try find.bind(place.key.text, at: 2)
        try find.bind(sequence, at: 3)
        return try find.first { $0.int64(at: 0) }
    }

    /// The prefixes that a fork of a line can have and still hold a key of it: of a namespace's own line
    /// nothing, and each of the key's folders with the `/`; of any other line nil, for any.
    static func forkPrefixes(of key: ObjectKey, _ line: LineFacts) -> [String?] {
        guard line.isOwn else { return [nil] }
        let text = key.text
        var prefixes: [String?] = [""]
        for index in text.utf8.indices where text.utf8[index] == UInt8(ascii: "/") {
            prefixes.append(String(text[...index]))
        }
        return prefixes
    }

    /// Whether the present view of a line counts: that of a line which was dropped does not, and in the
    /// place of a version with a line of its own nothing of the namespace's shows.
    func showsItself(_ place: LineKey, _ line: LineFacts) throws(SQLiteError) -> Bool {
        guard line.standing != .dropped else { return false }
        guard line.isOwn, let versioned = VersionedKey(place.key) else { return true }
        return try versionLine(namespace: line.line, prefix: versioned.keyPrefix) == nil
    }
}
