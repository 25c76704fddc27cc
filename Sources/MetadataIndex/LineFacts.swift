import SQLiteDatabase
import StorageFormats
import StorageModel

/// What a line is there for; the numbers are those of the column `standing`.
enum LineStanding: Int64, Hashable {
    /// The line of a namespace, of a version, or of nothing in the place of one that went.
    case shown = 0
    /// The line of a draft.
    case draft = 1
    /// The line of a commit, which nothing writes to and nothing forks.
    case commit = 2
    /// A line of which only its forks show something.
    case dropped = 3

    /// What the column `shown` of a node holds that speaks for its folder in such a line: only those
    /// of 1 are listed by their places.
    var nodeMark: Int64 { self == .shown ? 1 : 2 }
}

/// What the row of a line says.
struct LineFacts: Hashable {
    let line: LineID
    let namespace: LineID
    let standing: LineStanding
    /// What a version's line is called.
    let version: VersionName?

    /// Whether it holds a namespace's plain keys.
    var isOwn: Bool { line == namespace }
}

extension IndexReader {
    /// What a line begins with; nil for a namespace's own line and one that begins with nothing.
    public func origin(of line: LineID) throws(SQLiteError) -> LineOrigin? {
        guard let parent = try parent(of: line) else { return nil }
        return LineOrigin(
            parent: parent.line,
            prefix: parent.prefix,
            sequence: parent.sequence,
            kind: parent.kind
        )
    }

    /// What a line is; nil if there is none of that number.
    func facts(of line: LineID) throws(SQLiteError) -> LineFacts? {
        let find = try connection.statement(
            "SELECT namespace, standing, name, tag FROM line WHERE id = ?1"
        )
        try find.bind(line.number, at: 1)
        return try find.first { row throws(SQLiteError) in
            guard let standing = LineStanding(rawValue: row.int64(at: 1)) else {
                throw .unreadable("line.standing")
            }
            return LineFacts(
                line: line,
                namespace: LineID(row.int64(at: 0)),
                standing: standing,
                version: row.optionalText(at: 2).map {
                    VersionName(trustedName: $0, tag: row.text(at: 3))
                }
            )
        }
    }

    /// How many parents a line has above it.
    public func depth(of line: LineID) throws(SQLiteError) -> Int {
        var depth = 0
        var line = line
        while let parent = try parent(of: line) {
            line = parent.line
            depth += 1
            guard depth < Self.levelsMax else { throw .unreadable("line.parent") }
        }
        return depth
    }

    /// Whether a line has rows of its own.
    public func hasOwnRows(_ line: LineID) throws(SQLiteError) -> Bool {
        let find = try connection.statement("SELECT 1 FROM object WHERE line = ?1 LIMIT 1")
        try find.bind(line.number, at: 1)
        return try find.first { _ in true } ?? false
    }

    /// Whether other lines begin with what a line held.
    func hasForks(_ line: LineID) throws(SQLiteError) -> Bool {
        let find = try connection.statement("SELECT 1 FROM line WHERE parent = ?1 LIMIT 1")
        try find.bind(line.number, at: 1)
        return try find.first { _ in true } ?? false
    }

    /// Whether a line itself has rows of keys that begin with a prefix, shown or not.
    public func hasOwnRows(_ line: LineID, under prefix: String) throws(SQLiteError) -> Bool {
        let find = try connection.statement(
            "SELECT key FROM object WHERE line = ?1 AND key >= ?2 ORDER BY key LIMIT 1"
        )
        try find.bind(line.number, at: 1)
        try find.bind(prefix, at: 2)
        return try find.first { KeyBytes.hasPrefix($0.utf8(at: 0), Array(prefix.utf8)) } ?? false
    }

    /// How many rows a line has itself, of at most so many.
    public func ownRowCount(_ line: LineID, limit: Int) throws(SQLiteError) -> Int {
        let count = try connection.statement(
            "SELECT count(*) FROM (SELECT 1 FROM object WHERE line = ?1 LIMIT ?2)"
        )
        try count.bind(line.number, at: 1)
        try count.bind(Int64(max(limit, 0)), at: 2)
        return Int(clamping: try count.first { $0.int64(at: 0) } ?? 0)
    }

    /// Whether a line shows any key that begins with a prefix, now or as of a change.
    public func showsKeys(
        _ line: LineID,
        under prefix: String,
        atMost sequence: Int64 = .max
    ) throws(SQLiteError) -> Bool {
        let bytes = Array(prefix.utf8)
        let cursor = try LineCursor(self, line: line, slot: .probe, atMost: sequence)
        try cursor.seek(bytes)
        return try cursor.next().map { KeyBytes.hasPrefix($0.key, bytes) } ?? false
    }
}
