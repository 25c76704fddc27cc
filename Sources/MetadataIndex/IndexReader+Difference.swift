import SQLiteDatabase
import StorageModel

// What two lines show differently. Where they have a line in common, only what changed since they parted is
// looked at; where they have none, both are walked over.

/// Keys that may differ, up to a bound.
private struct CandidateKeys {
    let limit: Int
    private(set) var keys: Set<ObjectKey> = []
    private(set) var isTruncated = false

    /// Whether no more is taken.
    var isFull: Bool { isTruncated }

    init(limit: Int) {
        self.limit = limit
    }

    mutating func insert(_ key: ObjectKey) {
        if keys.count < limit || keys.contains(key) {
            keys.insert(key)
        } else {
            isTruncated = true
        }
    }
}

/// One line of a chain of forks, as the last of them sees it.
private struct ChainLink: Hashable {
    let line: LineID
    /// What its keys begin with, for a key of the last line to be seen.
    let prefix: String
    /// The last change that is seen.
    let sequence: Int64
}

extension IndexReader {
    /// Compares what two lines show.
    ///
    /// - Parameters:
    ///   - first: The line before.
    ///   - second: The line after.
    ///   - limit: The most keys to look at.
    /// - Returns: The keys that differ; truncated if there was more to look at.
    /// - Throws: `SQLiteError`.
    public func difference(
        from first: LineID,
        to second: LineID,
        limit: Int
    ) throws(SQLiteError) -> LineDifference {
        try snapshot { () throws(SQLiteError) in
            var candidates = CandidateKeys(limit: limit)
            let before = try chain(of: first)
            let after = try chain(of: second)
            if let (left, right) = Self.parting(before, after) {
                for link in before[..<left] { try addChanges(of: link, since: 0, &candidates) }
                for link in after[..<right] { try addChanges(of: link, since: 0, &candidates) }
                try addChanges(between: before[left], after[right], &candidates)
            } else {
                try addKeys(of: first, &candidates)
                try addKeys(of: second, &candidates)
            }
            var differences: [KeyDifference] = []
            for key in candidates.keys.sorted() {
                let old = try entry(LineKey(line: first, key: key)).map(KeyDifference.Object.init)
                let new = try entry(LineKey(line: second, key: key)).map(KeyDifference.Object.init)
                guard old != new else { continue }
                differences.append(KeyDifference(key: key, before: old, after: new))
            }
            return LineDifference(keys: differences, isTruncated: candidates.isTruncated)
        }
    }

    /// A line and what it begins with, and so on up.
    private func chain(of line: LineID) throws(SQLiteError) -> [ChainLink] {
        var links = [ChainLink(line: line, prefix: "", sequence: .max)]
        while let last = links.last, let parent = try parent(of: last.line) {
            guard links.count < Self.levelsMax else { throw .unreadable("line.parent") }
            links.append(
                ChainLink(
                    line: parent.line,
                    prefix: parent.prefix + last.prefix,
                    sequence: parent.sequence
                )
            )
        }
        return links
    }

    /// The places in two chains of the first line that both have, under the same prefix.
    private static func parting(
        _ before: [ChainLink],
        _ after: [ChainLink]
    ) -> (left: Int, right: Int)? {
        for (left, link) in before.enumerated() {
            let right = after.firstIndex {
                $0.line == link.line && $0.prefix.utf8.elementsEqual(link.prefix.utf8)
            }
            if let right { return (left, right) }
        }
        return nil
    }

    /// Adds the keys of a common line that changed between what the two see of it.
    private func addChanges(
        between before: ChainLink,
        _ after: ChainLink,
        _ candidates: inout CandidateKeys
    ) throws(SQLiteError) {
        guard before.sequence != after.sequence else { return }
        let later = before.sequence < after.sequence ? after : before
        try addChanges(
            of: later,
            since: min(before.sequence, after.sequence),
            &candidates
        )
    }

    /// Adds the keys of a line itself that changed after a change, up to what is seen of it.
    private func addChanges(
        of link: ChainLink,
        since sequence: Int64,
        _ candidates: inout CandidateKeys
    ) throws(SQLiteError) {
        guard !candidates.isFull, let facts = try facts(of: link.line) else { return }
        let rows: Statement
        let prefix = Array(link.prefix.utf8)
        if facts.isOwn {
            rows = try connection.statement(
                "SELECT key, seq FROM object WHERE line = ?1 AND key >= ?2 ORDER BY key, seq"
            )
            try rows.bind(utf8: prefix, at: 2)
        } else {
            rows = try connection.statement(
                """
                SELECT key, seq FROM object INDEXED BY object_change
                WHERE line = ?1 AND tracked IS NOT NULL AND seq > ?2 ORDER BY seq
                """
            )
            try rows.bind(sequence, at: 2)
        }
        try rows.bind(link.line.number, at: 1)
        defer { rows.rewind() }
        while !candidates.isFull, try rows.step() {
            let change = rows.int64(at: 1)
            let key = rows.utf8(at: 0)
            guard KeyBytes.hasPrefix(key, prefix) else {
                if facts.isOwn { return }
                continue
            }
            guard change > sequence, change <= link.sequence else { continue }
            let relative = String(decoding: key.dropFirst(prefix.count), as: UTF8.self)
            candidates.insert(ObjectKey(trusted: relative))
        }
    }

    private func addKeys(
        of line: LineID,
        _ candidates: inout CandidateKeys
    ) throws(SQLiteError) {
        let cursor = try LineCursor(self, line: line, slot: .plain)
        try cursor.seek([])
        while !candidates.isFull, let row = try cursor.next() {
            candidates.insert(ObjectKey(trusted: String(decoding: row.key, as: UTF8.self)))
        }
    }
}

extension KeyDifference.Object {
    fileprivate init(_ entry: ObjectEntry) {
        self.init(entityTag: entry.entityTag, sizeBytes: entry.sizeBytes)
    }
}
