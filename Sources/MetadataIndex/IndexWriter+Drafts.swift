import SQLiteDatabase
import StorageFormats
import StorageModel

// A draft's rows go into its version: they get another line and the number of the change, and keep what
// they hold. It costs as much as the draft changed.

extension IndexWriter {
    /// Rows of a draft that are read together.
    private static let draftPageMax = 512

    /// Moves everything that a draft changed into its version, and commits that.
    func commit(_ draft: DraftCommit, _ context: ChangeContext) throws(SQLiteError) {
        guard let row = try reader.versionRow(of: draft.draft), row.kind == .draft,
            let base = row.draft, base.base == draft.commit.line
        else { throw .inapplicable("draft") }
        try flushTallies()
        // From here on the draft shows nothing, so that what it showed can go with its replacement.
        try setDropped(draft.draft)
        let silent = context.silenced
        while true {
            let changes = try reader.draftRows(draft.draft, after: nil, limit: Self.draftPageMax)
            for change in changes { try move(change, to: base.base, silent) }
            if changes.count < Self.draftPageMax { break }
        }
        try removeVersion(row)
        try applyToVersions(.commitVersion(draft.commit), context)
    }

    private func move(
        _ change: DraftRow,
        to line: LineID,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        let place = LineKey(line: line, key: change.place.key)
        guard let entry = change.entry else {
            try removeRow(change.place, sequence: change.sequence)
            return try delete(place, context)
        }
        let before = try reader.visible(place)
        let update = try connection.statement(
            "UPDATE object SET line = ?4, seq = ?5 WHERE line = ?1 AND key = ?2 AND seq = ?3"
        )
        try update.bind(change.place.line.number, at: 1)
        try update.bind(change.place.key.text, at: 2)
        try update.bind(change.sequence, at: 3)
        try update.bind(line.number, at: 4)
        try update.bind(context.sequence, at: 5)
        try update.run()
        try countRow(change.place.line, rows: -1, bytes: 0 &- entry.sizeBytes)
        try countRow(line, rows: 1, bytes: entry.sizeBytes)
        try release(before)
        try recount(place, from: before?.entry, to: entry)
        _ = try retally(place, from: before?.entry, to: entry, context)
        if let file = CatalogFile(key: place.key.text) {
            let folder = CatalogFile.folder(of: place.key.text)
            let fact = try reader.fact(file, path: folder, line: change.place.line)
            try register(file, place, fact, context)
        }
    }
}

extension ChangeContext {
    /// The same change, of which no more is told.
    fileprivate var silenced: ChangeContext {
        ChangeContext(
            sequence: sequence,
            time: time,
            actor: actor,
            tellsEvents: false,
            recordPayload: recordPayload
        )
    }
}

/// What a draft did to a key.
public struct DraftRow: Hashable, Sendable {
    /// The key, in the draft's line.
    public let place: LineKey
    /// The change that did it.
    public let sequence: Int64
    /// What the key holds; nil if it was deleted.
    public let entry: ObjectEntry?
}

extension IndexReader {
    /// What a draft did, in the order of keys.
    ///
    /// - Parameters:
    ///   - line: The draft's line.
    ///   - key: The key after which to begin; nil for the first.
    ///   - limit: The most to give.
    /// - Returns: One row per key that it wrote or deleted.
    /// - Throws: `SQLiteError`.
    public func draftRows(
        _ line: LineID,
        after key: ObjectKey?,
        limit: Int
    ) throws(SQLiteError) -> [DraftRow] {
        let rows = try connection.statement(
            """
            SELECT key, seq, modified, etag, entry FROM object
            WHERE line = ?1 AND key >= ?2 ORDER BY key, seq LIMIT ?3
            """
        )
        try rows.bind(line.number, at: 1)
        try rows.bind(utf8: key.map { KeyBytes.next(Array($0.text.utf8)) } ?? [], at: 2)
        try rows.bind(Int64(max(limit, 0)), at: 3)
        return try rows.all { row throws(SQLiteError) in
            let sequence = row.int64(at: 1)
            return DraftRow(
                place: LineKey(line: line, key: ObjectKey(trusted: row.text(at: 0))),
                sequence: sequence,
                entry: row.isNull(at: 4)
                    ? nil
                    : try Self.entry(row, sequence: sequence, modified: 2, etag: 3, entry: 4)
            )
        }
    }

    /// What the catalog knows of a metadata file.
    func fact(
        _ file: CatalogFile,
        path: String,
        line: LineID
    ) throws(SQLiteError) -> CatalogFact? {
        let find = try connection.statement(
            "SELECT dialect, kind, note FROM node WHERE line = ?1 AND path = ?2 AND rank = ?3"
        )
        try find.bind(line.number, at: 1)
        try find.bind(path, at: 2)
        try find.bind(file.rawValue, at: 3)
        return try find.first { row throws(SQLiteError) in try Self.fact(row, from: 0) }
    }
}
