import SQLiteDatabase
import StorageModel

extension IndexReader {
    private static let nodeColumns = """
        SELECT node.line, node.path, rank, seq, modified, dialect, kind, note, name, tag, member,
            chunks, bytes, changed, hash_high, hash_low
        FROM node LEFT JOIN tally ON tally.line = node.line AND tally.path = node.path
        """

    /// Nodes of a namespace in the order of their places.
    ///
    /// - Parameters:
    ///   - namespace: The namespace, by its line.
    ///   - namePrefix: What the names begin with.
    ///   - scope: Which nodes.
    ///   - place: The last place of the page before, if any.
    ///   - limit: The most nodes to give.
    /// - Returns: The page; it is the last if it has fewer than `limit` nodes.
    /// - Throws: `SQLiteError`.
    public func nodes(
        namespace: LineID,
        namePrefix: String,
        scope: NodeScope,
        after place: ArrayPlace?,
        limit: Int
    ) throws(SQLiteError) -> [CatalogNode] {
        if case .version(let name, let tag) = scope,
            let draft = try versionRow(
                prefix: VersionName(trustedName: name, tag: tag).keyPrefix,
                namespace: namespace
            ), draft.kind == .draft
        {
            return try nodes(line: draft.line, after: place?.member, limit: limit)
        }
        let prefix = Array(namePrefix.utf8)
        let filter =
            switch scope {
            case .all: "?7 = ?8"
            case .roots: "member = '' AND ?7 = ?8"
            case .version: "name = ?7 AND tag = ?8"
            }
        let rows = try connection.statement(
            """
            \(Self.nodeColumns)
            WHERE shown = 1 AND namespace = ?1 AND name >= ?2 AND name < ?3
                AND (name, tag, member) > (?4, ?5, ?6) AND \(filter)
            ORDER BY name, tag, member, node.line LIMIT ?9
            """
        )
        try rows.bind(namespace.number, at: 1)
        try rows.bind(namePrefix, at: 2)
        if let after = KeyBytes.successor(prefix) {
            try rows.bind(utf8: after, at: 3)
        } else {
            try rows.bind(blob: [], at: 3)
        }
        try rows.bind(place?.name ?? "", at: 4)
        try rows.bind(place?.tag ?? "", at: 5)
        try rows.bind(place?.member ?? "", at: 6)
        switch scope {
        case .all, .roots:
            try rows.bind(1, at: 7)
            try rows.bind(1, at: 8)
        case .version(let name, let tag):
            try rows.bind(name, at: 7)
            try rows.bind(tag, at: 8)
        }
        try rows.bind(Int64(max(limit, 0)), at: 9)
        return try rows.all(Self.node)
    }

    /// The nodes of a line in the order of their paths: a version's, a draft's or a commit's.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - path: The last path of the page before, if any.
    ///   - limit: The most nodes to give.
    /// - Returns: The page; it is the last if it has fewer than `limit` nodes.
    /// - Throws: `SQLiteError`.
    public func nodes(
        line: LineID,
        after path: String?,
        limit: Int
    ) throws(SQLiteError) -> [CatalogNode] {
        let rows = try connection.statement(
            """
            \(Self.nodeColumns) WHERE shown > 0 AND node.line = ?1 AND node.path >= ?2
            ORDER BY node.path LIMIT ?3
            """
        )
        try rows.bind(line.number, at: 1)
        try rows.bind(utf8: path.map { KeyBytes.next(Array($0.utf8)) } ?? [], at: 2)
        try rows.bind(Int64(max(limit, 0)), at: 3)
        return try rows.all(Self.node)
    }

    /// Finds a node by its place.
    ///
    /// A version with a line of its own comes first, then, for the tag `latest`, the plain path
    /// `name/member`, then the plain path `name/tag` as the original Hub client lays arrays out.
    public func node(_ place: ArrayPlace, namespace: LineID) throws(SQLiteError) -> CatalogNode? {
        try snapshot { () throws(SQLiteError) in
            let prefix = "\(place.name):\(place.tag)/"
            if let line = try versionLine(namespace: namespace, prefix: prefix) {
                return try node(path: place.member, line: line)
            }
            let below = place.member.isEmpty ? "" : "/\(place.member)"
            if place.tag == ArrayPlace.latestTag,
                let plain = try node(path: place.name + below, line: namespace)
            {
                return plain
            }
            return try node(path: "\(place.name)/\(place.tag)\(below)", line: namespace)
                .flatMap { $0.fact.dialect == .hub0 ? $0 : nil }
        }
    }

    /// The node at a path of a line.
    public func node(path: String, line: LineID) throws(SQLiteError) -> CatalogNode? {
        let find = try connection.statement(
            "\(Self.nodeColumns) WHERE shown > 0 AND node.line = ?1 AND node.path = ?2"
        )
        try find.bind(line.number, at: 1)
        try find.bind(path, at: 2)
        return try find.first(Self.node)
    }

    private static func node(_ row: Statement) throws(SQLiteError) -> CatalogNode {
        guard let file = CatalogFile(rawValue: row.int64(at: 2)) else {
            throw .unreadable("node.rank")
        }
        let line = LineID(row.int64(at: 0))
        let path = row.text(at: 1)
        return CatalogNode(
            place: ArrayPlace(
                name: row.text(at: 8),
                tag: row.text(at: 9),
                member: row.text(at: 10)
            ),
            line: line,
            path: path,
            metadataKey: LinePath(line: line, path: path).keyPrefix + file.fileName,
            sequence: row.int64(at: 3),
            fact: try fact(row, from: 5),
            modified: WallTime(milliseconds: row.int64(at: 4)),
            tally: row.isNull(at: 11) ? nil : ChunkTally(row: row, from: 11)
        )
    }

    /// Reads the columns dialect, kind and note, from one on.
    static func fact(_ row: Statement, from column: Int32) throws(SQLiteError) -> CatalogFact {
        guard let dialect = UInt8(exactly: row.int64(at: column)).flatMap(ArrayDialect.init),
            let kind = NodeKind(number: row.int64(at: column + 1), note: row.text(at: column + 2))
        else { throw .unreadable("node.kind") }
        return CatalogFact(dialect: dialect, kind: kind)
    }
}

extension NodeKind {
    /// The number that the column `kind` holds.
    var number: Int64 {
        switch self {
        case .array: 1
        case .group: 2
        case .unreadable: 3
        }
    }

    /// What the column `note` holds.
    var note: String? {
        switch self {
        case .array, .group: nil
        case .unreadable(let note): note
        }
    }

    init?(number: Int64, note: String) {
        switch number {
        case 1: self = .array
        case 2: self = .group
        case 3: self = .unreadable(note: note)
        default: return nil
        }
    }
}
