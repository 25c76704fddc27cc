import SQLiteDatabase
import StorageModel

// A version that drafts go into remembers which keys were deleted, so that a draft that changed one of them
// finds out. When the drafts are gone, what hides nothing is forgotten.

extension IndexWriter {
    /// Whether a line must remember what was deleted: that of a draft, and one that a draft goes into.
    func remembersDeletions(_ line: LineID) throws(SQLiteError) -> Bool {
        let facts = try facts(line)
        if facts.isOwn { return false }
        if facts.standing == .draft { return true }
        return try reader.hasDrafts(line)
    }

    /// Removes rows that say that keys were deleted, those that nothing needs.
    func forgetDeletions(_ places: [LineKey]) throws(SQLiteError) {
        for place in places {
            guard let sequence = try reader.idleDeletion(of: place) else { continue }
            try removeRow(place, sequence: sequence)
        }
    }
}

extension IndexReader {
    /// Whether drafts go into a line.
    func hasDrafts(_ line: LineID) throws(SQLiteError) -> Bool {
        let find = try connection.statement("SELECT 1 FROM version WHERE base = ?1 LIMIT 1")
        try find.bind(line.number, at: 1)
        return try find.first { _ in true } ?? false
    }

    /// The next keys of a line that were deleted there, in order.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - key: The key after which to begin; nil for the first.
    ///   - limit: The most to give.
    /// - Returns: The keys; a key that was deleted more than once may be there as often.
    /// - Throws: `SQLiteError`.
    public func deletions(
        in line: LineID,
        after key: ObjectKey?,
        limit: Int
    ) throws(SQLiteError) -> [ObjectKey] {
        let find = try connection.statement(
            """
            SELECT key FROM object INDEXED BY object_deletion
            WHERE line = ?1 AND key >= ?2 AND entry IS NULL ORDER BY key LIMIT ?3
            """
        )
        try find.bind(line.number, at: 1)
        try find.bind(utf8: key.map { KeyBytes.next(Array($0.text.utf8)) } ?? [], at: 2)
        try find.bind(Int64(max(limit, 0)), at: 3)
        return try find.all { ObjectKey(trusted: $0.text(at: 0)) }
    }

    /// The number of the newest row of a version's line for a key, if nothing needs it: it says that the key
    /// was deleted, hides no object, and no draft is to find out.
    public func idleDeletion(of place: LineKey) throws(SQLiteError) -> Int64? {
        guard let line = try facts(of: place.line), line.standing == .shown, !line.isOwn,
            try !hasDrafts(place.line),
            case .tombstone(let sequence) = try row(place, atMost: .max),
            try visible(place, atMost: sequence - 1)?.entry == nil
        else { return nil }
        return sequence
    }

    /// Lines that hold rows which say that keys were deleted.
    ///
    /// - Parameters:
    ///   - line: The line after which to begin.
    ///   - limit: The most to give.
    /// - Returns: The lines, ascending.
    /// - Throws: `SQLiteError`.
    public func linesWithDeletions(
        after line: LineID,
        limit: Int
    ) throws(SQLiteError) -> [LineID] {
        var lines: [LineID] = []
        var last = line
        while lines.count < limit {
            let find = try connection.statement(
                """
                SELECT line FROM object INDEXED BY object_deletion
                WHERE line > ?1 AND entry IS NULL ORDER BY line LIMIT 1
                """
            )
            try find.bind(last.number, at: 1)
            guard let next = try find.first({ LineID($0.int64(at: 0)) }) else { break }
            lines.append(next)
            last = next
        }
        return lines
    }
}
