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
        try release(before, hiddenIn: place)
        try retally(place, from: before?.entry, to: entry, context)
        if let file = CatalogFile(key: place.key.text) {
            try register(file, place, write.fact, context)
        }
    }

    /// Takes a key's object away; nothing happens if it has none.
    func delete(_ place: LineKey, _ context: ChangeContext) throws(SQLiteError) {
        guard let before = try reader.visible(place), let entry = before.entry else { return }
        try release(before, hiddenIn: place)
        // What is left below, for a fork's sake, must not show again.
        if try reader.visible(place)?.entry != nil {
            try insertTombstone(at: place, sequence: context.sequence)
        }
        try retally(place, from: entry, to: nil, context)
        if let file = CatalogFile(key: place.key.text) {
            try register(file, place, nil, context)
        }
    }

    private func insert(_ entry: ObjectEntry, at place: LineKey) throws(SQLiteError) {
        let insert = try connection.statement(
            """
            INSERT INTO object(line, key, seq, modified, size, etag, entry)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
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
        try insert.run()
    }

    private func insertTombstone(at place: LineKey, sequence: Int64) throws(SQLiteError) {
        let insert = try connection.statement(
            "INSERT INTO object(line, key, seq) VALUES (?1, ?2, ?3)"
        )
        try insert.bind(place.line.number, at: 1)
        try insert.bind(place.key.text, at: 2)
        try insert.bind(sequence, at: 3)
        try insert.run()
    }

    /// Removes a row that `place` showed and no longer shows, unless a fork still shows it.
    private func release(
        _ visible: IndexReader.Visible?,
        hiddenIn place: LineKey
    ) throws(SQLiteError) {
        guard let visible else { return }
        if visible.place == place {
            guard try !isSeenByForks(visible.place, since: visible.sequence) else { return }
        } else {
            // The row is the parent's. Only a line that took its prefix over may remove it there,
            // and only if neither a fork of the parent nor one of the line itself shows it.
            guard let parent = try reader.parent(of: place.line), parent.kind == .adoption,
                parent.line == visible.place.line,
                try !isSeenByForks(visible.place, since: visible.sequence),
                try !isSeenByForks(place, since: 0)
            else { return }
        }
        try remove(visible)
    }

    /// Whether a fork of the line shows the row of `place` that was newest since a change.
    private func isSeenByForks(_ place: LineKey, since sequence: Int64) throws(SQLiteError) -> Bool
    {
        let forks = try connection.statement(
            "SELECT prefix FROM line WHERE parent = ?1 AND kind = 0 AND fork_seq >= ?2"
        )
        try forks.bind(place.line.number, at: 1)
        try forks.bind(sequence, at: 2)
        defer { forks.rewind() }
        while try forks.step() {
            let sees = forks.withUTF8(at: 0) { place.key.text.utf8.starts(with: $0) }
            if sees { return true }
        }
        return false
    }

    private func remove(_ visible: IndexReader.Visible) throws(SQLiteError) {
        let delete = try connection.statement(
            "DELETE FROM object WHERE line = ?1 AND key = ?2 AND seq = ?3"
        )
        try delete.bind(visible.place.line.number, at: 1)
        try delete.bind(visible.place.key.text, at: 2)
        try delete.bind(visible.sequence, at: 3)
        try delete.run()
        if let entry = visible.entry { try dropReferences(entry.payload) }
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
