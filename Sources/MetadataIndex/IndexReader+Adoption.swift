import SQLiteDatabase
import StorageFormats
import StorageModel

// What the commit of a large draft needs to know is found out beside the committer, some keys at a time. The
// committer then only asks whether it still holds: since the first of them nobody may have written what was
// looked at.

/// A metadata file that a draft wrote or deleted.
struct DraftFact {
    let folder: String
    let file: CatalogFile
    /// The change that wrote it; 0 if it was deleted or says nothing.
    let sequence: Int64
    /// What it says; nil if it was deleted or says nothing.
    let fact: CatalogFact?

    /// The file's key in its line.
    var key: ObjectKey { Self.key(folder, file) }

    static func key(_ folder: String, _ file: CatalogFile) -> ObjectKey {
        ObjectKey(trusted: folder.isEmpty ? file.fileName : "\(folder)/\(file.fileName)")
    }
}

extension IndexReader {
    /// Begins to find out what the commit of a draft comes to.
    ///
    /// It costs as much as the draft and its version have arrays and groups.
    ///
    /// - Parameters:
    ///   - draft: The draft.
    ///   - namespace: The namespace, by its line.
    /// - Returns: A plan of which no key was compared yet; nil if there is no such draft, or no version for
    ///   it.
    /// - Throws: `SQLiteError`.
    public func beginAdoption(
        of draft: VersionName,
        namespace: LineID
    ) throws(SQLiteError) -> AdoptionPlan? {
        try snapshot { () throws(SQLiteError) -> AdoptionPlan? in
            guard let row = try versionRow(prefix: draft.keyPrefix, namespace: namespace),
                let origin = row.draft, try versionRow(of: origin.base)?.kind == .version,
                let state = try state()
            else { return nil }
            let arrays = try arrayPaths(origin.base)
            let facts = try draftFacts(row.line, origin)
            return AdoptionPlan(
                sequence: state.sequence,
                draft: row.line,
                origin: origin,
                arrays: arrays,
                mergedArrays: try mergedArrays(arrays, facts, origin.base)
            )
        }
    }

    /// Whether what was found out for a draft is still so: nobody wrote into the draft, and what was
    /// written into the version since neither is a key of the draft nor begins or ends an array.
    ///
    /// - Parameters:
    ///   - plan: What was found out.
    ///   - draft: The draft's line.
    ///   - base: The version's line.
    ///   - limit: Keys of the version that are looked at; with more it does not hold.
    /// - Returns: Whether it holds.
    /// - Throws: `SQLiteError`.
    public func holds(
        _ plan: AdoptionPlan,
        of draft: LineID,
        base: LineID,
        limit: Int
    ) throws(SQLiteError) -> Bool {
        guard plan.isComplete, plan.base == base,
            try changedKeys(draft, after: plan.sequence, limit: 1).isEmpty
        else { return false }
        let keys = try changedKeys(base, after: plan.sequence, limit: limit + 1)
        guard keys.count <= limit else { return false }
        for key in keys {
            if case .none = try row(LineKey(line: draft, key: key), atMost: .max) {
                guard CatalogFile(key: key.text) != nil else { continue }
                let folder = CatalogFile.folder(of: key.text)
                if try hasTally(base, folder) == plan.hadArray(folder) { continue }
            }
            return false
        }
        return true
    }

    /// The keys of rows of a version's or draft's line itself that are newer than a change.
    private func changedKeys(
        _ line: LineID,
        after sequence: Int64,
        limit: Int
    ) throws(SQLiteError) -> [ObjectKey] {
        let rows = try connection.statement(
            """
            SELECT key FROM object INDEXED BY object_change
            WHERE line = ?1 AND tracked IS NOT NULL AND seq > ?2 LIMIT ?3
            """
        )
        try rows.bind(line.number, at: 1)
        try rows.bind(sequence, at: 2)
        try rows.bind(Int64(max(limit, 0)), at: 3)
        return try rows.all { ObjectKey(trusted: $0.text(at: 0)) }
    }

    // MARK: - Arrays

    private func hasTally(_ line: LineID, _ path: String) throws(SQLiteError) -> Bool {
        let find = try connection.statement("SELECT 1 FROM tally WHERE line = ?1 AND path = ?2")
        try find.bind(line.number, at: 1)
        try find.bind(path, at: 2)
        return try find.first { _ in true } ?? false
    }

    private func arrayPaths(_ line: LineID) throws(SQLiteError) -> Set<String> {
        let find = try connection.statement("SELECT path FROM tally WHERE line = ?1")
        try find.bind(line.number, at: 1)
        return Set(try find.all { $0.text(at: 0) })
    }

    /// The arrays that a version will have with what a draft wrote.
    private func mergedArrays(
        _ arrays: Set<String>,
        _ facts: [DraftFact],
        _ base: LineID
    ) throws(SQLiteError) -> Set<String> {
        var arrays = arrays
        for (folder, facts) in Dictionary(grouping: facts, by: \.folder) {
            var kinds: [CatalogFile: NodeKind] = [:]
            for file in CatalogFile.allCases {
                kinds[file] = try fact(file, path: folder, line: base)?.kind
            }
            for fact in facts { kinds[fact.file] = fact.fact?.kind }
            let shown = kinds.min { $0.key.rawValue < $1.key.rawValue }
            if shown?.value == .array { arrays.insert(folder) } else { arrays.remove(folder) }
        }
        return arrays
    }

    /// The metadata files that a draft wrote, and those of its version that it deleted or that say nothing
    /// there; in the order of their folders.
    func draftFacts(_ draft: LineID, _ origin: DraftOrigin) throws(SQLiteError) -> [DraftFact] {
        var facts = try draftNodes(draft, after: origin.sequence)
        let written = Set(facts.map(\.key))
        for node in try draftNodes(origin.base, after: .min) where !written.contains(node.key) {
            if case .none = try row(LineKey(line: draft, key: node.key), atMost: .max) { continue }
            facts.append(DraftFact(folder: node.folder, file: node.file, sequence: 0, fact: nil))
        }
        return facts.sorted { $0.key < $1.key }
    }

    /// The metadata files of a line that are newer than a change.
    private func draftNodes(
        _ line: LineID,
        after sequence: Int64
    ) throws(SQLiteError) -> [DraftFact] {
        let find = try connection.statement(
            "SELECT path, rank, seq, dialect, kind, note FROM node WHERE line = ?1 AND seq > ?2"
        )
        try find.bind(line.number, at: 1)
        try find.bind(sequence, at: 2)
        return try find.all { row throws(SQLiteError) in
            guard let file = CatalogFile(rawValue: row.int64(at: 1)) else {
                throw .unreadable("node.rank")
            }
            return DraftFact(
                folder: row.text(at: 0),
                file: file,
                sequence: row.int64(at: 2),
                fact: try Self.fact(row, from: 3)
            )
        }
    }
}
