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
        let before = try reader.visible(place)
        try addReferences(entry.payload)
        try insert(entry, at: place)
        try countRow(place.line, rows: 1, bytes: entry.sizeBytes)
        // What was the line's own newest until now has the new row for its next.
        try release(before, next: before?.place == place ? context.sequence : nil)
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

    private func insert(_ entry: ObjectEntry, at place: LineKey) throws(SQLiteError) {
        let insert = try connection.statement(
            """
            INSERT INTO object(line, key, seq, modified, size, etag, entry, tracked)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """
        )
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
