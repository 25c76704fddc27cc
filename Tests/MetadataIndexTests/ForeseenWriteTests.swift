import SeededRandom
import StorageFormats
import StorageModel
import Testing

@testable import MetadataIndex

/// Checks that writes whose rows were looked up ahead leave the index that they leave one by one.
///
/// Method: seeded random forks, deletes and writes go into two indexes. Into one each change is a
/// transaction of its own. Into the other several go together, and before a run of writes is applied
/// everything that they replace is looked up, as the committer does it.
@Suite struct ForeseenWriteTests {
    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func `what was looked up ahead changes nothing`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let single = try IndexSubject()
        try Self.fill(single, &random)
        let batched = try IndexSubject()
        var rest = single.changes[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Int.random(in: 1...12, using: &random))
            rest = rest.dropFirst(batch.count)
            try Self.apply(batch, to: batched.writer)
        }
        #expect(try batched.dump() == single.dump(), "seed \(seed)")
    }

    @Test func `the first of two writes of a key takes what was looked up`() throws {
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("twice")
        try subject.put(namespace, "k")
        let writes = (0..<2).map { _ in subject.write(namespace, "k") }
        let writer = subject.writer
        try writer.begin()
        for write in writes { try writer.foresee(write.place) }
        for (write, sequence) in zip(writes, 10...) {
            try writer.apply(
                Change(
                    sequence: Int64(sequence),
                    time: WallTime(milliseconds: 1),
                    operation: .putObject(write)
                ),
                recordPayload: nil,
                segment: LogPosition(0)
            )
        }
        try writer.commit(applied: LogPosition(800))
        #expect(try subject.keys(namespace) == ["k": 11])
        // The row before and its blob are gone, and those of the first of the two.
        #expect(try subject.blobs() == [BlobID(3)])
        #expect(try subject.dump().filter { $0.hasPrefix("object: ") }.count == 1)
    }

    @Test func `rows that list many parts are not kept`() throws {
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("long")
        let listed = IndexWriter.foreseenListedMax
        for (key, count) in [("short", listed - 1), ("long", listed)] {
            var write = subject.write(namespace, key)
            write = ObjectWrite(
                place: write.place,
                entry: NewEntry(
                    entityTag: "e-\(count)",
                    attributes: ObjectAttributes(),
                    checksums: [],
                    parts: (1...count).map {
                        CompletedPart(number: $0, sizeBytes: 1, checksum: nil)
                    },
                    payload: write.entry.payload
                ),
                fact: nil,
                opening: nil
            )
            try subject.apply(.putObject(write))
        }
        let writer = subject.writer
        try writer.begin()
        for key in ["short", "long", "absent"] {
            try writer.foresee(LineKey(line: namespace, key: ObjectKey(trusted: key)))
        }
        #expect(Set(writer.foreseen.keys.map(\.key.text)) == ["short", "absent"])
        try writer.rollback()
        #expect(writer.foreseen.isEmpty)
    }

    /// Writes, deletes and forks of few keys in few lines.
    private static func fill(
        _ subject: IndexSubject,
        _ random: inout SeededGenerator
    ) throws {
        let namespace = try subject.createNamespace("lines")
        var lines = [namespace]
        for _ in 0..<160 {
            let line = random.pick(lines)
            let key = random.pick(LineTests.keys)
            switch Int.random(in: 0..<20, using: &random) {
            case 0 where lines.count < 6:
                let fork = subject.newLine()
                let opening = LineTests.opening(namespace, line, "", .fork, fork, subject)
                try subject.apply(.openVersion(opening))
                lines.append(fork)
            case 1..<5: try subject.delete(line, key)
            default: try subject.put(line, key)
            }
        }
    }

    private static func apply(_ batch: ArraySlice<Change>, to writer: IndexWriter) throws {
        try writer.begin()
        var waiting: [Change] = []
        for change in batch {
            if case .putObject(let write) = change.operation {
                try writer.foresee(write.place)
                waiting.append(change)
                continue
            }
            try applyAll(&waiting, to: writer)
            // As a write does that is refused afterwards.
            if case .deleteObjects(let places) = change.operation {
                for place in places { try writer.foresee(place) }
            }
            try writer.apply(change, recordPayload: nil, segment: LogPosition(0))
        }
        try applyAll(&waiting, to: writer)
        let last = batch.last?.sequence ?? 0
        try writer.commit(applied: LogPosition(last * 8))
    }

    private static func applyAll(_ changes: inout [Change], to writer: IndexWriter) throws {
        for change in changes {
            try writer.apply(change, recordPayload: nil, segment: LogPosition(0))
        }
        changes = []
    }
}
