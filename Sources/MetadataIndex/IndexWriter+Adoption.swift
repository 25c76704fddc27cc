import SQLiteDatabase
import StorageFormats
import StorageModel

// A large draft is committed without moving its rows: its line takes the place of its version's, and begins
// with what that held last. It costs as much as the two have arrays and groups.

extension IndexWriter {
    /// Has a draft's line take the place of its version's, and commits that.
    func adopt(_ adoption: DraftAdoption, _ context: ChangeContext) throws(SQLiteError) {
        let line = adoption.commit.line
        guard let draft = try reader.versionRow(of: line), let origin = draft.draft,
            origin.base == adoption.base,
            let base = try reader.versionRow(of: adoption.base), base.kind == .version
        else { throw .inapplicable("draft") }
        try flushTallies()
        let facts = try reader.draftFacts(line, origin)
        let tallies = try freshTallies(facts, of: line, base: base.line)
        let kept = try count(of: line)
        try sweepAgain(line, base.line)
        try removeDraft(draft)
        try succeed(base, by: line, context)
        try copy(
            from: base.line,
            to: line,
            LineOrigin(parent: base.line, prefix: "", sequence: context.sequence - 1, kind: .fork)
        )
        touchedCounts[line] = LineCount(
            shown: adoption.commit.manifest.total,
            isCounted: true,
            keptRows: kept.keptRows,
            keptBytes: kept.keptBytes
        )
        try drop(base.line)
        for difference in adoption.tallies { try add(difference, line, context) }
        for (path, tally) in tallies { try store(tally, of: LinePath(line: line, path: path)) }
        for fact in facts {
            try register(
                fact.file,
                LineKey(line: line, key: fact.key),
                fact.fact,
                context.numbered(fact.sequence)
            )
        }
        try commit(adoption.commit, context)
    }

    private func removeDraft(_ draft: VersionRow) throws(SQLiteError) {
        let delete = try connection.statement(
            "DELETE FROM version WHERE namespace = ?1 AND prefix = ?2"
        )
        try delete.bind(draft.namespace.number, at: 1)
        try delete.bind(draft.prefix, at: 2)
        try delete.run()
        try dropNodes(draft.line)
        draftlessLines.insert(draft.line)
    }

    /// Has a version, and the drafts of it, follow another line, which sees all that the former holds.
    private func succeed(
        _ version: VersionRow,
        by line: LineID,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        let lines = try connection.statement(
            """
            UPDATE line SET name = ?2, tag = ?3, parent = ?4, prefix = '', fork_seq = ?5, kind = ?6,
                standing = ?7
            WHERE id = ?1
            """
        )
        try lines.bind(line.number, at: 1)
        try lines.bind(version.version.name, at: 2)
        try lines.bind(version.version.tag, at: 3)
        try lines.bind(version.line.number, at: 4)
        try lines.bind(context.sequence - 1, at: 5)
        try lines.bind(Int64(LineOrigin.Kind.succession.rawValue), at: 6)
        try lines.bind(LineStanding.shown.rawValue, at: 7)
        try lines.run()
        knownLines[line] = nil
        for sql in [
            "UPDATE version SET line = ?2 WHERE line = ?1",
            "UPDATE version SET base = ?2 WHERE base = ?1",
        ] {
            let update = try connection.statement(sql)
            try update.bind(version.line.number, at: 1)
            try update.bind(line.number, at: 2)
            try update.run()
        }
    }

    /// Has lines looked at again whose rows only a draft may have shown, since it began before others
    /// took their place.
    private func sweepAgain(_ draft: LineID, _ base: LineID) throws(SQLiteError) {
        let first = try reader.parent(of: draft)?.line
        var line = base
        while line != first, let parent = try reader.parent(of: line),
            try facts(parent.line).standing == .dropped
        {
            try beginSweep(of: parent.line)
            line = parent.line
        }
    }

    // MARK: - Running totals

    private func add(
        _ difference: TallyDifference,
        _ line: LineID,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        let array = LinePath(line: line, path: difference.path)
        guard var tally = try tally(array) else { throw .inapplicable("tally") }
        tally.chunks &+= difference.total.keys
        tally.storedBytes &+= difference.total.bytes
        tally.contentHash.add(difference.total.contentHash)
        tally.changed = context.time
        touchedTallies[array] = tally
    }

    /// The totals of arrays that a draft made where its version shows nothing, which need not be counted
    /// anew.
    private func freshTallies(
        _ facts: [DraftFact],
        of draft: LineID,
        base: LineID
    ) throws(SQLiteError) -> [String: ChunkTally] {
        var fresh: [String: ChunkTally] = [:]
        for folder in Set(facts.map(\.folder)) {
            let array = LinePath(line: draft, path: folder)
            guard let tally = try tally(array),
                try !reader.showsKeys(base, under: array.keyPrefix)
            else { continue }
            if let parent = try reader.parent(of: draft),
                try reader.showsKeys(
                    parent.line,
                    under: parent.prefix + array.keyPrefix,
                    atMost: parent.sequence
                )
            {
                continue
            }
            fresh[folder] = tally
        }
        return fresh
    }
}

extension ChangeContext {
    /// The same change, for a row that another made; 0 for its own.
    fileprivate func numbered(_ number: Int64) -> ChangeContext {
        ChangeContext(
            sequence: number == 0 ? sequence : number,
            time: time,
            actor: actor,
            tellsEvents: tellsEvents,
            recordPayload: recordPayload
        )
    }
}
