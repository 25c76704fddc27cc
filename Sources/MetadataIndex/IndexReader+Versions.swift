import SQLiteDatabase
import StorageModel

/// What the row of a version is for; the numbers are those of the column `kind`.
public enum VersionKind: Int64, Hashable, Sendable {
    /// A version.
    case version = 0
    /// A draft of one.
    case draft = 1
    /// A line of nothing, in the place of a version that went.
    case placeholder = 2
}

/// The row of a version, a draft or a placeholder.
public struct VersionRow: Hashable, Sendable {
    /// The namespace, by its line.
    public let namespace: LineID
    /// What it is called.
    public let version: VersionName
    /// The line of its keys.
    public let line: LineID
    /// The line it was opened with.
    public let id: LineID
    /// What it is.
    public let kind: VersionKind
    /// When it was opened.
    public let opened: WallTime
    /// Since when it is immutable.
    public let sealed: WallTime?
    /// The newest commit of its history.
    public let head: ManifestDigest?
    /// How many commits are kept.
    public let retainedCommits: Int64?
    /// What it is a draft of.
    public let draft: DraftOrigin?
    /// What its keys begin with in the namespace, as the table has it.
    var prefix: String
}

extension IndexReader {
    private static let versionColumns = """
        SELECT namespace, name, tag, line, id, kind, opened, sealed, head, retain, base, base_seq,
            expires, prefix FROM version
        """

    private static func versionRow(_ row: Statement) throws(SQLiteError) -> VersionRow {
        guard let kind = VersionKind(rawValue: row.int64(at: 5)) else {
            throw .unreadable("version.kind")
        }
        var draft: DraftOrigin?
        if let base = row.optionalInt64(at: 10) {
            draft = DraftOrigin(
                base: LineID(base),
                sequence: row.int64(at: 11),
                expires: WallTime(milliseconds: row.int64(at: 12))
            )
        }
        return VersionRow(
            namespace: LineID(row.int64(at: 0)),
            version: VersionName(trustedName: row.text(at: 1), tag: row.text(at: 2)),
            line: LineID(row.int64(at: 3)),
            id: LineID(row.int64(at: 4)),
            kind: kind,
            opened: WallTime(milliseconds: row.int64(at: 6)),
            sealed: row.optionalInt64(at: 7).map { WallTime(milliseconds: $0) },
            head: row.optionalText(at: 8).map { ManifestDigest(trusted: $0) },
            retainedCommits: row.optionalInt64(at: 9),
            draft: draft,
            prefix: row.text(at: 13)
        )
    }

    /// The row whose keys begin with a prefix in a namespace.
    public func versionRow(
        prefix: String,
        namespace: LineID
    ) throws(SQLiteError) -> VersionRow? {
        let find = try connection.statement(
            "\(Self.versionColumns) WHERE namespace = ?1 AND prefix = ?2"
        )
        try find.bind(namespace.number, at: 1)
        try find.bind(prefix, at: 2)
        return try find.first(Self.versionRow)
    }

    /// The row whose keys are in a line.
    public func versionRow(of line: LineID) throws(SQLiteError) -> VersionRow? {
        let find = try connection.statement("\(Self.versionColumns) WHERE line = ?1")
        try find.bind(line.number, at: 1)
        return try find.first(Self.versionRow)
    }

    /// The row that was opened with a line.
    public func versionRow(id: LineID) throws(SQLiteError) -> VersionRow? {
        let find = try connection.statement("\(Self.versionColumns) WHERE id = ?1")
        try find.bind(id.number, at: 1)
        return try find.first(Self.versionRow)
    }

    /// The versions, or the drafts, of a name or of all names, in the order of their prefixes.
    ///
    /// - Parameters:
    ///   - kind: Which rows.
    ///   - name: The name; nil for all.
    ///   - prefix: The prefix `name:tag/` after which to begin; empty for the first.
    ///   - namespace: The namespace, by its line.
    ///   - limit: The most to give.
    /// - Returns: The rows.
    /// - Throws: `SQLiteError`.
    public func versionRows(
        _ kind: VersionKind,
        of name: String?,
        after prefix: String,
        namespace: LineID,
        limit: Int
    ) throws(SQLiteError) -> [VersionRow] {
        let rows = try connection.statement(
            """
            \(Self.versionColumns) WHERE namespace = ?1 AND kind = ?2 AND prefix > ?3
                AND prefix >= ?4 AND prefix < ?5 ORDER BY prefix LIMIT ?6
            """
        )
        try rows.bind(namespace.number, at: 1)
        try rows.bind(kind.rawValue, at: 2)
        try rows.bind(prefix, at: 3)
        try rows.bind(name.map { "\($0):" } ?? "", at: 4)
        if let name {
            try rows.bind("\(name);", at: 5)
        } else {
            // Every text comes before every blob.
            try rows.bind(blob: [], at: 5)
        }
        try rows.bind(Int64(max(limit, 0)), at: 6)
        return try rows.all(Self.versionRow)
    }

    /// Drafts that are to be discarded at a time, of any namespace.
    public func draftsExpired(
        before time: WallTime,
        limit: Int
    ) throws(SQLiteError) -> [VersionRow] {
        let rows = try connection.statement(
            "\(Self.versionColumns) WHERE expires < ?1 ORDER BY expires, line LIMIT ?2"
        )
        try rows.bind(time.milliseconds, at: 1)
        try rows.bind(Int64(max(limit, 0)), at: 2)
        return try rows.all(Self.versionRow)
    }

    /// Versions that keep so many commits only, of any namespace, by line.
    public func versionsWithRetention(
        after line: LineID,
        limit: Int
    ) throws(SQLiteError) -> [VersionRow] {
        let rows = try connection.statement(
            """
            \(Self.versionColumns) WHERE line > ?1 AND retain IS NOT NULL ORDER BY line LIMIT ?2
            """
        )
        try rows.bind(line.number, at: 1)
        try rows.bind(Int64(max(limit, 0)), at: 2)
        return try rows.all(Self.versionRow)
    }

    /// How a version stands.
    public func state(of row: VersionRow) throws(SQLiteError) -> VersionState {
        let count = try lineCount(row.line) ?? .empty
        let total = count.isCounted ? count.shown : nil
        let head = try row.head.map { digest throws(SQLiteError) in
            try manifest(digest, namespace: row.namespace)
        }
        let committed = (head ?? nil)?.total
        return VersionState(
            version: row.version,
            namespaceLine: row.namespace,
            line: row.line,
            id: row.id,
            opened: row.opened,
            sealed: row.sealed,
            head: row.head,
            isChanged: committed == nil || committed != total,
            retainedCommits: row.retainedCommits,
            draft: row.draft,
            total: total
        )
    }

    /// Whether a namespace has drafts, or commits of versions.
    public func holdsVersions(namespace: LineID) throws(SQLiteError) -> Bool {
        for sql in [
            "SELECT 1 FROM manifest WHERE namespace = ?1 LIMIT 1",
            "SELECT 1 FROM version WHERE namespace = ?1 AND (kind = 1 OR sealed IS NOT NULL) LIMIT 1",
        ] {
            let find = try connection.statement(sql)
            try find.bind(namespace.number, at: 1)
            if try find.first({ _ in true }) != nil { return true }
        }
        return false
    }

    /// Whether a version, draft or placeholder lies in a folder of a namespace.
    public func holdsVersions(namespace: LineID, under prefix: String) throws(SQLiteError) -> Bool {
        let find = try connection.statement(
            "SELECT prefix FROM version WHERE namespace = ?1 AND prefix >= ?2 ORDER BY prefix LIMIT 1"
        )
        try find.bind(namespace.number, at: 1)
        try find.bind(prefix, at: 2)
        return try find.first { KeyBytes.hasPrefix($0.utf8(at: 0), Array(prefix.utf8)) } ?? false
    }

    /// How much a namespace holds.
    public func usage(of namespace: LineID) throws(SQLiteError) -> NamespaceUsage {
        let rows = try connection.statement(
            """
            SELECT keys, bytes, counted, kept_rows, kept_bytes, standing, id FROM line
            JOIN total ON total.line = line.id WHERE line.namespace = ?1
            """
        )
        try rows.bind(namespace.number, at: 1)
        var objects: Int64 = 0
        var objectBytes: Int64 = 0
        var keptObjects: Int64 = 0
        var keptBytes: Int64 = 0
        defer { rows.rewind() }
        while try rows.step() {
            keptObjects &+= rows.int64(at: 3)
            keptBytes &+= rows.int64(at: 4)
            let standing = LineStanding(rawValue: rows.int64(at: 5))
            guard standing == .shown || standing == .draft else { continue }
            objects &+= rows.int64(at: 0)
            objectBytes &+= rows.int64(at: 1)
        }
        return NamespaceUsage(
            objects: objects,
            objectBytes: objectBytes,
            keptObjects: keptObjects,
            keptBytes: keptBytes
        )
    }
}
