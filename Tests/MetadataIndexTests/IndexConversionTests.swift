import SQLiteDatabase
import StorageModel
import Testing

@testable import MetadataIndex

/// Checks that an index of the format before is converted where it is.
///
/// Method: an index is taken back to format 2 as docs/formats/index.md described it, without the three
/// columns that format 3 added, and opened.
@Suite struct IndexConversionTests {
    static let log = LogPosition(0)..<LogPosition(1 << 40)

    static func degraded() throws -> IndexSubject {
        let subject = try IndexSubject()
        _ = try subject.createNamespace("one")
        _ = try subject.createNamespace("two")
        try subject.writer.checkpoint(.truncate)
        let connection = try Connection(
            path: subject.directory + "/nave.sqlite",
            ConnectionConfiguration(access: .readWrite)
        )
        try connection.execute(
            """
            ALTER TABLE state DROP COLUMN flushed; ALTER TABLE state DROP COLUMN chain;
            ALTER TABLE state DROP COLUMN refs_sum; INSERT INTO blob(id, refs) VALUES (7, 2), (-9, 1);
            UPDATE state SET format = 2
            """
        )
        return subject
    }

    @Test func `an index of format 2 is read as one that applied what was flushed`() throws {
        let subject = try Self.degraded()
        let state = try #require(MetadataIndex.state(directory: subject.directory))
        #expect(state.applied == LogPosition(16) && state.flushed == LogPosition(16))
        #expect(state.chain == nil && state.sequence == 2)
    }

    @Test func `an index of format 2 is converted and keeps its rows`() throws {
        let subject = try Self.degraded()
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

    @Test(arguments: [Int64(1), 4])
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
