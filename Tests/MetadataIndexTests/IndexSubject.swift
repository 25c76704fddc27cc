import Foundation
import SQLiteDatabase
import StorageFormats
import StorageModel

@testable import MetadataIndex

/// An index in a folder of its own, to which changes are applied directly.
final class IndexSubject {
    let directory: String
    let index: MetadataIndex
    let writer: IndexWriter
    private(set) var sequence: Int64 = 0
    private var line: Int64 = 0
    private var blob: UInt64 = 0
    /// Every change in order, for a replay.
    private(set) var changes: [Change] = []

    init() throws {
        directory =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("nave-index-\(UInt64.random(in: 0...UInt64.max))").path
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true
        )
        let opened = try MetadataIndex.open(
            directory: directory,
            volume: "v",
            log: LogPosition(0)..<LogPosition(1 << 40)
        )
        index = opened.index
        writer = opened.writer
    }

    /// A folder with a database of other tables than the present ones; not to be written to.
    init(replacingTables statements: String) throws {
        let folder = try IndexSubject()
        directory = folder.directory + "-former"
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true
        )
        let connection = try Connection(
            path: directory + "/nave.sqlite",
            ConnectionConfiguration(access: .readWrite)
        )
        try connection.execute(statements)
        index = folder.index
        writer = folder.writer
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    func newLine() -> LineID {
        line += 1
        return LineID(line)
    }

    /// Commits one operation, and gives its number.
    @discardableResult
    func apply(_ operation: ChangeOperation) throws -> Int64 {
        sequence += 1
        let change = Change(
            sequence: sequence,
            time: WallTime(milliseconds: 1000 + sequence),
            operation: operation
        )
        changes.append(change)
        try writer.begin()
        try writer.apply(change, recordPayload: nil, segment: LogPosition(0))
        try writer.commit(applied: LogPosition(sequence * 8))
        return sequence
    }

    func createNamespace(_ name: String) throws -> LineID {
        let line = newLine()
        try apply(
            .createNamespace(
                name: try NamespaceName(name),
                owner: .root,
                access: .private,
                line: line
            )
        )
        return line
    }

    /// A write of a fresh blob.
    func write(
        _ line: LineID,
        _ key: String,
        fact: CatalogFact? = nil,
        opening: VersionOpening? = nil
    ) -> ObjectWrite {
        blob += 1
        return ObjectWrite(
            place: LineKey(line: line, key: ObjectKey(trusted: key)),
            entry: NewEntry(
                entityTag: "tag\(blob)",
                attributes: ObjectAttributes(),
                checksums: [],
                parts: [],
                payload: [
                    .stored(.blob(BlobID(blob), offset: 0, lengthBytes: Int64(blob % 50)))
                ]
            ),
            fact: fact,
            opening: opening
        )
    }

    @discardableResult
    func put(_ line: LineID, _ key: String, fact: CatalogFact? = nil) throws -> Int64 {
        try apply(.putObject(write(line, key, fact: fact)))
    }

    @discardableResult
    func delete(_ line: LineID, _ key: String) throws -> Int64 {
        try apply(.deleteObjects([LineKey(line: line, key: ObjectKey(trusted: key))]))
    }

    /// The keys that a line shows, with the change that wrote each.
    func keys(_ line: LineID) throws -> [String: Int64] {
        try index.read { reader throws(SQLiteError) in
            var keys: [String: Int64] = [:]
            for object in try reader.list(prefix: "", line: line, after: nil, limit: .max) {
                keys[object.key.text] = object.sequence
            }
            return keys
        }
    }

    /// The blobs that the index counts references of.
    func blobs() throws -> Set<BlobID> {
        try index.read { reader throws(SQLiteError) in
            Set(
                try reader.connection.statement("SELECT id FROM blob").all {
                    BlobID(UInt64(bitPattern: $0.int64(at: 0)))
                }
            )
        }
    }

    /// Every row of every table but `state`, as text, for comparison.
    func dump() throws -> [String] {
        let tables = [
            "namespace", "line", "version", "object", "blob", "upload", "part", "completion",
            "segment", "node", "tally", "principal", "manifest", "total", "event", "sweep",
            "forsaken",
        ]
        return try index.read { reader throws(SQLiteError) in
            var rows: [String] = []
            for table in tables {
                let columns = try reader.connection.statement(
                    "SELECT name FROM pragma_table_info('\(table)')"
                ).all { "quote(\($0.text(at: 0)))" }
                let list = columns.joined(separator: " || ',' || ")
                rows += try reader.connection.statement(
                    "SELECT '\(table): ' || \(list) FROM \(table) ORDER BY 1"
                ).all { $0.text(at: 0) }
            }
            return rows
        }
    }
}
