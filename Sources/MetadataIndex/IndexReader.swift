import SQLiteDatabase
import StorageFormats
import StorageModel

/// The questions that the engine asks of the index, over one connection.
///
/// Every answer is of one state of the index. On a read connection wrap several questions in
/// ``snapshot(_:)`` to have them answered of the same one; the writer's own reader sees what its
/// open transaction has done so far.
public struct IndexReader {
    let connection: Connection

    /// Makes a reader of a connection that is open.
    public init(_ connection: Connection) {
        self.connection = connection
    }

    /// Asks several questions of one state of the index.
    public func snapshot<Value>(
        _ body: () throws(SQLiteError) -> Value
    ) throws(SQLiteError) -> Value {
        if connection.isInTransaction { return try body() }
        return try connection.readTransaction(body)
    }
}

extension IndexReader {
    /// Every namespace, by name.
    public func namespaces() throws(SQLiteError) -> [Namespace] {
        let rows = try connection.statement(
            "SELECT name, owner, access, created, line FROM namespace ORDER BY name"
        )
        return try rows.all { row throws(SQLiteError) in
            guard let name = try? NamespaceName(row.text(at: 0)),
                let access = UInt8(exactly: row.int64(at: 2)).flatMap(NamespaceAccess.init)
            else { throw .unreadable("namespace") }
            return Namespace(
                name: name,
                owner: PrincipalName(trusted: row.text(at: 1)),
                access: access,
                created: WallTime(milliseconds: row.int64(at: 3)),
                line: LineID(row.int64(at: 4))
            )
        }
    }

    /// Every principal that the log knows, by name.
    public func principals() throws(SQLiteError) -> [Principal] {
        let rows = try connection.statement(
            "SELECT name, access_key, secret_key FROM principal ORDER BY name"
        )
        return try rows.all { row in
            Principal(
                name: PrincipalName(trusted: row.text(at: 0)),
                accessKey: row.text(at: 1),
                secretKey: row.text(at: 2)
            )
        }
    }

    /// The line of the version whose keys begin with `prefix`, if it is open.
    func versionLine(namespace: LineID, prefix: String) throws(SQLiteError) -> LineID? {
        let find = try connection.statement(
            "SELECT line FROM version WHERE namespace = ?1 AND prefix = ?2"
        )
        try find.bind(namespace.number, at: 1)
        try find.bind(prefix, at: 2)
        return try find.first { LineID($0.int64(at: 0)) }
    }

    /// Where a namespace's key lives: in the line of its version if that is open, else in the
    /// namespace's own.
    public func place(of key: ObjectKey, namespace: LineID) throws(SQLiteError) -> LineKey {
        guard let versioned = VersionedKey(key),
            let line = try versionLine(namespace: namespace, prefix: versioned.keyPrefix)
        else { return LineKey(line: namespace, key: key) }
        return LineKey(line: line, key: ObjectKey(trusted: versioned.relativeKey))
    }

    /// The version that a line belongs to, if that is sealed.
    public func sealedVersion(line: LineID) throws(SQLiteError) -> VersionName? {
        let find = try connection.statement(
            "SELECT name, tag FROM version WHERE line = ?1 AND sealed IS NOT NULL"
        )
        try find.bind(line.number, at: 1)
        return try find.first { VersionName(trustedName: $0.text(at: 0), tag: $0.text(at: 1)) }
    }

    /// The open versions of a name, by tag.
    public func versions(of name: String, namespace: LineID) throws(SQLiteError) -> [ArrayVersion] {
        let rows = try connection.statement(
            """
            SELECT name, tag, line, opened FROM version
            WHERE namespace = ?1 AND prefix >= ?2 AND prefix < ?3 AND kind = 0 ORDER BY prefix
            """
        )
        try rows.bind(namespace.number, at: 1)
        try rows.bind("\(name):", at: 2)
        try rows.bind("\(name);", at: 3)
        return try rows.all { row in
            ArrayVersion(
                name: row.text(at: 0),
                tag: row.text(at: 1),
                line: LineID(row.int64(at: 2)),
                opened: WallTime(milliseconds: row.int64(at: 3))
            )
        }
    }

    /// The blobs that some row refers to.
    public func knowsBlob(_ id: BlobID) throws(SQLiteError) -> Bool {
        let find = try connection.statement("SELECT 1 FROM blob WHERE id = ?1")
        try find.bind(Int64(bitPattern: id.number), at: 1)
        return try find.first { _ in true } ?? false
    }

    /// How many rows refer to a blob, each as often as it does.
    public func references(to id: BlobID) throws(SQLiteError) -> Int64 {
        let find = try connection.statement("SELECT refs FROM blob WHERE id = ?1")
        try find.bind(Int64(bitPattern: id.number), at: 1)
        return try find.first { $0.int64(at: 0) } ?? 0
    }

    /// The next blobs in the order in which the index keeps their numbers.
    ///
    /// - Parameters:
    ///   - last: The blob after which to begin; nil for the first.
    ///   - limit: The most to give.
    /// - Returns: Their numbers.
    /// - Throws: `SQLiteError`.
    public func blobs(after last: BlobID?, limit: Int) throws(SQLiteError) -> [BlobID] {
        let find = try connection.statement(
            "SELECT id FROM blob WHERE id > ?1 ORDER BY id LIMIT ?2"
        )
        try find.bind(last.map { Int64(bitPattern: $0.number) } ?? Int64.min, at: 1)
        try find.bind(Int64(max(limit, 0)), at: 2)
        return try find.all { BlobID(UInt64(bitPattern: $0.int64(at: 0))) }
    }

    /// How many blobs there are.
    public func blobCount() throws(SQLiteError) -> Int {
        let count = try connection.statement("SELECT count(*) FROM blob")
        return Int(try count.first { $0.int64(at: 0) } ?? 0)
    }
}
