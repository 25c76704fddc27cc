import SQLiteDatabase
import SeededRandom
import StorageFormats
import StorageModel
import Testing

@testable import MetadataIndex

/// Checks the catalog against a recomputation from the keys.
///
/// Method: seeded random writes of metadata, chunks and versions over nested paths; after each,
/// every array's tally is computed anew from a listing.
@Suite struct CatalogTests {
    static let array = CatalogFact(dialect: .zarr3, kind: .array)
    static let group = CatalogFact(dialect: .zarr3, kind: .group)

    /// What the tallies should be: every chunk counts for the deepest array above it.
    static func recomputed(_ subject: IndexSubject, _ line: LineID) throws -> [String: ChunkTally] {
        let (objects, arrays, versions) = try subject.index.read { reader throws(SQLiteError) in
            (
                try reader.list(prefix: "", line: line, after: nil, limit: .max),
                try reader.connection.statement(
                    "SELECT path FROM node WHERE line = \(line.number) AND shown = 1 AND kind = 1"
                ).all { $0.text(at: 0) },
                try reader.connection.statement(
                    "SELECT prefix FROM version WHERE namespace = \(line.number)"
                ).all { $0.text(at: 0) }
            )
        }
        var tallies: [String: ChunkTally] = [:]
        for path in arrays {
            tallies[path] = ChunkTally(
                chunks: 0,
                storedBytes: 0,
                changed: WallTime(milliseconds: 0),
                contentHash: .empty
            )
        }
        for object in objects where !CatalogFile.namesMetadata(object.key.text) {
            let key = object.key.text
            if versions.contains(where: { key.utf8.starts(with: $0.utf8) }) { continue }
            let above = arrays.filter { $0.isEmpty || key.utf8.starts(with: "\($0)/".utf8) }
            guard let path = above.max(by: { $0.utf8.count < $1.utf8.count }) else { continue }
            let relative = path.isEmpty ? key : String(key.dropFirst(path.count + 1))
            tallies[path]?.chunks += 1
            tallies[path]?.storedBytes += object.sizeBytes
            tallies[path]?.contentHash.add(
                ContentHash(
                    key: relative.utf8,
                    entityTag: object.entityTag,
                    sizeBytes: object.sizeBytes
                )
            )
        }
        return tallies
    }

    static func check(_ subject: IndexSubject, _ line: LineID, _ context: String) throws {
        let nodes = try subject.index.read { reader throws(SQLiteError) in
            try reader.connection.statement(
                "SELECT path FROM node WHERE line = \(line.number) AND shown = 1"
            ).all { $0.text(at: 0) }
        }
        let expected = try recomputed(subject, line)
        for path in nodes {
            let node = try subject.index.read { reader throws(SQLiteError) in
                try reader.node(path: path, line: line)
            }
            #expect(node?.tally?.chunks == expected[path]?.chunks, "\(context) \(path)")
            #expect(node?.tally?.storedBytes == expected[path]?.storedBytes, "\(context) \(path)")
            #expect(node?.tally?.contentHash == expected[path]?.contentHash, "\(context) \(path)")
        }
        let tallies = try subject.index.read { reader throws(SQLiteError) in
            try reader.connection.statement(
                "SELECT path FROM tally WHERE line = \(line.number)"
            ).all { $0.text(at: 0) }
        }
        #expect(Set(tallies) == Set(expected.keys), "\(context)")
    }

    @Test(arguments: 1...15 as ClosedRange<UInt64>)
    func `tallies equal a recomputation after every write`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("tally")
        let folders = ["", "a/", "a/b/", "a/b/c/", "a-/", "a.x/", "m:v0/", "m:v0/a/", "a/n:v1/"]
        let files = ["zarr.json", ".zarray", ".zattrs", "c/0", "c/1", "0.0", "info.txt"]
        var versions: [String: LineID] = [:]
        for step in 0..<120 {
            let key = random.pick(folders) + random.pick(files)
            let versioned = VersionedKey(ObjectKey(trusted: key))
            let line = versioned.flatMap { versions[$0.keyPrefix] }
            let isPut = !random.oneIn(3)
            let fact =
                CatalogFile(key: key) == nil ? nil : random.pick([Self.array, Self.group, nil])
            if let versioned, line == nil, isPut, fact != nil, versioned.isRootMetadata {
                let opening = LineTests.adoption(versioned, namespace, subject)
                versions[versioned.keyPrefix] = opening.line
                try subject.apply(
                    .putObject(
                        subject.write(
                            opening.line,
                            versioned.relativeKey,
                            fact: fact,
                            opening: opening
                        )
                    )
                )
            } else {
                let relative = line == nil ? key : versioned?.relativeKey ?? key
                if isPut {
                    try subject.put(line ?? namespace, relative, fact: fact)
                } else {
                    try subject.delete(line ?? namespace, relative)
                }
            }
            for line in [namespace] + versions.values {
                try Self.check(subject, line, "seed \(seed), step \(step), \(key)")
            }
        }
    }

    @Test func `equal contents have equal hashes, whatever the way there`() throws {
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("hashes")
        func put(_ key: String, _ tag: String) throws {
            let entry = NewEntry(
                entityTag: tag,
                attributes: ObjectAttributes(),
                checksums: [],
                parts: [],
                payload: []
            )
            let place = LineKey(line: namespace, key: ObjectKey(trusted: key))
            try subject.apply(
                .putObject(ObjectWrite(place: place, entry: entry, fact: nil, opening: nil))
            )
        }
        for name in ["one", "two"] {
            try subject.put(namespace, "\(name)/.zarray", fact: Self.array)
        }
        for chunk in ["0", "1", "2"] { try put("one/\(chunk)", "tag\(chunk)") }
        for chunk in ["2", "1", "0", "3"] { try put("two/\(chunk)", "other") }
        for chunk in ["1", "0", "2"] { try put("two/\(chunk)", "tag\(chunk)") }
        let hashes = try ["one", "two"].map { path in
            try subject.index.read { reader throws(SQLiteError) in
                try reader.node(path: path, line: namespace)?.tally?.contentHash
            }
        }
        #expect(hashes[0] != hashes[1])
        try subject.delete(namespace, "two/3")
        let last = try subject.index.read { reader throws(SQLiteError) in
            try reader.node(path: "two", line: namespace)?.tally?.contentHash
        }
        #expect(last == hashes[0])
        #expect(last != ContentHash.empty)
    }

    @Test func `nodes are found by place and listed in order`() throws {
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("places")
        let hub = CatalogFact(dialect: .hub0, kind: .array)
        try subject.put(namespace, "user/set/v1/info.txt", fact: hub)
        try subject.put(namespace, "plain/zarr.json", fact: Self.group)
        try subject.put(namespace, "plain/x/zarr.json", fact: Self.array)
        let versioned = try #require(VersionedKey(ObjectKey(trusted: "big:v0/zarr.json")))
        let opening = LineTests.adoption(versioned, namespace, subject)
        try subject.apply(
            .putObject(
                subject.write(opening.line, "zarr.json", fact: Self.group, opening: opening)
            )
        )
        try subject.put(opening.line, "a/zarr.json", fact: Self.array)

        func node(_ name: String, _ tag: String, _ member: String = "") throws -> String? {
            try subject.index.read { reader throws(SQLiteError) in
                try reader.node(
                    ArrayPlace(name: name, tag: tag, member: member),
                    namespace: namespace
                )?
                .metadataKey
            }
        }
        #expect(try node("big", "v0") == "zarr.json")
        #expect(try node("big", "v0", "a") == "a/zarr.json")
        #expect(try node("plain", "latest") == "plain/zarr.json")
        #expect(try node("plain", "latest", "x") == "plain/x/zarr.json")
        #expect(try node("plain/x", "latest") == "plain/x/zarr.json")
        #expect(try node("user/set", "v1") == "user/set/v1/info.txt")
        #expect(try node("user/set", "v2") == nil)
        #expect(try node("plain", "x") == nil)

        func places(_ scope: NodeScope, prefix: String = "") throws -> [String] {
            var found: [String] = []
            var after: ArrayPlace?
            while true {
                let page = try subject.index.read { [after] reader throws(SQLiteError) in
                    try reader.nodes(
                        namespace: namespace,
                        namePrefix: prefix,
                        scope: scope,
                        after: after,
                        limit: 2
                    )
                }
                found += page.map { "\($0.place.name):\($0.place.tag)/\($0.place.member)" }
                guard page.count == 2 else { return found }
                after = page.last?.place
            }
        }
        let all = [
            "big:v0/", "big:v0/a", "plain:latest/", "plain/x:latest/", "user/set:v1/",
        ]
        #expect(try places(.all) == all)
        #expect(try places(.roots) == all.filter { $0 != "big:v0/a" })
        #expect(try places(.all, prefix: "plain") == ["plain:latest/", "plain/x:latest/"])
        #expect(try places(.version(name: "big", tag: "v0")) == ["big:v0/", "big:v0/a"])
    }
}
