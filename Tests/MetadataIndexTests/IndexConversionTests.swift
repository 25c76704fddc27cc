import SQLiteDatabase
import StorageModel
import Testing

@testable import MetadataIndex

/// Checks that indexes of the formats before are converted where they are.
///
/// Method: a database with the tables of format 3 as they were (``IndexFormat3``), and one without the three
/// columns that format 3 had added to format 2, is opened.
@Suite struct IndexConversionTests {
    static let log = LogPosition(0)..<LogPosition(1 << 40)

    /// An index of format 3: two namespaces, and a version that took a chunk over and has another.
    static func formerIndex(_ format: Int64) throws -> IndexSubject {
        let subject = try IndexSubject(replacingTables: IndexFormat3.statements)
        let connection = try Connection(
            path: subject.directory + "/nave.sqlite",
            ConnectionConfiguration(access: .readWrite)
        )
        try connection.execute(
            """
            INSERT INTO state(id, format, volume, applied, sequence, last_line, flushed)
            VALUES (1, 3, 'v', 16, 2, 3, 16);
            INSERT INTO namespace VALUES (1, 'one', 'root', 0, 5), (2, 'two', 'root', 0, 5);
            INSERT INTO line(id, namespace) VALUES (1, 1), (2, 2);
            INSERT INTO line VALUES (3, 1, 'm', 'v0', 1, 'm:v0/', 4, 1);
            INSERT INTO version VALUES (1, 'm:v0/', 'm', 'v0', 3, 9);
            INSERT INTO object VALUES
                (1, 'a', 1, 5, 10, 'ta', x'010000000000'), (1, 'm:v0/c/0', 2, 5, 20, 'tb', x'010000000000'),
                (3, 'c/1', 5, 5, 30, 'tc', x'010000000000'), (3, 'c/2', 6, NULL, NULL, NULL, NULL);
            INSERT INTO blob(id, refs) VALUES (7, 2), (-9, 1);
            """
        )
        guard format == 2 else { return subject }
        try connection.execute(
            """
            ALTER TABLE state DROP COLUMN flushed; ALTER TABLE state DROP COLUMN chain;
            ALTER TABLE state DROP COLUMN refs_sum; UPDATE state SET format = 2
            """
        )
        return subject
    }

    @Test func `an index of format 2 is read as one that applied what was flushed`() throws {
        let subject = try Self.formerIndex(2)
        let state = try #require(MetadataIndex.state(directory: subject.directory))
        #expect(state.applied == LogPosition(16) && state.flushed == LogPosition(16))
        #expect(state.chain == nil && state.sequence == 2)
    }

    @Test func `an index of format 2 is converted and keeps its rows`() throws {
        let subject = try Self.formerIndex(2)
        let opened = try #require(
            try MetadataIndex.openUsable(directory: subject.directory, volume: "v", log: Self.log)
        )
        #expect(try opened.writer.reader.namespaces().map(\.name.text) == ["one", "two"])
        #expect(try opened.writer.holdsItsBlobs())
        try opened.writer.begin()
        try opened.writer.commit(
            applied: LogPosition(64),
            chain: 0xFFEE_DDCC_BBAA_9988,
            flushed: LogPosition(24)
        )
        var state = try #require(MetadataIndex.state(directory: subject.directory))
        #expect(state.applied == LogPosition(64) && state.flushed == LogPosition(24))
        #expect(state.chain == 0xFFEE_DDCC_BBAA_9988)
        try opened.writer.noteFlushed()
        state = try #require(MetadataIndex.state(directory: subject.directory))
        #expect(state.flushed == LogPosition(64) && state.chain == 0xFFEE_DDCC_BBAA_9988)
    }

    @Test(arguments: [Int64(2), 3])
    func `an index of a former format is counted when it is converted`(format: Int64) throws {
        let subject = try Self.formerIndex(format)
        let opened = try #require(
            try MetadataIndex.openUsable(directory: subject.directory, volume: "v", log: Self.log)
        )
        let reader = opened.writer.reader
        let own = try #require(try reader.lineCount(LineID(1)))
        #expect(own.shown.keys == 1 && own.shown.bytes == 10 && own.keptRows == 2)
        #expect(own.keptBytes == 30 && own.shown.contentHash == .empty)
        let version = try #require(try reader.lineCount(LineID(3)))
        #expect(version.shown.keys == 2 && version.shown.bytes == 50 && version.keptRows == 1)
        var hash = ContentHash(key: "c/0".utf8, entityTag: "tb", sizeBytes: 20)
        hash.add(ContentHash(key: "c/1".utf8, entityTag: "tc", sizeBytes: 30))
        #expect(version.shown.contentHash == hash)
        let row = try #require(try reader.versionRow(of: LineID(3)))
        #expect(row.kind == .version && row.id == LineID(3) && row.sealed == nil)
        #expect(try reader.tracked() == [LineID(3)])
        // A converted index has the columns of a new one.
        let fresh = try IndexSubject()
        #expect(try reader.columns() == fresh.writer.reader.columns())
    }

    @Test func `an index of format 4 knows which events it may have lost`() throws {
        let subject = try IndexSubject()
        let connection = try Connection(
            path: subject.directory + "/nave.sqlite",
            ConnectionConfiguration(access: .readWrite)
        )
        _ = try subject.createNamespace("one")
        try connection.execute(
            """
            DROP INDEX object_deletion; ALTER TABLE namespace DROP COLUMN lost_event;
            UPDATE state SET format = 4, last_event = 100007
            """
        )
        let opened = try #require(
            try MetadataIndex.openUsable(directory: subject.directory, volume: "v", log: Self.log)
        )
        let reader = opened.writer.reader
        #expect(try reader.lostEventNumber(of: LineID(1)) == 7)
        let fresh = try IndexSubject()
        #expect(try reader.columns() == fresh.writer.reader.columns())
    }

    @Test(arguments: [Int64(1), 6])
    func `an index of any other format is of no use`(format: Int64) throws {
        let subject = try IndexSubject()
        let connection = try Connection(
            path: subject.directory + "/nave.sqlite",
            ConnectionConfiguration(access: .readWrite)
        )
        try connection.execute("UPDATE state SET format = \(format)")
        #expect(MetadataIndex.state(directory: subject.directory) == nil)
    }
}

extension IndexReader {
    /// The lines of which rows are found by the change that made them.
    fileprivate func tracked() throws(SQLiteError) -> [LineID] {
        try connection.prepare("SELECT DISTINCT line FROM object WHERE tracked = 1").all {
            LineID($0.int64(at: 0))
        }
    }

    /// The columns of every table, and the names of every index.
    fileprivate func columns() throws(SQLiteError) -> Set<String> {
        Set(
            try connection.prepare(
                """
                SELECT schema.name || '.' || col.name || ' ' || col.type || ' ' || col."notnull"
                FROM sqlite_schema AS schema, pragma_table_info(schema.name) AS col
                UNION SELECT name FROM sqlite_schema WHERE type = 'index'
                """
            ).all { $0.text(at: 0) }
        )
    }
}
