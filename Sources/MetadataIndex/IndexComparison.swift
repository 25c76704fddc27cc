import SQLiteDatabase
import StorageModel

/// A row in which two indexes differ.
public struct IndexDifference: Hashable, Sendable {
    /// How they differ.
    public enum Kind: Hashable, Sendable {
        /// The log gives the row, and the index does not have it.
        case missing
        /// The index has the row, and the log would not give it.
        case extra
        /// Both have it, with other values in these columns.
        case different(columns: [String])
    }

    /// The table.
    public let table: String
    /// The values of the row's key, as text; holds no secret.
    public let key: String
    /// How they differ.
    public let kind: Kind
}

/// A table as two indexes are compared: what its rows are found by, and what else they hold.
private struct ComparedTable {
    let name: String
    let keys: [String]
    let values: [String]
    /// What is true of the rows that are compared.
    var filter = "1"

    static let all = [
        ComparedTable(
            name: "state",
            keys: ["id"],
            values: ["volume", "applied", "sequence", "last_line", "refs_sum", "last_event"]
        ),
        ComparedTable(name: "principal", keys: ["name"], values: ["access_key", "secret_key"]),
        ComparedTable(
            name: "namespace",
            keys: ["line"],
            values: ["name", "owner", "access", "created"]
        ),
        ComparedTable(
            name: "line",
            keys: ["id"],
            values: [
                "namespace", "name", "tag", "parent", "prefix", "fork_seq", "kind", "standing",
            ]
        ),
        ComparedTable(
            name: "version",
            keys: ["namespace", "prefix"],
            values: [
                "name", "tag", "line", "opened", "id", "kind", "sealed", "head", "retain", "base",
                "base_seq", "expires",
            ]
        ),
        ComparedTable(
            name: "object",
            keys: ["line", "key", "seq"],
            values: ["modified", "size", "etag", "entry", "tracked"]
        ),
        ComparedTable(name: "blob", keys: ["id"], values: ["refs"]),
        ComparedTable(name: "segment", keys: ["first"], values: ["extents", "bytes"]),
        ComparedTable(
            name: "upload",
            keys: ["namespace", "key", "id"],
            values: ["initiated", "entry", "algorithm", "scope"]
        ),
        ComparedTable(
            name: "part",
            keys: ["upload", "number"],
            values: ["modified", "etag", "entry"]
        ),
        ComparedTable(
            name: "completion",
            keys: ["upload"],
            values: ["line", "key", "seq", "completed"]
        ),
        ComparedTable(
            name: "node",
            keys: ["line", "path", "rank"],
            values: [
                "seq", "modified", "dialect", "kind", "note", "namespace", "name", "tag", "member",
                "shown",
            ]
        ),
        ComparedTable(
            name: "tally",
            keys: ["line", "path"],
            values: ["chunks", "bytes", "changed", "hash_high", "hash_low"]
        ),
        ComparedTable(
            name: "manifest",
            keys: ["namespace", "digest"],
            values: [
                "line", "version", "name", "tag", "parent", "author", "message", "time", "keys",
                "bytes", "hash_high", "hash_low",
            ]
        ),
        ComparedTable(
            name: "total",
            keys: ["line"],
            values: [
                "keys", "bytes", "hash_high", "hash_low", "counted", "kept_rows", "kept_bytes",
            ]
        ),
        ComparedTable(
            name: "event",
            keys: ["number"],
            values: [
                "namespace", "seq", "time", "kind", "actor", "name", "tag", "member", "key",
                "detail",
            ],
            // Older ones were kept of all namespaces together, before format 5.
            filter: "a.number > (SELECT last_event FROM main.state) - \(IndexWriter.eventsMax)"
        ),
        ComparedTable(name: "sweep", keys: ["line"], values: ["stage", "key", "seq"]),
        ComparedTable(name: "forsaken", keys: ["version"], values: ["namespace", "next"]),
    ]

    private func joined(_ left: String, _ right: String) -> String {
        let match = keys.map { "b.\($0) = a.\($0)" }.joined(separator: " AND ")
        return "FROM \(left).\(name) AS a LEFT JOIN \(right).\(name) AS b ON \(match)"
    }

    private var keyColumns: String { keys.map { "a.\($0)" }.joined(separator: ", ") }

    /// The rows of the one that the other lacks or has otherwise: the key, whether it lacks it, and
    /// whether each value differs.
    func differing(_ left: String, _ right: String) -> String {
        let differs = values.map { "a.\($0) IS NOT b.\($0)" }
        return """
            SELECT \(keyColumns), b.\(keys[0]) IS NULL, \(differs.joined(separator: ", "))
            \(joined(left, right))
            WHERE \(filter) AND (b.\(keys[0]) IS NULL OR \(differs.joined(separator: " OR ")))
            """
    }

    /// The keys of the rows of the one that the other lacks.
    func lacking(_ left: String, _ right: String) -> String {
        "SELECT \(keyColumns) \(joined(left, right)) WHERE \(filter) AND b.\(keys[0]) IS NULL"
    }

    func key(_ row: Statement) -> String {
        keys.enumerated().map { "\($1) \(row.text(at: Int32($0)))" }.joined(separator: ", ")
    }
}

extension IndexWriter {
    /// Compares the tables with those of another index, row by row.
    ///
    /// Both are read in the order of their keys, so little memory is used whatever their size. No
    /// transaction may be open.
    ///
    /// - Parameters:
    ///   - path: The file of the other index.
    ///   - visit: Takes each difference; `missing` is what this index has and the other has not.
    /// - Throws: `SQLiteError`: the other index is not one, or cannot be read.
    public func compare(
        with path: String,
        _ visit: (IndexDifference) -> Void
    ) throws(SQLiteError) {
        let attach = try connection.prepare("ATTACH DATABASE ?1 AS compared")
        try attach.bind(path, at: 1)
        try attach.run()
        do throws(SQLiteError) {
            for table in ComparedTable.all { try compare(table, visit) }
        } catch {
            try? connection.execute("DETACH DATABASE compared")
            throw error
        }
        try connection.execute("DETACH DATABASE compared")
    }

    private func compare(
        _ table: ComparedTable,
        _ visit: (IndexDifference) -> Void
    ) throws(SQLiteError) {
        let differing = try connection.prepare(table.differing("main", "compared"))
        while try differing.step() {
            let first = Int32(table.keys.count)
            let columns = table.values.indices
                .filter { differing.int64(at: first + 1 + Int32($0)) != 0 }
                .map { table.values[$0] }
            visit(
                IndexDifference(
                    table: table.name,
                    key: table.key(differing),
                    kind: differing.int64(at: first) != 0
                        ? .missing : .different(columns: columns)
                )
            )
        }
        let lacking = try connection.prepare(table.lacking("compared", "main"))
        while try lacking.step() {
            visit(
                IndexDifference(table: table.name, key: table.key(lacking), kind: .extra)
            )
        }
    }
}
