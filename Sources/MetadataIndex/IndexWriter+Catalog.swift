import SQLiteDatabase
import StorageFormats
import StorageModel

extension IndexWriter {
    /// Takes note of what a metadata file says now; nil if it is gone or says nothing.
    func register(
        _ file: CatalogFile,
        _ place: LineKey,
        _ fact: CatalogFact?,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        let folder = LinePath(
            line: place.line,
            path: CatalogFile.folder(of: place.key.text)
        )
        if let fact {
            try insert(fact, file, folder, sequence: context.sequence, modified: context.time)
            if folder.path.text.isEmpty, try !facts(place.line).isOwn {
                try openPlaceholder(place.line, context)
            }
        } else {
            let delete = try connection.statement(
                "DELETE FROM node WHERE line = ?1 AND path = ?2 AND rank = ?3"
            )
            try delete.bind(folder.line.number, at: 1)
            try delete.bind(folder.path.text, at: 2)
            try delete.bind(file.rawValue, at: 3)
            try delete.run()
            // Most such keys are files that nothing was known of.
            if connection.changedRows == 0 { return }
        }
        try settle(folder, context)
    }

    /// Chooses which of a folder's metadata files speaks for it, and begins or ends its tally.
    private func settle(_ folder: LinePath, _ context: ChangeContext) throws(SQLiteError) {
        let find = try connection.statement(
            "SELECT rank, kind FROM node WHERE line = ?1 AND path = ?2 ORDER BY rank LIMIT 1"
        )
        try find.bind(folder.line.number, at: 1)
        try find.bind(folder.path.text, at: 2)
        let shown = try find.first { (rank: $0.int64(at: 0), kind: $0.int64(at: 1)) }
        try show(folder, rank: shown?.rank)

        let isArray = shown?.kind == NodeKind.array.number
        let known = try tally(folder)
        switch (isArray, known) {
        case (true, .some(var tally)):
            tally.changed = context.time
            touchedTallies[folder] = tally
        case (true, .none):
            try recount(folder, changed: context.time)
            try recountEnclosing(folder, context)
        case (false, .some):
            try dropTally(folder)
            try recountEnclosing(folder, context)
        case (false, .none): break
        }
    }

    /// Has one of a folder's metadata files speak for it.
    func show(_ folder: LinePath, rank: Int64?) throws(SQLiteError) {
        let update = try connection.statement(
            """
            UPDATE node SET shown = CASE WHEN rank = ?3 THEN ?4 ELSE 0 END
            WHERE line = ?1 AND path = ?2
            """
        )
        try update.bind(folder.line.number, at: 1)
        try update.bind(folder.path.text, at: 2)
        try update.bind(rank ?? -1, at: 3)
        try update.bind(try facts(folder.line).standing.nodeMark, at: 4)
        try update.run()
    }

    /// The metadata file of a folder that speaks for it, by its rank.
    func lowestRank(_ folder: LinePath) throws(SQLiteError) -> Int64? {
        let find = try connection.statement(
            "SELECT min(rank) FROM node WHERE line = ?1 AND path = ?2"
        )
        try find.bind(folder.line.number, at: 1)
        try find.bind(folder.path.text, at: 2)
        return try find.first { $0.optionalInt64(at: 0) } ?? nil
    }

    /// Counts the array around a folder anew, whose chunks an inner array took or gave back.
    private func recountEnclosing(
        _ folder: LinePath,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        guard let parent = folder.parent,
            let outer = try nearestArray(line: parent.line, path: parent.path.text)
        else { return }
        try recount(outer, changed: context.time)
    }

    private func insert(
        _ fact: CatalogFact,
        _ file: CatalogFile,
        _ folder: LinePath,
        sequence: Int64,
        modified: WallTime
    ) throws(SQLiteError) {
        let (namespace, place) = try arrayPlace(of: folder, dialect: fact.dialect)
        let insert = try connection.statement(
            """
            INSERT OR REPLACE INTO node(line, path, rank, seq, modified, dialect, kind, note,
                namespace, name, tag, member, shown)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0)
            """
        )
        try insert.bind(folder.line.number, at: 1)
        try insert.bind(folder.path.text, at: 2)
        try insert.bind(file.rawValue, at: 3)
        try insert.bind(sequence, at: 4)
        try insert.bind(modified.milliseconds, at: 5)
        try insert.bind(Int64(fact.dialect.rawValue), at: 6)
        try insert.bind(fact.kind.number, at: 7)
        try insert.bind(fact.kind.note, at: 8)
        try insert.bind(namespace.number, at: 9)
        try insert.bind(place.name, at: 10)
        try insert.bind(place.tag, at: 11)
        try insert.bind(place.member, at: 12)
        try insert.run()
    }

    /// What a folder is called: `name:tag/member` in a version's line; in a namespace's own line
    /// the path with the tag `latest`, or, in the layout of the original Hub client, `name/tag`.
    private func arrayPlace(
        of folder: LinePath,
        dialect: ArrayDialect
    ) throws(SQLiteError) -> (LineID, ArrayPlace) {
        let find = try connection.statement("SELECT namespace, name, tag FROM line WHERE id = ?1")
        try find.bind(folder.line.number, at: 1)
        let line = try find.first { row in
            (LineID(row.int64(at: 0)), row.optionalText(at: 1), row.text(at: 2))
        }
        guard let (namespace, name, tag) = line else { throw .unreadable("node.line") }
        let path = folder.path.text
        if let name {
            return (namespace, ArrayPlace(name: name, tag: tag, member: path))
        }
        if dialect == .hub0 {
            let parent = CatalogFile.folder(of: path)
            let last = String(path.utf8.dropFirst(parent.utf8.count + 1)) ?? ""
            if !parent.isEmpty, VersionName.isTag(last.utf8) {
                return (namespace, ArrayPlace(name: parent, tag: last))
            }
        }
        return (namespace, ArrayPlace(name: path, tag: ArrayPlace.latestTag))
    }
}

extension IndexWriter {
    /// Gives a version a line of its own.
    func open(_ opening: VersionOpening, _ context: ChangeContext) throws(SQLiteError) {
        let name = VersionName(trustedName: opening.name, tag: opening.tag)
        try insertLine(
            NewLine(
                line: opening.line,
                namespace: opening.namespaceLine,
                version: name,
                origin: opening.origin,
                standing: .shown
            )
        )
        let version = try connection.statement(
            """
            INSERT INTO version(namespace, prefix, name, tag, line, opened, id, kind)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?7)
            """
        )
        try version.bind(opening.namespaceLine.number, at: 1)
        try version.bind(opening.keyPrefix, at: 2)
        try version.bind(opening.name, at: 3)
        try version.bind(opening.tag, at: 4)
        try version.bind(opening.line.number, at: 5)
        try version.bind(context.time.milliseconds, at: 6)
        try version.bind(VersionKind.version.rawValue, at: 7)
        try version.run()
        try inheritNodes(opening, context)
        try countOpened(opening)
    }

    /// Counts what a version begins with, and takes that from the namespace's own keys if it took it
    /// over.
    private func countOpened(_ opening: VersionOpening) throws(SQLiteError) {
        var count = LineCount.empty
        count.shown = try reader.countShown(opening.line, .withHash)
        touchedCounts[opening.line] = count
        let parent = opening.origin.parent
        guard opening.origin.kind == .adoption, try facts(parent).isOwn else { return }
        var rest = try self.count(of: parent)
        rest.shown.remove(
            LineTotal(keys: count.shown.keys, bytes: count.shown.bytes, contentHash: .empty)
        )
        touchedCounts[parent] = rest
    }

    /// One row of `node`, as it is copied into a new line.
    private struct NodeRow {
        let path: String
        let file: CatalogFile
        let sequence: Int64
        let modified: Int64
        let fact: CatalogFact
    }

    /// Gives a new line the nodes under the prefix that it begins with, with their tallies.
    private func inheritNodes(
        _ opening: VersionOpening,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        try flushTallies()
        let origin = opening.origin
        let folders = try copyNodes(origin, to: opening.line)
        // Deepest first, so that a recount of an outer array finds the inner ones.
        for folder in folders.sorted(by: { $1.path < $0.path }) {
            if origin.kind == .adoption {
                try removeNode(
                    LinePath(line: origin.parent, prefix: origin.prefix, path: folder.path)
                )
            }
            try settle(folder, context)
        }
        guard origin.kind == .adoption else { return }
        try recountEnclosing(Self.root(of: origin), context)
    }

    /// The folder of the parent that a line begins with.
    private static func root(of origin: LineOrigin) -> LinePath {
        LinePath(
            line: origin.parent,
            path: origin.prefix.isEmpty ? "" : CatalogFile.folder(of: origin.prefix + "_")
        )
    }

    /// Copies the nodes of the folder that a line begins with, none of them shown yet.
    ///
    /// - Returns: Their folders in the new line.
    func copyNodes(_ origin: LineOrigin, to line: LineID) throws(SQLiteError) -> Set<LinePath> {
        var folders: Set<LinePath> = []
        for row in try nodeRows(under: Self.root(of: origin), upTo: origin.sequence) {
            let path = String(row.path.utf8.dropFirst(origin.prefix.utf8.count)) ?? ""
            let folder = LinePath(line: line, path: path)
            try insert(
                row.fact,
                row.file,
                folder,
                sequence: row.sequence,
                modified: WallTime(milliseconds: row.modified)
            )
            folders.insert(folder)
        }
        return folders
    }

    private func removeNode(_ folder: LinePath) throws(SQLiteError) {
        try dropTally(folder)
        let delete = try connection.statement("DELETE FROM node WHERE line = ?1 AND path = ?2")
        try delete.bind(folder.line.number, at: 1)
        try delete.bind(folder.path.text, at: 2)
        try delete.run()
    }

    private func nodeRows(
        under root: LinePath,
        upTo sequence: Int64
    ) throws(SQLiteError) -> [NodeRow] {
        let find = try connection.statement(
            """
            SELECT path, rank, seq, modified, dialect, kind, note FROM node
            WHERE line = ?1 AND path >= ?2 AND seq <= ?3 ORDER BY path, rank
            """
        )
        try find.bind(root.line.number, at: 1)
        try find.bind(root.path.text, at: 2)
        try find.bind(sequence, at: 3)
        defer { find.rewind() }
        var rows: [NodeRow] = []
        while try find.step() {
            let path = find.text(at: 0)
            guard path.utf8.starts(with: root.path.text.utf8) else { break }
            guard root.contains(path) else { continue }
            guard let file = CatalogFile(rawValue: find.int64(at: 1)) else {
                throw .unreadable("node.rank")
            }
            rows.append(
                NodeRow(
                    path: path,
                    file: file,
                    sequence: find.int64(at: 2),
                    modified: find.int64(at: 3),
                    fact: try IndexReader.fact(find, from: 4)
                )
            )
        }
        return rows
    }
}
