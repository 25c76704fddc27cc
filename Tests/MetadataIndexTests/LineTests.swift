import SQLiteDatabase
import SeededRandom
import StorageFormats
import StorageModel
import Testing

@testable import MetadataIndex

/// Checks lines, forks and adoptions against their definition: a line is a dictionary, and a fork
/// begins as a copy of what its parent held under the prefix.
///
/// Method: seeded random puts, deletes, forks and adoptions on a model of dictionaries; after every
/// few operations each line is listed and looked up.
@Suite struct LineTests {
    static let keys = ["a", "a/b", "a/b/c", "a/c", "ab", "b", "b/1", "b/2", "b/c", "c", "1", "é/1"]
    static let prefixes = ["", "a/", "a/b/", "b/", "é/"]

    /// Lines as dictionaries from key to the change that wrote it, without what was taken over.
    struct Model {
        var lines: [LineID: [String: Int64]] = [:]
        /// The prefixes that other lines took over.
        var takenOver: [LineID: [String]] = [:]

        func isTakenOver(_ key: String, in line: LineID) -> Bool {
            (takenOver[line] ?? []).contains { key.utf8.starts(with: $0.utf8) }
        }

        /// Forks a prefix, or takes it over; neither may overlap what was taken over before.
        mutating func branch(
            _ line: LineID,
            _ prefix: String,
            _ kind: LineOrigin.Kind,
            to branch: LineID
        ) -> Bool {
            let overlaps = (takenOver[line] ?? []).contains {
                $0.utf8.starts(with: prefix.utf8) || prefix.utf8.starts(with: $0.utf8)
            }
            guard !overlaps, kind == .fork || !prefix.isEmpty else { return false }
            lines[branch] = LineTests.cut(lines[line] ?? [:], to: prefix)
            guard kind == .adoption else { return true }
            takenOver[line, default: []].append(prefix)
            lines[line] = lines[line]?.filter { !$0.key.utf8.starts(with: prefix.utf8) }
            return true
        }
    }

    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func `forks show what their parent held, and then go their own way`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("lines")
        var model = Model(lines: [namespace: [:]])
        for step in 0..<200 {
            let lines = model.lines.keys.sorted()
            let line = random.pick(lines)
            let key = random.pick(Self.keys)
            switch Int.random(in: 0..<10, using: &random) {
            case 0 where lines.count < 8:
                let prefix = random.pick(Self.prefixes)
                let kind: LineOrigin.Kind = random.oneIn(2) ? .fork : .adoption
                let branch = subject.newLine()
                guard model.branch(line, prefix, kind, to: branch) else { continue }
                try subject.apply(
                    .openVersion(Self.opening(namespace, line, prefix, kind, branch, subject))
                )
            case 1..<6 where !model.isTakenOver(key, in: line):
                model.lines[line]?[key] = try subject.put(line, key)
            case 6..<10 where !model.isTakenOver(key, in: line):
                try subject.delete(line, key)
                model.lines[line]?[key] = nil
            default: continue
            }
            for (line, expected) in model.lines {
                let found = try subject.keys(line)
                    .filter { !model.isTakenOver($0.key, in: line) }
                #expect(found == expected, "seed \(seed), step \(step), \(line)")
                try Self.checkLookUps(subject, line, found)
            }
        }
    }

    static func opening(
        _ namespace: LineID,
        _ parent: LineID,
        _ prefix: String,
        _ kind: LineOrigin.Kind,
        _ line: LineID,
        _ subject: IndexSubject
    ) -> VersionOpening {
        VersionOpening(
            namespaceLine: namespace,
            name: "branch",
            tag: "t\(line.number)",
            line: line,
            origin: LineOrigin(
                parent: parent,
                prefix: prefix,
                sequence: subject.sequence,
                kind: kind
            )
        )
    }

    static func cut(_ keys: [String: Int64], to prefix: String) -> [String: Int64] {
        var result: [String: Int64] = [:]
        for (key, sequence) in keys where key.utf8.starts(with: prefix.utf8) {
            result[String(key.dropFirst(prefix.count))] = sequence
        }
        return result
    }

    static func checkLookUps(
        _ subject: IndexSubject,
        _ line: LineID,
        _ listed: [String: Int64]
    ) throws {
        let keys = Array(listed.keys)
        let found = try subject.index.read { reader throws(SQLiteError) in
            try reader.entries(keys + ["missing"], line: line)
        }
        #expect(found.map { $0?.sequence } == keys.map { listed[$0] } + [nil])
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `a version takes over its prefix and nothing stays behind`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("adopt")
        var model: [String: Int64] = [:]
        var versions: [String: LineID] = [:]
        let keys = ["a", "m:v0/1", "m:v0/2", "m:v0/", "m:v1/1", "n/m:v0/x", "z"]
        for step in 0..<200 {
            let key = random.pick(keys)
            let versioned = VersionedKey(ObjectKey(trusted: key))
            let version = versioned.flatMap { versions[$0.keyPrefix] }
            let place = LineKey(
                line: version ?? namespace,
                key: ObjectKey(trusted: version == nil ? key : versioned?.relativeKey ?? key)
            )
            switch Int.random(in: 0..<12, using: &random) {
            case 0:
                guard let versioned, version == nil else { continue }
                let opening = Self.adoption(versioned, namespace, subject)
                versions[versioned.keyPrefix] = opening.line
                model[key] = try subject.apply(
                    .putObject(
                        subject.write(opening.line, versioned.relativeKey, opening: opening)
                    )
                )
            case 1..<7: model[key] = try subject.put(place.line, place.key.text)
            default:
                try subject.delete(place.line, place.key.text)
                model[key] = nil
            }
            let page = try subject.index.read { reader throws(SQLiteError) in
                try reader.list(ListQuery(), namespace: namespace)
            }
            let listed = page.objects.map { [$0.key.text: $0.sequence] }
            #expect(
                listed
                    == model.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                    .map { [$0.key: $0.value] },
                "seed \(seed), step \(step)"
            )
            // One blob per object: nothing that was replaced or deleted is kept.
            #expect(try subject.blobs().count == model.count, "seed \(seed), step \(step)")
        }
    }

    static func adoption(
        _ key: VersionedKey,
        _ namespace: LineID,
        _ subject: IndexSubject
    ) -> VersionOpening {
        VersionOpening(
            namespaceLine: namespace,
            name: key.name,
            tag: key.tag,
            line: subject.newLine(),
            origin: LineOrigin(
                parent: namespace,
                prefix: key.keyPrefix,
                sequence: subject.sequence,
                kind: .adoption
            )
        )
    }

    @Test func `a fork of a version keeps what the version took over and then replaced`() throws {
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("keeps")
        let old = try subject.put(namespace, "p/k")
        let version = subject.newLine()
        try subject.apply(
            .openVersion(Self.opening(namespace, namespace, "p/", .adoption, version, subject))
        )
        let fork = subject.newLine()
        try subject.apply(
            .openVersion(Self.opening(namespace, version, "", .fork, fork, subject))
        )
        let new = try subject.put(version, "k")
        #expect(try subject.keys(version) == ["k": new])
        #expect(try subject.keys(fork) == ["k": old])
        try subject.delete(version, "k")
        #expect(try subject.keys(version).isEmpty)
        #expect(try subject.keys(fork) == ["k": old])
    }

    @Test func `a deleted namespace leaves nothing`() throws {
        let subject = try IndexSubject()
        let before = try subject.dump()
        let namespace = try subject.createNamespace("gone")
        try subject.put(namespace, "m:v0/1")
        let versioned = try #require(VersionedKey(ObjectKey(trusted: "m:v0/zarr.json")))
        let opening = Self.adoption(versioned, namespace, subject)
        try subject.apply(
            .putObject(
                subject.write(
                    opening.line,
                    "zarr.json",
                    fact: CatalogFact(dialect: .zarr3, kind: .array),
                    opening: opening
                )
            )
        )
        let upload = UploadID("u")
        try subject.apply(
            .createUpload(
                UploadCreation(
                    id: upload,
                    namespaceLine: namespace,
                    key: ObjectKey(trusted: "k"),
                    attributes: ObjectAttributes(),
                    checksum: nil
                )
            )
        )
        try subject.apply(
            .putPart(
                PartWrite(
                    upload: upload,
                    number: 1,
                    entityTag: "e",
                    checksum: nil,
                    payload: [.stored(.blob(BlobID(900), offset: 0, lengthBytes: 5))]
                )
            )
        )
        try subject.apply(.deleteNamespace(line: namespace))
        #expect(try subject.dump() == before)
    }

    @Test func `the same changes give the same index`() throws {
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("twice")
        for number in 0..<40 { try subject.put(namespace, "m:v0/c/\(number % 7)") }
        let versioned = try #require(VersionedKey(ObjectKey(trusted: "m:v0/zarr.json")))
        let opening = Self.adoption(versioned, namespace, subject)
        try subject.apply(
            .putObject(
                subject.write(
                    opening.line,
                    "zarr.json",
                    fact: CatalogFact(dialect: .zarr3, kind: .array),
                    opening: opening
                )
            )
        )
        for number in 0..<9 { try subject.delete(opening.line, "c/\(number)") }
        let again = try IndexSubject()
        // In one transaction, as a replay does it.
        try again.writer.begin()
        for change in subject.changes {
            try again.writer.apply(change, recordPayload: nil, segment: LogPosition(0))
        }
        try again.writer.commit(applied: LogPosition(8))
        #expect(try again.dump() == subject.dump())
    }

    @Test func `a change that was applied before is refused`() throws {
        let subject = try IndexSubject()
        _ = try subject.createNamespace("once")
        let change = try #require(subject.changes.last)
        try subject.writer.begin()
        #expect(throws: SQLiteError.self) {
            try subject.writer.apply(change, recordPayload: nil, segment: LogPosition(0))
        }
        try subject.writer.rollback()
    }
}
