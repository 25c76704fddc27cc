import SQLiteDatabase
import StorageFormats
import StorageModel
import Testing

@testable import MetadataIndex

/// Checks that forks, commits and seals cost the same however many chunks a version has.
///
/// Method: versions of 10 and of 100,000 chunks, put into the tables directly; the rows that each change
/// writes are counted by SQLite.
@Suite struct VersionCostTests {
    static let version = VersionName(trustedName: "m", tag: "v0")

    /// A version with so many chunks.
    static func subject(chunks: Int64) throws -> (IndexSubject, namespace: LineID, line: LineID) {
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("cost")
        let opening = VersionOpening(
            namespaceLine: namespace,
            name: "m",
            tag: "v0",
            line: subject.newLine(),
            origin: LineOrigin(parent: namespace, prefix: "m:v0/", sequence: 1, kind: .adoption)
        )
        let fact = CatalogFact(dialect: .zarr3, kind: .array)
        try subject.apply(
            .putObject(subject.write(opening.line, "zarr.json", fact: fact, opening: opening))
        )
        let connection = subject.writer.connection
        try connection.execute(
            """
            WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number
                WHERE n < \(chunks))
            INSERT INTO object(line, key, seq, modified, size, etag, entry, tracked)
            SELECT \(opening.line.number), 'c/' || n, 2, 1, 1, 'tag', x'010000000000', 1 FROM number;
            UPDATE total SET keys = keys + \(chunks), bytes = bytes + \(chunks),
                kept_rows = kept_rows + \(chunks), kept_bytes = kept_bytes + \(chunks)
            WHERE line = \(opening.line.number);
            """
        )
        return (subject, namespace, opening.line)
    }

    /// How many rows an operation writes, and how long that takes.
    static func cost(
        _ subject: IndexSubject,
        _ operation: ChangeOperation
    ) throws -> (rows: Int64, took: Duration) {
        let count = try subject.writer.connection.prepare("SELECT total_changes()")
        let before = try count.first { $0.int64(at: 0) } ?? 0
        let began = ContinuousClock.now
        try subject.apply(operation)
        let took = ContinuousClock.now - began
        return ((try count.first { $0.int64(at: 0) } ?? 0) - before, took)
    }

    static func costs(chunks: Int64) throws -> [(rows: Int64, took: Duration)] {
        let (subject, namespace, line) = try subject(chunks: chunks)
        let manifest = Manifest(
            digest: ManifestDigest(trusted: "sha256:" + String(repeating: "0", count: 64)),
            version: version,
            line: subject.newLine(),
            parent: nil,
            author: nil,
            message: "",
            time: WallTime(milliseconds: 0),
            total: .empty
        )
        func origin() -> LineOrigin {
            LineOrigin(parent: line, prefix: "", sequence: subject.sequence, kind: .fork)
        }
        var costs = [
            try cost(
                subject,
                .commitVersion(
                    VersionCommit(
                        line: line,
                        origin: origin(),
                        manifest: manifest,
                        sealing: .sealed
                    )
                )
            )
        ]
        let fork = VersionFork(
            namespaceLine: namespace,
            version: VersionName(trustedName: "m", tag: "v1"),
            line: subject.newLine(),
            origin: origin(),
            source: line,
            head: manifest.digest
        )
        costs.append(try cost(subject, .forkVersion(fork)))
        costs.append(
            try cost(subject, .putObject(subject.write(fork.line, "c/7")))
        )
        costs.append(try cost(subject, .removeVersion(VersionRemoval(line: line, residue: nil))))
        return costs
    }

    /// How many rows the commit of a draft of so many chunks writes, whose line takes the place of its
    /// version's.
    static func adoptionCost(chunks: Int64) throws -> Int64 {
        let (subject, namespace, line) = try subject(chunks: 10)
        let sequence = subject.sequence
        let fork = VersionFork(
            namespaceLine: namespace,
            version: VersionName(trustedName: "m", tag: "v0.draft-01234567"),
            line: subject.newLine(),
            origin: LineOrigin(parent: line, prefix: "", sequence: sequence, kind: .fork),
            source: line,
            head: nil,
            draft: DraftOrigin(
                base: line,
                sequence: sequence,
                expires: WallTime(milliseconds: .max)
            )
        )
        try subject.apply(.forkVersion(fork))
        try subject.put(fork.line, "c/0")
        try subject.writer.connection.execute(
            """
            WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number
                WHERE n < \(chunks))
            INSERT INTO object(line, key, seq, modified, size, etag, entry, tracked)
            SELECT \(fork.line.number), 'd/' || n, \(subject.sequence), 1, 1, 'tag', x'010000000000', 1
            FROM number;
            """
        )
        let commit = VersionCommit(
            line: fork.line,
            origin: LineOrigin(
                parent: fork.line,
                prefix: "",
                sequence: subject.sequence + 1,
                kind: .fork
            ),
            manifest: Manifest(
                digest: ManifestDigest(trusted: "sha256:" + String(repeating: "0", count: 64)),
                version: version,
                line: subject.newLine(),
                parent: nil,
                author: nil,
                message: "",
                time: WallTime(milliseconds: 0),
                total: .empty
            ),
            sealing: .open
        )
        return try cost(
            subject,
            .adoptDraft(DraftAdoption(base: line, tallies: [], commit: commit))
        ).rows
    }

    @Test func `the commit of a large draft writes as many rows whatever the draft changed`() throws
    {
        let few = try Self.adoptionCost(chunks: 10)
        let many = try Self.adoptionCost(chunks: 100_000)
        #expect(few == many && few < 40)
    }

    @Test func `forks, commits and removals write as many rows whatever the version holds`() throws
    {
        let few = try Self.costs(chunks: 10)
        let many = try Self.costs(chunks: 100_000)
        #expect(few.map(\.rows) == many.map(\.rows))
        #expect(few.allSatisfy { $0.rows < 40 })
    }
}
