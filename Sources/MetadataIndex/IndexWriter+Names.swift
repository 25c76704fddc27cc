import SQLiteDatabase
import StorageFormats
import StorageModel

extension IndexWriter {
    func createNamespace(
        _ name: NamespaceName,
        _ owner: PrincipalName,
        _ access: NamespaceAccess,
        _ line: LineID,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        let insert = try connection.statement(
            """
            INSERT INTO namespace(line, name, owner, access, created) VALUES (?1, ?2, ?3, ?4, ?5)
            """
        )
        try insert.bind(line.number, at: 1)
        try insert.bind(name.text, at: 2)
        try insert.bind(owner.text, at: 3)
        try insert.bind(Int64(access.rawValue), at: 4)
        try insert.bind(context.time.milliseconds, at: 5)
        try insert.run()
        let root = try connection.statement("INSERT INTO line(id, namespace) VALUES (?1, ?1)")
        try root.bind(line.number, at: 1)
        try root.run()
        note(line)
    }

    func setAccess(_ access: NamespaceAccess, _ line: LineID) throws(SQLiteError) {
        let update = try connection.statement("UPDATE namespace SET access = ?2 WHERE line = ?1")
        try update.bind(line.number, at: 1)
        try update.bind(Int64(access.rawValue), at: 2)
        try update.run()
    }

    func addPrincipal(_ principal: Principal) throws(SQLiteError) {
        let insert = try connection.statement(
            "INSERT INTO principal(name, access_key, secret_key) VALUES (?1, ?2, ?3)"
        )
        try insert.bind(principal.name.text, at: 1)
        try insert.bind(principal.accessKey, at: 2)
        try insert.bind(principal.secretKey, at: 3)
        try insert.run()
    }

    func removePrincipal(_ name: PrincipalName) throws(SQLiteError) {
        let delete = try connection.statement("DELETE FROM principal WHERE name = ?1")
        try delete.bind(name.text, at: 1)
        try delete.run()
    }

    /// Removes a namespace with its lines, versions, nodes and uploads.
    func deleteNamespace(_ namespace: LineID) throws(SQLiteError) {
        try flushTallies()
        for id in try ids("SELECT id FROM upload WHERE namespace = ?1", namespace) {
            try dropUpload(UploadID(id))
        }
        let lines = try connection.statement("SELECT id FROM line WHERE namespace = ?1")
        try lines.bind(namespace.number, at: 1)
        for line in try lines.all({ LineID($0.int64(at: 0)) }) { try clear(line) }
        for table in ["version", "line", "node", "manifest", "event", "forsaken"] {
            try run("DELETE FROM \(table) WHERE namespace = ?1", namespace)
        }
        knownLines = [:]
        keptEvents[namespace] = nil
        newEvents[namespace] = nil
        try run("DELETE FROM namespace WHERE line = ?1", namespace)
    }

    /// Removes what is left of a line: rows kept for forks, tombstones, tallies.
    private func clear(_ line: LineID) throws(SQLiteError) {
        let payloads = try connection.statement(
            "SELECT entry FROM object WHERE line = ?1 AND entry IS NOT NULL"
        )
        try payloads.bind(line.number, at: 1)
        defer { payloads.rewind() }
        while try payloads.step() {
            try dropReferences(try IndexReader.storedEntry(payloads, at: 0).payload)
        }
        try run("DELETE FROM object WHERE line = ?1", line)
        try run("DELETE FROM tally WHERE line = ?1", line)
        try run("DELETE FROM completion WHERE line = ?1", line)
        try run("DELETE FROM sweep WHERE line = ?1", line)
        try dropCounts(line)
    }

    private func ids(_ sql: String, _ line: LineID) throws(SQLiteError) -> [String] {
        let find = try connection.statement(sql)
        try find.bind(line.number, at: 1)
        return try find.all { $0.text(at: 0) }
    }

    func run(_ sql: String, _ line: LineID) throws(SQLiteError) {
        let statement = try connection.statement(sql)
        try statement.bind(line.number, at: 1)
        try statement.run()
    }
}
