import SQLiteDatabase
import SeededRandom
import StorageFormats
import StorageModel
import Testing

@testable import MetadataIndex

/// Checks what the index knows of payloads in the log: its counts per segment, the walk over all of
/// them, and their relocation.
///
/// Method: seeded random changes, with payloads in segments of a made-up log, held against a table of
/// what each key holds.
@Suite struct ExtentTests {
    static let segmentBytes: Int64 = 1000

    /// A log in which every payload is 100 bytes long, ten to a segment.
    final class Log {
        let subject: IndexSubject
        let namespace: LineID
        private var sequence: Int64 = 1
        private(set) var end: Int64 = 0

        init() throws {
            subject = try IndexSubject()
            namespace = try subject.createNamespace("log")
        }

        /// Applies an operation whose record has a payload of `bytes` bytes; gives its place.
        @discardableResult
        func apply(_ operation: ChangeOperation, bytes: Int = 0) throws -> LogPosition {
            sequence += 1
            if end % segmentBytes + Int64(bytes) > segmentBytes {
                end = (end / segmentBytes + 1) * segmentBytes
            }
            let position = LogPosition(end)
            try subject.writer.begin()
            try subject.writer.apply(
                Change(
                    sequence: sequence,
                    time: WallTime(milliseconds: sequence),
                    operation: operation
                ),
                recordPayload: bytes == 0
                    ? nil
                    : .inline(
                        position: position,
                        lengthBytes: bytes,
                        blockChecksums: [UInt64(sequence)]
                    ),
                segment: LogPosition(end / segmentBytes * segmentBytes)
            )
            end += Int64(bytes)
            try subject.writer.commit(applied: LogPosition(end))
            return position
        }

        func put(_ key: String) throws -> (LogPosition, Int64) {
            let entry = ExtentTests.entry(payload: [.recorded])
            let place = LineKey(line: namespace, key: ObjectKey(trusted: key))
            let write = ObjectWrite(place: place, entry: entry, fact: nil, opening: nil)
            let position = try apply(.putObject(write), bytes: 100)
            return (position, sequence)
        }

        func putPart(_ upload: String, _ number: Int) throws -> LogPosition {
            try apply(
                .putPart(
                    PartWrite(
                        upload: UploadID(upload),
                        number: number,
                        entityTag: "e",
                        checksum: nil,
                        payload: [.recorded]
                    )
                ),
                bytes: 100
            )
        }

        func page(
            _ place: ExtentPlace,
            in ranges: [Range<LogPosition>],
            rowsMax: Int
        ) throws -> ExtentPage {
            try subject.index.read { reader throws(SQLiteError) in
                try reader.extents(in: ranges, after: place, rowsMax: rowsMax)
            }
        }

        func segments() throws -> [LiveSegment] {
            try subject.index.read { reader throws(SQLiteError) in try reader.liveSegments() }
        }
    }

    static func entry(payload: [PayloadRun]) -> NewEntry {
        NewEntry(
            entityTag: "e",
            attributes: ObjectAttributes(),
            checksums: [],
            parts: [],
            payload: payload
        )
    }

    static func counts(_ positions: some Sequence<LogPosition>) -> [LiveSegment] {
        Dictionary(grouping: positions) { $0.bytes / segmentBytes }
            .map { segment, positions in
                LiveSegment(
                    first: LogPosition(segment * segmentBytes),
                    extents: Int64(positions.count),
                    bytes: 100 * Int64(positions.count)
                )
            }
            .sorted { $0.first < $1.first }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `counts follow puts, deletes, relocations and uploads`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let log = try Log()
        var held: [String: (position: LogPosition, sequence: Int64)] = [:]
        for _ in 0..<400 {
            let key = "k\(Int.random(in: 0..<40, using: &random))"
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6: held[key] = try log.put(key)
            case 6..<8:
                try log.apply(
                    .deleteObjects([LineKey(line: log.namespace, key: ObjectKey(trusted: key))])
                )
                held[key] = nil
            default:
                guard let object = held[key] else { continue }
                let place = LineKey(line: log.namespace, key: ObjectKey(trusted: key))
                let moved = Relocation(
                    owner: .object(place, sequence: object.sequence),
                    from: object.position,
                    lengthBytes: 100,
                    payloadOffset: 50
                )
                let holds = try log.subject.index.read { reader throws(SQLiteError) in
                    try reader.holds(moved)
                }
                #expect(holds)
                let position = try log.apply(.relocate([moved]), bytes: 150)
                held[key]?.position = LogPosition(position.bytes + 50)
            }
            #expect(try log.segments() == Self.counts(held.values.map(\.position)))
        }
        for (key, object) in held {
            let entry = try log.subject.index.read {
                [line = log.namespace] reader throws(SQLiteError) in
                try reader.entry(LineKey(line: line, key: ObjectKey(trusted: key)))
            }
            #expect(entry?.sequence == object.sequence)
            guard case .inline(object.position, 100, let checksums) = entry?.payload.extents.first
            else {
                Issue.record("seed \(seed): \(key) is not at \(object.position)")
                continue
            }
            #expect(checksums == [UInt64(object.sequence)], "checksums move with the bytes")
        }
    }

    @Test func `a relocation of what a row no longer names is refused whole`() throws {
        let log = try Log()
        let (first, sequence) = try log.put("k")
        let place = LineKey(line: log.namespace, key: ObjectKey(trusted: "k"))
        let stale = [
            Relocation(
                owner: .object(place, sequence: sequence),
                from: LogPosition(first.bytes + 8),
                lengthBytes: 100,
                payloadOffset: 0
            ),
            Relocation(
                owner: .object(place, sequence: sequence),
                from: first,
                lengthBytes: 99,
                payloadOffset: 0
            ),
            Relocation(
                owner: .object(place, sequence: sequence + 1),
                from: first,
                lengthBytes: 100,
                payloadOffset: 0
            ),
            Relocation(
                owner: .part(UploadID("u"), number: 1),
                from: first,
                lengthBytes: 100,
                payloadOffset: 0
            ),
            // Beyond the payload of its record.
            Relocation(
                owner: .object(place, sequence: sequence),
                from: first,
                lengthBytes: 100,
                payloadOffset: 51
            ),
        ]
        let before = try log.subject.dump()
        for (number, relocation) in stale.enumerated() {
            let holds = try log.subject.index.read { reader throws(SQLiteError) in
                try reader.holds(relocation)
            }
            #expect(holds == (number == 4))
            #expect(throws: SQLiteError.self) {
                try log.apply(.relocate([relocation]), bytes: 150)
            }
            try log.subject.writer.rollback()
            #expect(try log.subject.dump() == before)
        }
    }

    @Test func `parts keep their segment until the object they became is gone`() throws {
        let log = try Log()
        try log.apply(
            .createUpload(
                UploadCreation(
                    id: UploadID("u"),
                    namespaceLine: log.namespace,
                    key: ObjectKey(trusted: "k"),
                    attributes: ObjectAttributes(),
                    checksum: nil
                )
            )
        )
        let dropped = try log.putPart("u", 1)
        let kept = try log.putPart("u", 1)
        #expect(dropped != kept)
        for number in 0..<20 { _ = try log.put("other\(number)") }
        let others = try log.segments().reduce(0) { $0 + $1.extents } - 1
        let moved = Relocation(
            owner: .part(UploadID("u"), number: 1),
            from: kept,
            lengthBytes: 100,
            payloadOffset: 0
        )
        let place = LineKey(line: log.namespace, key: ObjectKey(trusted: "k"))
        let position = try log.apply(.relocate([moved]), bytes: 100)
        let part = try log.subject.index.read { reader throws(SQLiteError) in
            try reader.part(1, of: UploadID("u"))
        }
        let extent = try #require(part?.payload.extents.first)
        guard case .inline(position, 100, _) = extent else {
            Issue.record("the part is at \(extent)")
            return
        }
        try log.apply(
            .completeUpload(
                UploadID("u"),
                ObjectWrite(
                    place: place,
                    entry: Self.entry(payload: [.stored(extent)]),
                    fact: nil,
                    opening: nil
                )
            )
        )
        #expect(try log.segments().reduce(0) { $0 + $1.extents } == others + 1)
        try log.apply(.deleteObjects([place]))
        #expect(try log.segments().reduce(0) { $0 + $1.extents } == others)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a walk sees all that is named throughout, whatever changes meanwhile`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let log = try Log()
        var held: [String: LogPosition] = [:]
        var parts: [Int: LogPosition] = [:]
        for number in 0..<60 {
            let id = "u\(number)"
            try log.apply(
                .createUpload(
                    UploadCreation(
                        id: UploadID(id),
                        namespaceLine: log.namespace,
                        key: ObjectKey(trusted: "p\(number)"),
                        attributes: ObjectAttributes(),
                        checksum: nil
                    )
                )
            )
            parts[number] = try log.putPart(id, 1)
            held["k\(number)"] = try log.put("k\(number)").0
        }
        let range = LogPosition(0)..<LogPosition(log.end)
        var seen: Set<LogPosition> = []
        var place: ExtentPlace? = .start
        var pages = 0
        while let current = place {
            let page = try log.page(current, in: [range], rowsMax: 5)
            seen.formUnion(page.extents.map(\.position))
            place = page.next
            pages += 1
            // Between two pages, a part becomes an object, an object goes, and one is replaced.
            if let (number, position) = parts.randomElement(using: &random) {
                let extent = Extent.inline(
                    position: position,
                    lengthBytes: 100,
                    blockChecksums: [UInt64(7)]
                )
                let key = "p\(number)"
                try log.apply(
                    .completeUpload(
                        UploadID("u\(number)"),
                        ObjectWrite(
                            place: LineKey(
                                line: log.namespace,
                                key: ObjectKey(trusted: key)
                            ),
                            entry: Self.entry(payload: [.stored(extent)]),
                            fact: nil,
                            opening: nil
                        )
                    )
                )
                parts[number] = nil
                held[key] = position
            }
            if let key = held.keys.randomElement(using: &random) {
                try log.apply(
                    .deleteObjects([LineKey(line: log.namespace, key: ObjectKey(trusted: key))])
                )
                held[key] = nil
            }
            if let key = held.keys.randomElement(using: &random) {
                held[key] = try log.put(key).0
            }
        }
        #expect(pages > 20)
        let named = (Array(held.values) + Array(parts.values)).filter { range.contains($0) }
        #expect(seen.isSuperset(of: named), "seed \(seed)")
    }

    @Test func `a walk gives the runs of the ranges that it is asked for alone`() throws {
        let log = try Log()
        for number in 0..<50 { _ = try log.put("k\(number)") }
        let ranges = [
            LogPosition(1000)..<LogPosition(2000), LogPosition(4000)..<LogPosition(4200),
        ]
        let page = try log.page(.firstObject, in: ranges, rowsMax: 1000)
        #expect(page.next == nil)
        let expected = Array(stride(from: 1000, to: 2000, by: 100)) + [4000, 4100]
        #expect(page.extents.map(\.position.bytes).sorted() == expected.map(Int64.init))
    }
}
