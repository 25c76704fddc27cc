import SQLiteDatabase
import StorageModel

// The running totals of lines. Each write changes those of its line in memory; the batch writes every
// touched one once.

extension IndexWriter {
    /// What a line is; read once while it stays what it is.
    func facts(_ line: LineID) throws(SQLiteError) -> LineFacts {
        if let facts = knownLines[line] { return facts }
        guard let facts = try reader.facts(of: line) else { throw .inapplicable("line") }
        if knownLines.count >= Self.knownLinesMax { knownLines.removeAll() }
        knownLines[line] = facts
        return facts
    }

    /// The counts of a line, with what the open transaction did to them.
    func count(of line: LineID) throws(SQLiteError) -> LineCount {
        if let touched = touchedCounts[line] { return touched }
        return try reader.lineCount(line) ?? .empty
    }

    /// Moves the totals of a line along with a key that went from one object to another.
    func recount(
        _ place: LineKey,
        from old: ObjectEntry?,
        to new: ObjectEntry?
    ) throws(SQLiteError) {
        let hash: CountedHash = try facts(place.line).isOwn ? .withoutHash : .withHash
        var count = try count(of: place.line)
        if let old { count.shown.remove(LineTotal(place.key, old, hash)) }
        if let new { count.shown.add(LineTotal(place.key, new, hash)) }
        touchedCounts[place.line] = count
    }

    /// A row with an object is in a line from now on, or no longer.
    func countRow(_ line: LineID, rows: Int64, bytes: Int64) throws(SQLiteError) {
        var count = try count(of: line)
        count.keptRows += rows
        count.keptBytes &+= bytes
        touchedCounts[line] = count
    }

    /// Adds what a line began with, which was counted since.
    func countLine(_ line: LineID, _ total: LineTotal) throws(SQLiteError) {
        var count = try count(of: line)
        guard !count.isCounted else { throw .inapplicable("counted") }
        count.shown.add(total)
        count.isCounted = true
        touchedCounts[line] = count
    }

    /// Writes what the open transaction did to running totals, so that the reader sees it.
    public func flushTotals() throws(SQLiteError) {
        try flushTallies()
        try flushCounts()
    }

    func flushCounts() throws(SQLiteError) {
        for (line, count) in touchedCounts { try reader.store(count, of: line) }
        touchedCounts.removeAll(keepingCapacity: true)
    }

    /// Forgets the counts of a line that goes.
    func dropCounts(_ line: LineID) throws(SQLiteError) {
        touchedCounts[line] = nil
        try run("DELETE FROM total WHERE line = ?1", line)
    }

    /// Lines whose facts are kept in memory.
    private static let knownLinesMax = 4096
}

extension LineTotal {
    /// The total of one key.
    init(_ key: ObjectKey, _ entry: ObjectEntry, _ hash: CountedHash) {
        self.init(key.text.utf8, entityTag: entry.entityTag, sizeBytes: entry.sizeBytes, hash)
    }
}
