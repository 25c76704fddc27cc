import SQLiteDatabase
import StorageFormats
import StorageModel

// What versions are called, and how they go.

extension IndexWriter {
    /// Gives versions other names, all at once.
    func rename(
        _ renamings: [VersionRenaming],
        _ context: ChangeContext
    ) throws(SQLiteError) {
        var rows: [(VersionRow, VersionRenaming)] = []
        for renaming in renamings {
            guard let row = try reader.versionRow(of: renaming.line) else {
                throw .inapplicable("version")
            }
            rows.append((row, renaming))
        }
        // First out of all places, so that names can be exchanged.
        for (row, renaming) in rows {
            try move(row, toPrefix: Self.passingPrefix(row.line))
            if let residue = renaming.residue { try hold(row, with: residue) }
        }
        for (row, renaming) in rows {
            try removePlaceholder(renaming.version, row.namespace)
            var passing = row
            passing.prefix = Self.passingPrefix(row.line)
            try move(passing, toPrefix: renaming.version.keyPrefix)
            try call(row.line, renaming.version)
            try note(
                .renamed,
                renaming.version,
                row.namespace,
                detail: row.version.description,
                context
            )
        }
    }

    /// A prefix that no version has: names are not empty.
    private static func passingPrefix(_ line: LineID) -> String { ":\(line.number)/" }

    private func move(_ row: VersionRow, toPrefix prefix: String) throws(SQLiteError) {
        let update = try connection.statement(
            "UPDATE version SET prefix = ?3 WHERE namespace = ?1 AND prefix = ?2"
        )
        try update.bind(row.namespace.number, at: 1)
        try update.bind(row.prefix, at: 2)
        try update.bind(prefix, at: 3)
        try update.run()
    }

    private func call(_ line: LineID, _ version: VersionName) throws(SQLiteError) {
        for sql in [
            "UPDATE version SET name = ?2, tag = ?3 WHERE line = ?1",
            "UPDATE line SET name = ?2, tag = ?3 WHERE id = ?1",
            "UPDATE node SET name = ?2, tag = ?3 WHERE line = ?1",
        ] {
            let update = try connection.statement(sql)
            try update.bind(line.number, at: 1)
            try update.bind(version.name, at: 2)
            try update.bind(version.tag, at: 3)
            try update.run()
        }
        knownLines[line] = nil
    }

    /// Removes a version or draft.
    ///
    /// What nothing else shows is swept later.
    func remove(_ removal: VersionRemoval, _ context: ChangeContext) throws(SQLiteError) {
        guard let row = try reader.versionRow(of: removal.line) else {
            throw .inapplicable("version")
        }
        try removeVersion(row)
        if let residue = removal.residue { try hold(row, with: residue) }
        try note(
            row.kind == .draft ? .draftDiscarded : .versionDeleted,
            row.version,
            row.namespace,
            detail: row.head?.text ?? "",
            context
        )
    }

    /// Removes the row of a version and drops its line; its commits go with those that hold them.
    func removeVersion(_ row: VersionRow) throws(SQLiteError) {
        let delete = try connection.statement(
            "DELETE FROM version WHERE namespace = ?1 AND prefix = ?2"
        )
        try delete.bind(row.namespace.number, at: 1)
        try delete.bind(row.prefix, at: 2)
        try delete.run()
        try drop(row.line)
        if let draft = row.draft { draftlessLines.insert(draft.base) }
        guard row.kind == .version else { return }
        let forsake = try connection.statement(
            "INSERT OR REPLACE INTO forsaken(version, namespace, next) VALUES (?1, ?2, ?3)"
        )
        try forsake.bind(row.id.number, at: 1)
        try forsake.bind(row.namespace.number, at: 2)
        try forsake.bind(row.head?.text, at: 3)
        try forsake.run()
    }

    // MARK: - Placeholders

    /// Puts a line of nothing in a version's place, so that what is still stored there, for forks of
    /// the version or until it is swept, does not show again.
    ///
    /// Clients may write plain keys into it. It becomes a version with the first metadata at its root.
    private func hold(_ row: VersionRow, with line: LineID) throws(SQLiteError) {
        try insertLine(
            NewLine(
                line: line,
                namespace: row.namespace,
                version: row.version,
                origin: nil,
                standing: .shown
            )
        )
        let insert = try connection.statement(
            """
            INSERT INTO version(namespace, prefix, name, tag, line, opened, id, kind)
            VALUES (?1, ?2, ?3, ?4, ?5, 0, ?5, ?6)
            """
        )
        try insert.bind(row.namespace.number, at: 1)
        try insert.bind(row.version.keyPrefix, at: 2)
        try insert.bind(row.version.name, at: 3)
        try insert.bind(row.version.tag, at: 4)
        try insert.bind(line.number, at: 5)
        try insert.bind(VersionKind.placeholder.rawValue, at: 6)
        try insert.run()
    }

    /// Makes room for a version where a line of nothing is.
    func removePlaceholder(_ version: VersionName, _ namespace: LineID) throws(SQLiteError) {
        guard let row = try reader.versionRow(prefix: version.keyPrefix, namespace: namespace)
        else {
            return
        }
        guard row.kind == .placeholder else { throw .inapplicable("version") }
        try removeVersion(row)
    }

    /// Makes a version of a line of nothing whose root got metadata.
    func openPlaceholder(_ line: LineID, _ context: ChangeContext) throws(SQLiteError) {
        let update = try connection.statement(
            "UPDATE version SET kind = ?2, opened = ?3 WHERE line = ?1 AND kind = ?4"
        )
        try update.bind(line.number, at: 1)
        try update.bind(VersionKind.version.rawValue, at: 2)
        try update.bind(context.time.milliseconds, at: 3)
        try update.bind(VersionKind.placeholder.rawValue, at: 4)
        try update.run()
    }

    // MARK: - Lines

    /// A line that comes to be.
    struct NewLine {
        let line: LineID
        let namespace: LineID
        let version: VersionName
        let origin: LineOrigin?
        let standing: LineStanding
    }

    func insertLine(_ new: NewLine) throws(SQLiteError) {
        if let origin = new.origin, origin.parent >= new.line { throw .inapplicable("line") }
        let insert = try connection.statement(
            """
            INSERT INTO line(id, namespace, name, tag, parent, prefix, fork_seq, kind, standing)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            """
        )
        try insert.bind(new.line.number, at: 1)
        try insert.bind(new.namespace.number, at: 2)
        try insert.bind(new.version.name, at: 3)
        try insert.bind(new.version.tag, at: 4)
        try insert.bind(new.origin?.parent.number, at: 5)
        try insert.bind(new.origin?.prefix, at: 6)
        try insert.bind(new.origin?.sequence, at: 7)
        try insert.bind((new.origin?.kind).map { Int64($0.rawValue) }, at: 8)
        try insert.bind(new.standing.rawValue, at: 9)
        try insert.run()
        note(new.line)
    }

    /// Has a line show nothing from now on, but to its forks; its rows are swept later.
    func drop(_ line: LineID) throws(SQLiteError) {
        let before = try facts(line)
        try setDropped(line)
        // The nodes of a commit are listed nowhere, and go when it is swept.
        if before.standing != .commit { try dropNodes(line) }
        let count = try count(of: line)
        touchedCounts[line] = LineCount(
            shown: .empty,
            isCounted: true,
            keptRows: count.keptRows,
            keptBytes: count.keptBytes
        )
        try beginSweep(of: line)
    }

    /// Has the present view of a line count no longer.
    func setDropped(_ line: LineID) throws(SQLiteError) {
        let update = try connection.statement("UPDATE line SET standing = ?2 WHERE id = ?1")
        try update.bind(line.number, at: 1)
        try update.bind(LineStanding.dropped.rawValue, at: 2)
        try update.run()
        knownLines[line] = nil
    }

    func dropNodes(_ line: LineID) throws(SQLiteError) {
        for array in touchedTallies.keys where array.line == line { touchedTallies[array] = nil }
        try run("DELETE FROM node WHERE line = ?1", line)
        try run("DELETE FROM tally WHERE line = ?1", line)
    }
}
