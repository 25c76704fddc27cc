import SQLiteDatabase
import StorageFormats
import StorageModel

// The running totals of arrays. Each write of a chunk changes the tally of its nearest array in
// memory; the batch writes every touched tally once. Copies share bytes, so the sum of lengths has no
// bound that a client could not pass: it wraps, which undoes itself as the copies go.

extension IndexWriter {
    /// Moves a tally along with a key that went from one object to another.
    ///
    /// - Returns: The array that the key is a chunk of; nil if it is of none.
    func retally(
        _ place: LineKey,
        from old: ObjectEntry?,
        to new: ObjectEntry?,
        _ context: ChangeContext
    ) throws(SQLiteError) -> LinePath? {
        guard !CatalogFile.namesMetadata(place.key.text),
            let array = try nearestArray(
                line: place.line,
                path: CatalogFile.folder(of: place.key.text)
            ),
            var tally = try tally(array)
        else { return nil }
        let key = place.key.text.utf8.dropFirst(array.keyPrefix.utf8.count)
        if let old {
            tally.chunks -= 1
            tally.storedBytes &-= old.sizeBytes
            tally.contentHash.remove(
                ContentHash(key: key, entityTag: old.entityTag, sizeBytes: old.sizeBytes)
            )
        }
        if let new {
            tally.chunks += 1
            tally.storedBytes &+= new.sizeBytes
            tally.contentHash.add(
                ContentHash(key: key, entityTag: new.entityTag, sizeBytes: new.sizeBytes)
            )
        }
        tally.changed = context.time
        touchedTallies[array] = tally
        return array
    }

    /// The deepest array whose folder is `path` or lies above it.
    func nearestArray(line: LineID, path: String) throws(SQLiteError) -> LinePath? {
        let folder = LinePath(line: line, path: path)
        if let known = remembered?.nearestArrays[folder] { return known }
        let array = try findNearestArray(line: line, path: path)
        remembered?.nearestArrays[folder] = .some(array)
        return array
    }

    /// Usually one seek: the greatest path that is not after the folder is the array, or shares
    /// with it all that an array above could be named.
    private func findNearestArray(line: LineID, path: String) throws(SQLiteError) -> LinePath? {
        var bound = path
        while true {
            let find = try connection.statement(
                """
                SELECT path FROM tally WHERE line = ?1 AND path <= ?2 ORDER BY path DESC LIMIT 1
                """
            )
            try find.bind(line.number, at: 1)
            try find.bind(bound, at: 2)
            guard let found = try find.first({ $0.text(at: 0) }) else { return nil }
            let candidate = LinePath(line: line, path: found)
            if candidate.contains(bound) { return candidate }
            guard let next = Self.commonFolder(bound, found) else { return nil }
            bound = next
        }
    }

    /// The deepest folder above `path` whose name is a prefix of `other`; nil if `path` is the
    /// root.
    private static func commonFolder(_ path: String, _ other: String) -> String? {
        var folder = path
        while !folder.isEmpty {
            folder = CatalogFile.folder(of: folder)
            if other.utf8.starts(with: folder.utf8) { return folder }
        }
        return nil
    }

    /// The totals of an array, with what the open transaction did to them.
    func tally(_ array: LinePath) throws(SQLiteError) -> ChunkTally? {
        if let touched = touchedTallies[array] { return touched }
        let find = try connection.statement(
            """
            SELECT chunks, bytes, changed, hash_high, hash_low FROM tally
            WHERE line = ?1 AND path = ?2
            """
        )
        try find.bind(array.line.number, at: 1)
        try find.bind(array.path.text, at: 2)
        return try find.first { ChunkTally(row: $0, from: 0) }
    }

    func store(_ tally: ChunkTally, of array: LinePath) throws(SQLiteError) {
        touchedTallies[array] = nil
        let insert = try connection.statement(
            """
            INSERT OR REPLACE INTO tally(line, path, chunks, bytes, changed, hash_high, hash_low)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """
        )
        try insert.bind(array.line.number, at: 1)
        try insert.bind(array.path.text, at: 2)
        try insert.bind(tally.chunks, at: 3)
        try insert.bind(tally.storedBytes, at: 4)
        try insert.bind(tally.changed.milliseconds, at: 5)
        try insert.bind(Int64(bitPattern: tally.contentHash.high), at: 6)
        try insert.bind(Int64(bitPattern: tally.contentHash.low), at: 7)
        try insert.run()
    }

    func dropTally(_ array: LinePath) throws(SQLiteError) {
        touchedTallies[array] = nil
        let delete = try connection.statement("DELETE FROM tally WHERE line = ?1 AND path = ?2")
        try delete.bind(array.line.number, at: 1)
        try delete.bind(array.path.text, at: 2)
        try delete.run()
    }

    func flushTallies() throws(SQLiteError) {
        for (array, tally) in touchedTallies { try store(tally, of: array) }
    }

    /// Counts an array's chunks anew; see ``IndexReader/count(_:changed:)``.
    func recount(_ array: LinePath, changed: WallTime) throws(SQLiteError) {
        try flushTallies()
        try store(try reader.count(array, changed: changed), of: array)
    }
}

extension ChunkTally {
    /// Reads the five columns of a tally, in the order of the table, from one on.
    init(row: Statement, from column: Int32) {
        self.init(
            chunks: row.int64(at: column),
            storedBytes: row.int64(at: column + 1),
            changed: WallTime(milliseconds: row.int64(at: column + 2)),
            contentHash: ContentHash(
                high: UInt64(bitPattern: row.int64(at: column + 3)),
                low: UInt64(bitPattern: row.int64(at: column + 4))
            )
        )
    }
}
