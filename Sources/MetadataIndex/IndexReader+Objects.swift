import SQLiteDatabase
import StorageFormats
import StorageModel

/// What a line itself, without its parents, says about a key.
enum LineRow {
    /// Nothing: ask the parent.
    case none
    /// The key was deleted in this line.
    case tombstone(sequence: Int64)
    /// The key holds an object.
    case live(ObjectEntry)
}

/// What a line begins with, as its row says.
struct LineParent {
    let line: LineID
    let prefix: String
    let sequence: Int64
    let kind: LineOrigin.Kind
}

extension IndexReader {
    /// Finds the object of a namespace's key.
    ///
    /// A plain key is one statement, some 4 µs on a warm cache.
    public func entry(
        _ key: ObjectKey,
        namespace: LineID
    ) throws(SQLiteError) -> ObjectEntry? {
        guard VersionedKey(key) != nil else {
            return try entry(LineKey(line: namespace, key: key))
        }
        return try snapshot { () throws(SQLiteError) in
            try entry(try place(of: key, namespace: namespace))
        }
    }

    /// Finds the object of a key in a line, which may come from a parent.
    public func entry(_ place: LineKey) throws(SQLiteError) -> ObjectEntry? {
        guard let visible = try visible(place), case .live(let entry) = visible.row else {
            return nil
        }
        return entry
    }

    /// Finds many keys of a line in one state; one element per key, in order.
    public func entries(_ keys: [String], line: LineID) throws(SQLiteError) -> [ObjectEntry?] {
        try snapshot { () throws(SQLiteError) in
            var entries: [ObjectEntry?] = []
            entries.reserveCapacity(keys.count)
            for key in keys {
                entries.append(try entry(LineKey(line: line, key: ObjectKey(trusted: key))))
            }
            return entries
        }
    }

    /// The line in which what a line showed is read now: itself, or the one that took its place when a
    /// draft was committed.
    ///
    /// - Returns: Nil once its version was deleted or rolled back, its draft committed or its commit
    ///   forgotten, when rows are missing that it showed.
    /// - Throws: `SQLiteError`.
    public func readableLine(_ line: LineID) throws(SQLiteError) -> LineID? {
        var line = line
        for _ in 0..<Self.levelsMax {
            if try isReadable(line) { return line }
            let find = try connection.statement(
                "SELECT id FROM line WHERE parent = ?1 AND kind = ?2 LIMIT 1"
            )
            try find.bind(line.number, at: 1)
            try find.bind(Int64(LineOrigin.Kind.succession.rawValue), at: 2)
            guard let next = try find.first({ LineID($0.int64(at: 0)) }) else { return nil }
            line = next
        }
        throw .unreadable("line.parent")
    }

    /// Lines of one chain of forks, far more than there can be: that of a damaged index may have no end.
    static let levelsMax = 65_536

    private func isReadable(_ line: LineID) throws(SQLiteError) -> Bool {
        let find = try connection.statement("SELECT standing FROM line WHERE id = ?1")
        try find.bind(line.number, at: 1)
        let standing = try find.first { $0.int64(at: 0) }
        return standing != nil && standing != LineStanding.dropped.rawValue
    }

    /// A row that a line shows for a key, and the line it is in.
    struct Visible {
        let place: LineKey
        let row: LineRow
    }

    /// The row that a line shows for a key as of a change: its own newest or, failing that, its
    /// parent's at the fork; nil if none of them has one.
    func visible(
        _ place: LineKey,
        atMost sequence: Int64 = .max
    ) throws(SQLiteError) -> Visible? {
        var place = place
        var sequence = sequence
        var level = 0
        while true {
            let row = try row(place, atMost: sequence)
            switch row {
            case .live, .tombstone: return Visible(place: place, row: row)
            case .none: break
            }
            guard let parent = try parent(of: place.line) else { return nil }
            level += 1
            guard level < Self.levelsMax else { throw .unreadable("line.parent") }
            place = LineKey(
                line: parent.line,
                key: ObjectKey(trusted: parent.prefix + place.key.text)
            )
            sequence = parent.sequence
        }
    }

    /// The newest row of a line itself for a key, of those up to a change.
    func row(_ place: LineKey, atMost sequence: Int64) throws(SQLiteError) -> LineRow {
        let find = try connection.statement(
            """
            SELECT seq, modified, etag, entry FROM object
            WHERE line = ?1 AND key = ?2 AND seq <= ?3 ORDER BY seq DESC LIMIT 1
            """
        )
        try find.bind(place.line.number, at: 1)
        try find.bind(place.key.text, at: 2)
        try find.bind(sequence, at: 3)
        let row = try find.first { row throws(SQLiteError) -> LineRow in
            let sequence = row.int64(at: 0)
            guard !row.isNull(at: 3) else { return .tombstone(sequence: sequence) }
            return .live(try Self.entry(row, sequence: sequence, modified: 1, etag: 2, entry: 3))
        }
        return row ?? .none
    }

    static func entry(
        _ row: Statement,
        sequence: Int64,
        modified: Int32,
        etag: Int32,
        entry: Int32
    ) throws(SQLiteError) -> ObjectEntry {
        let stored = try storedEntry(row, at: entry)
        return ObjectEntry(
            sequence: sequence,
            entityTag: row.text(at: etag),
            modified: WallTime(milliseconds: row.int64(at: modified)),
            attributes: stored.attributes,
            checksums: stored.checksums,
            parts: stored.parts,
            payload: stored.payload
        )
    }

    static func storedEntry(
        _ row: Statement,
        at column: Int32
    ) throws(SQLiteError) -> StoredEntry {
        do {
            return try row.withBlob(at: column) { bytes throws(ChangeFormatError) in
                try StoredEntry(decoding: bytes)
            }
        } catch {
            throw .unreadable("entry")
        }
    }

    /// What a line begins with; nil for a namespace's own line.
    func parent(of line: LineID) throws(SQLiteError) -> LineParent? {
        let find = try connection.statement(
            "SELECT parent, prefix, fork_seq, kind FROM line WHERE id = ?1 AND parent IS NOT NULL"
        )
        try find.bind(line.number, at: 1)
        return try find.first { row throws(SQLiteError) in
            guard let kind = UInt8(exactly: row.int64(at: 3)).flatMap(LineOrigin.Kind.init) else {
                throw .unreadable("line.kind")
            }
            return LineParent(
                line: LineID(row.int64(at: 0)),
                prefix: row.text(at: 1),
                sequence: row.int64(at: 2),
                kind: kind
            )
        }
    }
}
