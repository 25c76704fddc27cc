import SQLiteDatabase
import StorageFormats
import StorageModel

extension IndexWriter {
    /// Gives a key an object.
    func put(_ write: ObjectWrite, _ context: ChangeContext) throws(SQLiteError) {
        if let opening = write.opening { try open(opening, context) }
        guard
            let entry = write.entry.entry(
                sequence: context.sequence,
                modified: context.time,
                recordPayload: context.recordPayload
            )
        else { throw .inapplicable("payload") }
        let place = write.place
        let before = try takeForeseen(place)
        try addReferences(entry.payload)
        if let before, try isReplaced(before, at: place, by: context.sequence) {
            try replace(before, with: entry)
        } else {
            try store(entry, at: place, Self.insertion)
            if let before, before.place != place { try release(before) }
        }
        try countRow(place.line, rows: 1, bytes: entry.sizeBytes)
        try recount(place, from: before?.entry, to: entry)
        let array = try retally(place, from: before?.entry, to: entry, context)
        if let file = CatalogFile(key: place.key.text) {
            try register(file, place, write.fact, context)
        }
        try noteKey(.written, place, array, context)
    }

    /// Takes a key's object away; nothing happens if it has none.
    func delete(_ place: LineKey, _ context: ChangeContext) throws(SQLiteError) {
        guard let before = try reader.visible(place), let entry = before.entry else { return }
        let array = try retally(place, from: entry, to: nil, context)
        try noteKey(.deleted, place, array, context)
        if before.place == place {
            try removeNewest(before, context)
        } else {
            try hide(before, in: place, context)
        }
        try recount(place, from: entry, to: nil)
        if let file = CatalogFile(key: place.key.text) {
            try register(file, place, nil, context)
        }
    }

    /// Removes the newest row of a line itself, or keeps it for forks.
    ///
    /// What is left below must not show again.
    private func removeNewest(
        _ before: IndexReader.Visible,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        let place = before.place
        if try !isShown(place, since: before.sequence, until: context.sequence) {
            try remove(before)
        }
        let isLeft = try reader.visible(place)?.entry != nil
        let isRemembered = try remembersDeletions(place.line)
        guard isLeft || isRemembered else { return }
        try insertTombstone(at: place, sequence: context.sequence)
    }

    /// Hides a parent's row, which goes if nothing else shows it.
    private func hide(
        _ before: IndexReader.Visible,
        in place: LineKey,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        try insertTombstone(at: place, sequence: context.sequence)
        try release(before)
        let below = try reader.visible(place, atMost: context.sequence - 1)
        let isRemembered = try remembersDeletions(place.line)
        if below?.entry != nil || isRemembered { return }
        try removeRow(place, sequence: context.sequence)
    }

    /// Looks up what a plain write to a key will replace, and keeps it until that is applied.
    ///
    /// What other plain writes do meanwhile does not change it, unless they write the same key, and the first
    /// of them takes it; whatever else is applied has all of it looked up again. Rows of many parts or
    /// extents are not kept, as a batch may replace hundreds of them.
    ///
    /// - Throws: `SQLiteError`, now instead of when the write is applied.
    public func foresee(_ place: LineKey) throws(SQLiteError) {
        guard foreseen[place] == nil else { return }
        let shown = try reader.visible(place)
        if (shown?.entry?.listedCount ?? 0) <= Self.foreseenListedMax {
            foreseen[place] = .some(shown)
        }
    }

    /// Parts and extents of a row that is kept.
    static let foreseenListedMax = 64

    private func takeForeseen(_ place: LineKey) throws(SQLiteError) -> IndexReader.Visible? {
        if let known = foreseen.removeValue(forKey: place) { return known }
        return try reader.visible(place)
    }

    /// Whether a row is the line's own newest, and nothing shows it once a change gave its key another.
    private func isReplaced(
        _ before: IndexReader.Visible,
        at place: LineKey,
        by sequence: Int64
    ) throws(SQLiteError) -> Bool {
        guard before.place == place else { return false }
        return try !isShown(place, since: before.sequence, until: sequence)
    }

    /// Puts an object into the place of a row that nothing shows any more, in one statement: removing the one
    /// and inserting the other seeks twice.
    private func replace(
        _ before: IndexReader.Visible,
        with entry: ObjectEntry
    ) throws(SQLiteError) {
        try store(entry, at: before.place, Self.replacement, of: before.sequence)
        guard connection.changedRows == 1 else { throw .inapplicable("object.seq") }
        guard let old = before.entry else { return }
        try dropReferences(old.payload)
        try countRow(before.place.line, rows: -1, bytes: 0 &- old.sizeBytes)
    }

    private static let insertion = """
        INSERT INTO object(line, key, seq, modified, size, etag, entry, tracked)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """

    private static let replacement = """
        UPDATE object SET seq = ?3, modified = ?4, size = ?5, etag = ?6, entry = ?7, tracked = ?8
        WHERE line = ?1 AND key = ?2 AND seq = ?9
        """

    /// Writes an object's row, new or in the place of the one of an earlier change.
    private func store(
        _ entry: ObjectEntry,
        at place: LineKey,
        _ sql: String,
        of replaced: Int64? = nil
    ) throws(SQLiteError) {
        let insert = try connection.statement(sql)
        let stored = StoredEntry(
            attributes: entry.attributes,
            checksums: entry.checksums,
            parts: entry.parts,
            payload: entry.payload
        )
        try insert.bind(place.line.number, at: 1)
        try insert.bind(place.key.text, at: 2)
        try insert.bind(entry.sequence, at: 3)
        try insert.bind(entry.modified.milliseconds, at: 4)
        try insert.bind(entry.sizeBytes, at: 5)
        try insert.bind(entry.entityTag, at: 6)
        try insert.bind(blob: stored.encoded(), at: 7)
        try insert.bind(try mark(place.line), at: 8)
        if let replaced { try insert.bind(replaced, at: 9) }
        try insert.run()
    }

    func insertTombstone(at place: LineKey, sequence: Int64) throws(SQLiteError) {
        let insert = try connection.statement(
            "INSERT INTO object(line, key, seq, tracked) VALUES (?1, ?2, ?3, ?4)"
        )
        try insert.bind(place.line.number, at: 1)
        try insert.bind(place.key.text, at: 2)
        try insert.bind(sequence, at: 3)
        try insert.bind(try mark(place.line), at: 4)
        try insert.run()
    }

    /// What the column `tracked` holds in a line: rows of versions are found by the change that made
    /// them, those of a namespace's own line are not.
    private func mark(_ line: LineID) throws(SQLiteError) -> Int64? {
        try facts(line).isOwn ? nil : 1
    }
}

extension ObjectEntry {
    /// How many parts and extents it lists.
    fileprivate var listedCount: Int { parts.count + payload.extents.count }
}

extension IndexReader.Visible {
    /// The object, if the row is one.
    var entry: ObjectEntry? {
        guard case .live(let entry) = row else { return nil }
        return entry
    }

    /// The change that made the row.
    var sequence: Int64 {
        switch row {
        case .live(let entry): entry.sequence
        case .tombstone(let sequence): sequence
        case .none: 0
        }
    }
}
