import SQLiteDatabase
import StorageModel

// Which rows something shows. A row of a line is shown by the line itself while it is the newest of its
// key, and by every fork of the line that began while it was, unless the fork has a row of its own; and so
// on up. Rows that nothing shows are removed.

extension IndexWriter {
    /// Forks that are looked at together.
    private static let forksMax = 64

    /// A fork of a line, as it is asked whether it shows something.
    private struct Fork {
        let line: LineID
        let prefix: String
        let sequence: Int64
    }

    /// Whether anything shows what a line had newest under a key from one change on.
    ///
    /// - Parameters:
    ///   - place: The line and the key.
    ///   - sequence: The change since which it was the newest.
    ///   - end: The change that put something newer; nil if nothing did.
    /// - Returns: Whether the line itself or a fork shows it.
    /// - Throws: `SQLiteError`.
    func isShown(
        _ place: LineKey,
        since sequence: Int64,
        until end: Int64?
    ) throws(SQLiteError) -> Bool {
        let line = try facts(place.line)
        if end == nil, try showsItself(place, line) { return true }
        if line.isOwn, try !hasForks(place.line) { return false }
        let span = sequence...max(sequence, (end ?? .max) - 1)
        if let end, end <= sequence { return false }
        for prefix in line.isOwn ? Self.folderPrefixes(of: place.key.text) : [nil] {
            if try isShownByForks(place, prefix, span) { return true }
        }
        return false
    }

    private func hasForks(_ line: LineID) throws(SQLiteError) -> Bool {
        if let known = remembered?.hasForks[line] { return known }
        let hasForks = try reader.hasForks(line)
        remembered?.hasForks[line] = hasForks
        return hasForks
    }

    /// Whether the present view of a line counts: that of a line which was dropped does not, and in the
    /// place of a version with a line of its own nothing of the namespace's shows.
    private func showsItself(_ place: LineKey, _ line: LineFacts) throws(SQLiteError) -> Bool {
        guard line.standing != .dropped else { return false }
        guard line.isOwn, let versioned = VersionedKey(place.key) else { return true }
        return try reader.versionLine(namespace: line.line, prefix: versioned.keyPrefix) == nil
    }

    private func isShownByForks(
        _ place: LineKey,
        _ prefix: String?,
        _ span: ClosedRange<Int64>
    ) throws(SQLiteError) -> Bool {
        var last = (sequence: span.lowerBound - 1, line: Int64.max)
        while true {
            let forks = try forks(place.line, prefix, after: last, upTo: span.upperBound)
            for fork in forks where place.key.text.utf8.starts(with: fork.prefix.utf8) {
                let key = String(place.key.text.utf8.dropFirst(fork.prefix.utf8.count)) ?? ""
                let below = LineKey(line: fork.line, key: ObjectKey(trusted: key))
                if try isShown(below, since: 0, until: try firstRow(of: below)) { return true }
            }
            guard forks.count == Self.forksMax, let end = forks.last else { return false }
            last = (end.sequence, end.line.number)
        }
    }

    /// The next forks of a line, of one prefix or of any, in the order of where they began.
    private func forks(
        _ line: LineID,
        _ prefix: String?,
        after last: (sequence: Int64, line: Int64),
        upTo end: Int64
    ) throws(SQLiteError) -> [Fork] {
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
            Fork(
                line: LineID($0.int64(at: 0)),
                prefix: $0.text(at: 1),
                sequence: $0.int64(at: 2)
            )
        }
    }

    /// The change that made the oldest row of a line itself for a key.
    private func firstRow(of place: LineKey) throws(SQLiteError) -> Int64? {
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

    /// The prefixes that a fork of a namespace's own line can have and still hold a key: nothing, and
    /// each of its folders with the `/`.
    static func folderPrefixes(of key: String) -> [String?] {
        var prefixes: [String?] = [""]
        for index in key.utf8.indices where key.utf8[index] == UInt8(ascii: "/") {
            prefixes.append(String(key[...index]))
        }
        return prefixes
    }

    // MARK: - Removing what nothing shows

    /// Removes a row that was shown in a line until another took its place, unless something else shows
    /// it.
    ///
    /// - Parameter visible: The row.
    /// - Throws: `SQLiteError`.
    func release(_ visible: IndexReader.Visible?) throws(SQLiteError) {
        guard let visible else { return }
        let next = try nextRow(of: visible.place, after: visible.sequence)
        if try isShown(visible.place, since: visible.sequence, until: next) { return }
        try remove(visible)
    }

    /// Removes a row, and what it refers to.
    func remove(_ visible: IndexReader.Visible) throws(SQLiteError) {
        try removeRow(visible.place, sequence: visible.sequence)
        guard let entry = visible.entry else { return }
        try dropReferences(entry.payload)
        try countRow(visible.place.line, rows: -1, bytes: 0 &- entry.sizeBytes)
    }

    /// Removes a row alone.
    func removeRow(_ place: LineKey, sequence: Int64) throws(SQLiteError) {
        let delete = try connection.statement(
            "DELETE FROM object WHERE line = ?1 AND key = ?2 AND seq = ?3"
        )
        try delete.bind(place.line.number, at: 1)
        try delete.bind(place.key.text, at: 2)
        try delete.bind(sequence, at: 3)
        try delete.run()
    }
}
