import DiskIO
import SQLiteDatabase
import StorageModel
import Testing

@testable import MetadataIndex
@testable import ObjectStorage

extension VersionLife {
    /// Opens what a crash left, and checks it; then frees what nothing shows, and makes the index anew.
    func check(
        _ disk: SimulatedFileSystem,
        _ fate: UptimePlan.IndexFate,
        _ context: String
    ) async throws {
        try folder.meet(fate)
        let subject = try await open(disk, 1)
        let known = Array(possible.flatMap(\.commits.keys))
        let found = try await Self.state(of: subject, known: known)
        #expect(
            possible.contains { $0.plain == found.plain && $0.branches == found.branches },
            "\(context): \(found) is none of \(possible)"
        )
        for (digest, commit) in found.commits {
            let keys = possible.compactMap { $0.commits[digest]?.keys }
            #expect(keys.contains(commit.keys), "\(context): \(digest)")
        }
        for digest in known where possible.allSatisfy({ $0.commits[digest] != nil }) {
            #expect(found.commits[digest] != nil, "\(context): \(digest) is gone")
        }
        try Self.checkTotals(subject, context)
        try await subject.store.sweepLines()
        try Self.checkRows(subject, context)
        try Self.checkTotals(subject, context)
        let swept = try await Self.state(of: subject, known: known)
        #expect(swept.branches == found.branches && swept.plain == found.plain, "\(context): swept")
        try await Self.checkBlobs(disk, subject, context)
        await subject.store.close()
        let kept = try IndexDump(folder.index)

        try folder.meet(.lost)
        let rebuilt = try await open(disk, 2)
        await rebuilt.store.close()
        #expect(try IndexDump(folder.index) == kept, "\(context): rebuilt index differs")
    }

    /// Every figure that the index keeps is what its rows add up to.
    static func checkTotals(_ subject: SimulatedStore, _ context: String) throws {
        let faults = try subject.store.index.read { reader throws(SQLiteError) in
            var faults: [IndexMiscount] = []
            try reader.compareTallies(isStopped: { false }) { faults.append($0) }
            try reader.compareTotals(isStopped: { false }) { faults.append($0) }
            return faults
        }
        #expect(faults.isEmpty, "\(context): \(faults)")
    }

    /// Once all is swept, the rows are exactly those that some line shows.
    static func checkRows(_ subject: SimulatedStore, _ context: String) throws {
        let (rows, shown) = try subject.store.index.read { reader throws(SQLiteError) in
            (try reader.liveRows(), try reader.shownRows())
        }
        #expect(rows == shown, "\(context): rows that nothing shows, or lines without their rows")
    }

    /// The disk has the blobs that the index counts, and no other.
    static func checkBlobs(
        _ disk: SimulatedFileSystem,
        _ subject: SimulatedStore,
        _ context: String
    ) async throws {
        subject.settle()
        let known = try subject.store.index.read { reader throws(SQLiteError) in
            try reader.blobCount()
        }
        let root = SimulatedStore.directory + "/blobs"
        let files = try disk.list(root).flatMap { try disk.list("\(root)/\($0)") }
        #expect(files.count == known, "\(context): blobs")
    }
}

/// A row of the table of objects.
struct RowIdentity: Hashable, Sendable {
    let place: LineKey
    let sequence: Int64
}

extension IndexReader {
    /// Every row that holds an object.
    fileprivate func liveRows() throws(SQLiteError) -> Set<RowIdentity> {
        Set(
            try connection.prepare("SELECT line, key, seq FROM object WHERE entry IS NOT NULL").all
            {
                RowIdentity(
                    place: LineKey(
                        line: LineID($0.int64(at: 0)),
                        key: ObjectKey(trusted: $0.text(at: 1))
                    ),
                    sequence: $0.int64(at: 2)
                )
            }
        )
    }

    /// The rows behind every key that a namespace, a version, a draft or a commit shows.
    fileprivate func shownRows() throws(SQLiteError) -> Set<RowIdentity> {
        let lines = try connection.prepare(
            "SELECT id, id = namespace FROM line WHERE standing <> 3 ORDER BY id"
        ).all { (LineID($0.int64(at: 0)), isOwn: $0.int64(at: 1) != 0) }
        var shown: Set<RowIdentity> = []
        for (line, isOwn) in lines {
            for object in try list(prefix: "", line: line, after: nil, limit: .max) {
                if isOwn, try region(of: Array(object.key.text.utf8), namespace: line) != nil {
                    continue
                }
                guard let row = try visible(LineKey(line: line, key: object.key)) else { continue }
                shown.insert(RowIdentity(place: row.place, sequence: row.sequence))
            }
        }
        return shown
    }
}
