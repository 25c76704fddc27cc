import SQLiteDatabase
import StorageFormats
import StorageModel
import Testing

@testable import MetadataIndex

/// Checks how long events are kept.
///
/// Method: as many events as are kept are put into the table directly; one more is a change.
@Suite struct EventTests {
    /// Arrays `a` in two namespaces, each with one event, and so many more in the first.
    static func subject(_ events: Int64) throws -> (IndexSubject, one: LineID, two: LineID) {
        let subject = try IndexSubject()
        let one = try subject.createNamespace("one")
        let two = try subject.createNamespace("two")
        let fact = CatalogFact(dialect: .zarr3, kind: .array)
        try subject.put(two, "a/zarr.json", fact: fact)
        try subject.put(one, "a/zarr.json", fact: fact)
        try subject.writer.connection.execute(
            """
            WITH RECURSIVE number(n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM number
                WHERE n < \(events + 2))
            INSERT INTO event SELECT n, \(one.number), 9, 1, 1, NULL, 'a', 'latest', '', 'a/c/0', ''
            FROM number;
            UPDATE state SET last_event = \(events + 2);
            """
        )
        subject.writer.lastEvent = events + 2
        subject.writer.keptEvents = [:]
        return (subject, one, two)
    }

    @Test func `events of one namespace do not push out those of another`() throws {
        let kept = IndexWriter.eventsMax
        let (subject, one, two) = try Self.subject(kept - 1)
        let reader = subject.writer.reader
        #expect(try reader.eventCount(of: one) == kept)
        #expect(try reader.lostEventNumber(of: one) == 0)
        try subject.put(one, "a/c/1")
        #expect(try reader.eventCount(of: one) == kept)
        // The first of the namespace has the number 2, that of the other 1.
        #expect(try reader.lostEventNumber(of: one) == 2)
        #expect(try reader.events(of: one, after: 0, limit: 1).map(\.number) == [3])
        #expect(try reader.eventCount(of: two) == 1)
        #expect(try reader.lostEventNumber(of: two) == 0)
        try subject.put(one, "a/c/2")
        #expect(try reader.lostEventNumber(of: one) == 3)
    }
}
