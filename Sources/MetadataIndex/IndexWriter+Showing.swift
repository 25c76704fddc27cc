import SQLiteDatabase
import StorageModel

// Which rows something shows. A row of a line is shown by the line itself while it is the newest of its
// key, and by every fork of the line that began while it was, unless the fork has a row of its own; and so
// on up. Rows that nothing shows are removed.

extension IndexWriter {
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
        if end == nil, try reader.showsItself(place, line) { return true }
        if line.isOwn, try !hasForks(place.line) { return false }
        let span = sequence...max(sequence, (end ?? .max) - 1)
        if let end, end <= sequence { return false }
        for prefix in IndexReader.forkPrefixes(of: place.key, line) {
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

    private func isShownByForks(
        _ place: LineKey,
        _ prefix: String?,
        _ span: ClosedRange<Int64>
    ) throws(SQLiteError) -> Bool {
        var last = (sequence: span.lowerBound - 1, line: Int64.max)
        while true {
            let forks = try reader.forks(place.line, prefix, after: last, upTo: span.upperBound)
            for fork in forks {
                guard let below = fork.place(of: place.key) else { continue }
                let first = try reader.firstRow(of: below)
                if try isShown(below, since: 0, until: first) { return true }
            }
            guard forks.count == IndexReader.forksMax, let end = forks.last else { return false }
            last = (end.sequence, end.line.number)
        }
    }

    // MARK: - Removing what nothing shows

    /// Removes a row that was shown in a line until another took its place, unless something else shows
    /// it.
    ///
    /// - Parameter visible: The row.
    /// - Throws: `SQLiteError`.
    func release(_ visible: IndexReader.Visible?) throws(SQLiteError) {
        guard let visible else { return }
        let next = try reader.nextRow(of: visible.place, after: visible.sequence)
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
