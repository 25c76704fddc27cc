import SQLiteDatabase
import StorageModel

extension IndexReader {
    /// Counts an array's chunks anew: every key under its folder that is neither metadata, nor
    /// under an array nested deeper, nor in the place of a version with a line of its own.
    ///
    /// Tallies that an open transaction has not written are not seen; see
    /// ``IndexWriter/flushTallies()``.
    func count(_ array: LinePath, changed: WallTime) throws(SQLiteError) -> ChunkTally {
        var tally = ChunkTally(chunks: 0, storedBytes: 0, changed: changed, contentHash: .empty)
        let prefix = Array(array.keyPrefix.utf8)
        let skipped = try nestedFolders(array)
        let cursor = try LineCursor(self, line: array.line, slot: .tally)
        try cursor.seek(prefix)
        while let row = try cursor.next(), KeyBytes.hasPrefix(row.key, prefix) {
            if let nested = skipped.first(where: { KeyBytes.hasPrefix(row.key, $0) }) {
                guard let after = KeyBytes.successor(nested) else { break }
                try cursor.seek(after)
                continue
            }
            guard let entityTag = row.entityTag,
                !CatalogFile.namesMetadata(String(decoding: row.key, as: UTF8.self))
            else { continue }
            tally.chunks += 1
            tally.storedBytes &+= row.sizeBytes
            tally.contentHash.add(
                ContentHash(
                    key: row.key.dropFirst(prefix.count),
                    entityTag: entityTag,
                    sizeBytes: row.sizeBytes
                )
            )
        }
        return tally
    }

    /// The key prefixes under an array that are not its chunks.
    ///
    /// Only what lies under the array is looked at, so that a new array costs the same however many
    /// others its line holds.
    private func nestedFolders(_ array: LinePath) throws(SQLiteError) -> [[UInt8]] {
        let own = Array(array.keyPrefix.utf8)
        let arrays = try connection.statement(
            "SELECT path FROM tally WHERE line = ?1 AND path > ?2 AND path < ?3"
        )
        try bind(array.line, under: own, to: arrays)
        var prefixes = try arrays.all { $0.utf8(at: 0) + [UInt8(ascii: "/")] }
        let versions = try connection.statement(
            "SELECT prefix FROM version WHERE namespace = ?1 AND prefix >= ?2 AND prefix < ?3"
        )
        try bind(array.line, under: own, to: versions)
        prefixes += try versions.all { $0.utf8(at: 0) }
        return prefixes
    }

    private func bind(
        _ line: LineID,
        under prefix: [UInt8],
        to statement: Statement
    ) throws(SQLiteError) {
        try statement.bind(line.number, at: 1)
        try statement.bind(utf8: prefix, at: 2)
        if let after = KeyBytes.successor(prefix) {
            try statement.bind(utf8: after, at: 3)
        } else {
            // Every text comes before every blob.
            try statement.bind(blob: [], at: 3)
        }
    }
}
