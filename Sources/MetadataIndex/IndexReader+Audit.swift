import SQLiteDatabase
import StorageModel

/// A figure that an index keeps and that its rows do not add up to.
public struct IndexMiscount: Hashable, Sendable {
    /// The table of the figure.
    public let table: String
    /// The row: a blob's number, or an array as `namespace/name`.
    public let key: String
    /// What the index says.
    public let kept: String
    /// What its rows add up to.
    public let counted: String
}

extension IndexReader {
    /// What SQLite itself finds wrong with the file, in its words; empty if nothing is.
    ///
    /// - Parameter limit: The most faults to give.
    /// - Returns: The faults.
    /// - Throws: `SQLiteError`.
    public func faultsOfFile(limit: Int) throws(SQLiteError) -> [String] {
        let check = try connection.prepare("PRAGMA integrity_check(\(max(1, limit)))")
        return try check.all { $0.text(at: 0) }.filter { $0 != "ok" }
    }

    /// Compares how many extents name each blob with what was counted.
    ///
    /// - Parameters:
    ///   - scratch: What the rows of this index need.
    ///   - visit: Takes each difference.
    /// - Throws: `SQLiteError`.
    public func compareReferences(
        with scratch: IndexScratch,
        _ visit: (IndexMiscount) -> Void
    ) throws(SQLiteError) {
        let rows = try connection.prepare("SELECT id, refs FROM blob ORDER BY id")
        var last: BlobID?
        while try rows.step() {
            let id = BlobID(UInt64(bitPattern: rows.int64(at: 0)))
            let kept = rows.int64(at: 1)
            try visitUnkept(scratch, after: last, before: id, visit)
            last = id
            let counted = try scratch.need(of: id)?.references ?? 0
            guard kept != counted else { continue }
            visit(IndexMiscount(blob: id, kept: kept, counted: counted))
        }
        try visitUnkept(scratch, after: last, before: nil, visit)
    }

    /// Blobs that extents name and that the index does not count, between two that it does.
    private func visitUnkept(
        _ scratch: IndexScratch,
        after last: BlobID?,
        before next: BlobID?,
        _ visit: (IndexMiscount) -> Void
    ) throws(SQLiteError) {
        var last = last
        while let need = try scratch.needs(after: last, limit: 1).first,
            next.map({ need.id < $0 }) ?? true
        {
            visit(IndexMiscount(blob: need.id, kept: 0, counted: need.references))
            last = need.id
        }
    }

    /// Counts every array anew and compares its tally.
    ///
    /// - Parameters:
    ///   - isStopped: Asked before each array.
    ///   - visit: Takes each difference.
    /// - Throws: `SQLiteError`.
    public func compareTallies(
        isStopped: () -> Bool,
        _ visit: (IndexMiscount) -> Void
    ) throws(SQLiteError) {
        let rows = try connection.prepare(
            """
            SELECT line, path, chunks, bytes, changed, hash_high, hash_low FROM tally
            ORDER BY line, path
            """
        )
        while try rows.step() {
            guard !isStopped() else { return }
            let array = LinePath(line: LineID(rows.int64(at: 0)), path: rows.text(at: 1))
            let kept = ChunkTally(row: rows, from: 2)
            let counted = try count(array, changed: kept.changed)
            guard kept != counted else { continue }
            let place = PayloadOwner.object(
                LineKey(line: array.line, key: array.path),
                sequence: 0
            )
            visit(
                IndexMiscount(
                    table: "tally",
                    key: try name(of: place) ?? "line \(array.line.number) \(array.path)",
                    kept: kept.summary,
                    counted: counted.summary
                )
            )
        }
    }
}

extension IndexReader {
    /// Counts every line anew, what it shows and what it holds itself, and compares its totals.
    ///
    /// - Parameters:
    ///   - isStopped: Asked before each line.
    ///   - visit: Takes each difference.
    /// - Throws: `SQLiteError`.
    public func compareTotals(
        isStopped: () -> Bool,
        _ visit: (IndexMiscount) -> Void
    ) throws(SQLiteError) {
        let lines = try connection.prepare("SELECT id FROM line ORDER BY id")
        while try lines.step() {
            guard !isStopped() else { return }
            let line = LineID(lines.int64(at: 0))
            guard let facts = try facts(of: line) else { continue }
            let kept = try lineCount(line) ?? .empty
            let rows = try keptRows(line)
            var counted = LineCount(
                shown: kept.shown,
                isCounted: kept.isCounted,
                keptRows: rows.rows,
                keptBytes: rows.bytes
            )
            if facts.standing == .dropped {
                counted.shown = .empty
            } else if kept.isCounted {
                counted.shown = try countShown(line, facts.isOwn ? .withoutHash : .withHash)
            }
            guard kept != counted else { continue }
            let place = PayloadOwner.object(
                LineKey(line: line, key: ObjectKey(trusted: "")),
                sequence: 0
            )
            visit(
                IndexMiscount(
                    table: "total",
                    key: try name(of: place) ?? "line \(line.number)",
                    kept: kept.summary,
                    counted: counted.summary
                )
            )
        }
    }
}

extension LineCount {
    fileprivate var summary: String {
        let hash = shown.contentHash.hexadecimal
        return "\(shown.keys) keys, \(shown.bytes) bytes, hash \(hash); \(keptRows) rows,"
            + " \(keptBytes) bytes"
    }
}

extension IndexMiscount {
    fileprivate init(blob id: BlobID, kept: Int64, counted: Int64) {
        let digits = String(id.number, radix: 16)
        self.init(
            table: "blob",
            key: String(repeating: "0", count: 16 - digits.utf8.count) + digits,
            kept: "\(kept) references",
            counted: "\(counted) references"
        )
    }
}

extension ChunkTally {
    fileprivate var summary: String {
        "\(chunks) chunks, \(storedBytes) bytes, hash "
            + String(contentHash.high, radix: 16) + "." + String(contentHash.low, radix: 16)
    }
}

extension MetadataIndex {
    /// Opens the index in a directory for reading alone, as it is.
    ///
    /// - Returns: The reader; its connection closes when it goes away.
    /// - Throws: `SQLiteError`.
    public static func look(in directory: String) throws(SQLiteError) -> IndexReader {
        IndexReader(
            try Connection(
                path: file(in: directory),
                ConnectionConfiguration(access: .readOnly, cacheKibibytes: 16_384)
            )
        )
    }
}
