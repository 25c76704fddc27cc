import SQLiteDatabase

/// Every row of every table of an index, as text, for comparison.
struct IndexDump: Equatable {
    let rows: [String]

    /// Reads the index of a folder, which nobody may have open for writing.
    init(_ folder: String) throws {
        let connection = try Connection(
            path: folder + "/nave.sqlite",
            ConnectionConfiguration(access: .readWrite)
        )
        let tables = try Self.texts(
            connection,
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        )
        var rows: [String] = []
        for table in tables {
            let columns = try Self.texts(
                connection,
                "SELECT 'quote(' || name || ')' FROM pragma_table_info('\(table)')"
            )
            let list = columns.joined(separator: " || ',' || ")
            rows += try Self.texts(
                connection,
                "SELECT '\(table): ' || \(list) FROM \(table) ORDER BY 1"
            )
        }
        self.rows = rows
    }

    private static func texts(_ connection: Connection, _ sql: String) throws -> [String] {
        let statement = try connection.prepare(sql)
        var texts: [String] = []
        while try statement.step() { texts.append(statement.text(at: 0)) }
        return texts
    }
}
