import SQLiteDatabase
import StorageModel

// What dropped lines leave behind goes in steps of so many rows, each of them a change of the log. A line
// is swept in four stages: its nodes; its own rows, except those that forks still show; rows of its parent
// that only it showed; and at last the line itself, if nothing is left of it. Lines with greater numbers
// come first, so that forks go before what they were made of.

extension IndexWriter {
    /// The stages; the numbers are those of the column `stage`.
    private enum Stage: Int64 {
        case nodes = 0
        case ownRows = 1
        case parentRows = 2
        case line = 3
    }

    /// How far the sweep of a line has come: the row that was looked at last.
    private struct Progress {
        let line: LineID
        var stage: Stage
        var key: String
        var sequence: Int64
    }

    func beginSweep(of line: LineID) throws(SQLiteError) {
        try store(Progress(line: line, stage: .nodes, key: "", sequence: 0))
        hasSweepBegun = true
    }

    /// Looks at so many rows, and removes those that nothing shows.
    func sweep(rowsMax: Int) throws(SQLiteError) {
        try flushTallies()
        var budget = rowsMax
        while budget > 0 {
            if let forsaken = try nextForsaken() {
                budget -= try forgetCommits(forsaken, limit: budget)
            } else if var progress = try nextProgress() {
                try advance(&progress, &budget)
            } else {
                return
            }
        }
    }

    private func nextProgress() throws(SQLiteError) -> Progress? {
        let find = try connection.statement(
            "SELECT line, stage, key, seq FROM sweep ORDER BY line DESC LIMIT 1"
        )
        return try find.first { row throws(SQLiteError) in
            guard let stage = Stage(rawValue: row.int64(at: 1)) else {
                throw .unreadable("sweep.stage")
            }
            return Progress(
                line: LineID(row.int64(at: 0)),
                stage: stage,
                key: row.text(at: 2),
                sequence: row.int64(at: 3)
            )
        }
    }

    private func store(_ progress: Progress) throws(SQLiteError) {
        let insert = try connection.statement(
            "INSERT OR REPLACE INTO sweep(line, stage, key, seq) VALUES (?1, ?2, ?3, ?4)"
        )
        try insert.bind(progress.line.number, at: 1)
        try insert.bind(progress.stage.rawValue, at: 2)
        try insert.bind(progress.key, at: 3)
        try insert.bind(progress.sequence, at: 4)
        try insert.run()
    }

    private func advance(_ progress: inout Progress, _ budget: inout Int) throws(SQLiteError) {
        let isStageOver: Bool
        switch progress.stage {
        case .nodes:
            try dropNodes(progress.line)
            budget -= 1
            isStageOver = true
        case .ownRows: isStageOver = try sweepOwnRows(&progress, &budget)
        case .parentRows: isStageOver = try sweepParent(&progress, &budget)
        case .line: return try finish(progress, &budget)
        }
        if isStageOver, let next = Stage(rawValue: progress.stage.rawValue + 1) {
            progress = Progress(line: progress.line, stage: next, key: "", sequence: 0)
        }
        try store(progress)
    }

    // MARK: - Rows

    /// Takes the next rows of a statement of (key, seq); true if those were the last.
    private func walk(
        _ rows: Statement,
        _ progress: inout Progress,
        _ budget: inout Int,
        _ visit: (ObjectKey, Int64) throws(SQLiteError) -> Void
    ) throws(SQLiteError) -> Bool {
        let limit = min(budget, Self.sweptTogetherMax)
        let found = try rows.all { (ObjectKey(trusted: $0.text(at: 0)), $0.int64(at: 1)) }
        for (key, sequence) in found {
            try visit(key, sequence)
            progress.key = key.text
            progress.sequence = sequence
        }
        budget -= max(1, found.count)
        return found.count < limit
    }

    /// Rows that are read together.
    private static let sweptTogetherMax = 256

    private func sweepOwnRows(
        _ progress: inout Progress,
        _ budget: inout Int
    ) throws(SQLiteError) -> Bool {
        let line = progress.line
        let rows = try connection.statement(
            """
            SELECT key, seq FROM object WHERE line = ?1 AND (key, seq) > (?2, ?3)
            ORDER BY key, seq LIMIT ?4
            """
        )
        try bind(line, progress, budget, to: rows)
        return try walk(rows, &progress, &budget) { key, sequence throws(SQLiteError) in
            try releaseRow(LineKey(line: line, key: key), sequence)
        }
    }

    private func bind(
        _ line: LineID,
        _ progress: Progress,
        _ budget: Int,
        to rows: Statement
    ) throws(SQLiteError) {
        try rows.bind(line.number, at: 1)
        try rows.bind(progress.key, at: 2)
        try rows.bind(progress.sequence, at: 3)
        try rows.bind(Int64(min(budget, Self.sweptTogetherMax)), at: 4)
    }

    /// Removes a row of a line itself unless something shows it.
    private func releaseRow(_ place: LineKey, _ sequence: Int64) throws(SQLiteError) {
        guard let row = try reader.visibleRow(place, sequence: sequence) else { return }
        try release(row)
    }

    /// Removes what only the line showed of its parent: what the parent itself no longer shows.
    ///
    /// Of a version's line that is what something newer hides, which is found by the changes since the
    /// fork. Of a namespace's own line all is looked at that the line began with. A parent that was dropped
    /// is swept by itself, afterwards.
    private func sweepParent(
        _ progress: inout Progress,
        _ budget: inout Int
    ) throws(SQLiteError) -> Bool {
        guard let parent = try reader.parent(of: progress.line) else { return true }
        let facts = try facts(parent.line)
        guard facts.standing != .dropped else { return true }
        return facts.isOwn
            ? try sweepPrefix(parent, &progress, &budget)
            : try sweepHidden(parent, &progress, &budget)
    }

    private func sweepPrefix(
        _ parent: LineParent,
        _ progress: inout Progress,
        _ budget: inout Int
    ) throws(SQLiteError) -> Bool {
        let prefix = Array(parent.prefix.utf8)
        if progress.key.isEmpty { progress.key = parent.prefix }
        let rows = try connection.statement(
            """
            SELECT key, seq FROM object WHERE line = ?1 AND (key, seq) > (?2, ?3)
            ORDER BY key, seq LIMIT ?4
            """
        )
        try bind(parent.line, progress, budget, to: rows)
        var isPast = false
        let isOver = try walk(rows, &progress, &budget) { key, sequence throws(SQLiteError) in
            guard KeyBytes.hasPrefix(Array(key.text.utf8), prefix) else {
                isPast = true
                return
            }
            guard sequence <= parent.sequence else { return }
            try releaseRow(LineKey(line: parent.line, key: key), sequence)
        }
        return isOver || isPast
    }

    private func sweepHidden(
        _ parent: LineParent,
        _ progress: inout Progress,
        _ budget: inout Int
    ) throws(SQLiteError) -> Bool {
        let rows = try connection.statement(
            """
            SELECT key, seq FROM object INDEXED BY object_change
            WHERE line = ?1 AND tracked IS NOT NULL AND (seq, key) > (?3, ?2)
            ORDER BY seq, key LIMIT ?4
            """
        )
        try bind(parent.line, progress, budget, to: rows)
        if progress.sequence == 0 {
            // Every text comes before every blob: all of the changes after that one.
            try rows.bind(blob: [], at: 2)
            try rows.bind(parent.sequence, at: 3)
        }
        let prefix = Array(parent.prefix.utf8)
        return try walk(rows, &progress, &budget) { key, _ throws(SQLiteError) in
            guard KeyBytes.hasPrefix(Array(key.text.utf8), prefix) else { return }
            let place = LineKey(line: parent.line, key: key)
            try release(try reader.visible(place, atMost: parent.sequence))
        }
    }

    // MARK: - Lines

    private func finish(_ progress: Progress, _ budget: inout Int) throws(SQLiteError) {
        budget -= 1
        try run("DELETE FROM sweep WHERE line = ?1", progress.line)
        let parent = try reader.parent(of: progress.line)
        if try !reader.hasOwnRows(progress.line), try !reader.hasForks(progress.line) {
            try run("DELETE FROM line WHERE id = ?1", progress.line)
            try dropCounts(progress.line)
            knownLines[progress.line] = nil
        }
        guard let parent else { return }
        let facts = try facts(parent.line)
        if facts.standing == .dropped {
            try beginSweep(of: parent.line)
        } else if facts.isOwn {
            try removeEmptyPlaceholder(parent.prefix, facts.line)
        }
    }

    /// Removes a placeholder that holds nothing and hides nothing.
    private func removeEmptyPlaceholder(
        _ prefix: String,
        _ namespace: LineID
    ) throws(SQLiteError) {
        guard let row = try reader.versionRow(prefix: prefix, namespace: namespace),
            row.kind == .placeholder, try !reader.hasOwnRows(row.line),
            try !reader.hasForks(row.line),
            try !reader.hasOwnRows(namespace, under: prefix)
        else { return }
        try removeVersion(row)
    }

    // MARK: - Commits of versions that went

    /// A version that went, and the commit from which those that it may have held are looked at next.
    private struct Forsaken {
        let version: LineID
        let namespace: LineID
        let next: ManifestDigest?
    }

    private func nextForsaken() throws(SQLiteError) -> Forsaken? {
        let find = try connection.statement(
            "SELECT version, namespace, next FROM forsaken ORDER BY version LIMIT 1"
        )
        return try find.first { row in
            Forsaken(
                version: LineID(row.int64(at: 0)),
                namespace: LineID(row.int64(at: 1)),
                next: row.optionalText(at: 2).map { ManifestDigest(trusted: $0) }
            )
        }
    }

    /// Forgets commits that a version held, but for those that others go on from.
    ///
    /// - Returns: How many rows that cost, at least 1.
    private func forgetCommits(_ forsaken: Forsaken, limit: Int) throws(SQLiteError) -> Int {
        let namespace = forsaken.namespace
        var next = forsaken.next
        if next == nil { next = try lastCommit(of: forsaken.version) }
        guard next != nil else {
            try run("DELETE FROM forsaken WHERE version = ?1", forsaken.version)
            return 1
        }
        var count = 0
        while count < limit, let digest = next {
            guard let manifest = try reader.manifest(digest, namespace: namespace),
                try isForsaken(digest, namespace)
            else {
                next = nil
                break
            }
            try forget([digest], namespace)
            count += 1
            next = manifest.parent
        }
        let update = try connection.statement("UPDATE forsaken SET next = ?2 WHERE version = ?1")
        try update.bind(forsaken.version.number, at: 1)
        try update.bind(next?.text, at: 2)
        try update.run()
        return max(1, count)
    }

    /// A commit of a version from which nothing goes on.
    private func lastCommit(of version: LineID) throws(SQLiteError) -> ManifestDigest? {
        let find = try connection.statement(
            """
            SELECT digest FROM manifest AS own WHERE version = ?1
            AND NOT EXISTS (SELECT 1 FROM manifest AS child
                WHERE child.namespace = own.namespace AND child.parent = own.digest)
            AND NOT EXISTS (SELECT 1 FROM version
                WHERE version.namespace = own.namespace AND version.head = own.digest)
            ORDER BY digest LIMIT 1
            """
        )
        try find.bind(version.number, at: 1)
        return try find.first { ManifestDigest(trusted: $0.text(at: 0)) }
    }

    /// Whether a commit's version is gone, and nothing goes on from it.
    func isForsaken(
        _ digest: ManifestDigest,
        _ namespace: LineID
    ) throws(SQLiteError) -> Bool {
        guard let version = try reader.versionID(of: digest, namespace: namespace),
            try reader.versionRow(id: version) == nil,
            try !reader.isHead(digest, namespace: namespace)
        else { return false }
        return try reader.childCount(of: digest, namespace: namespace) == 0
    }
}

extension IndexReader {
    /// Whether rows wait to be swept.
    public func hasSweepsWaiting() throws(SQLiteError) -> Bool {
        for sql in ["SELECT 1 FROM sweep LIMIT 1", "SELECT 1 FROM forsaken LIMIT 1"] {
            let find = try connection.statement(sql)
            if try find.first({ _ in true }) != nil { return true }
        }
        return false
    }

    /// One row of a line itself.
    func visibleRow(_ place: LineKey, sequence: Int64) throws(SQLiteError) -> Visible? {
        let row = try row(place, atMost: sequence)
        let visible = Visible(place: place, row: row)
        return visible.sequence == sequence ? visible : nil
    }
}
