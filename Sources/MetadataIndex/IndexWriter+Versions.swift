import SQLiteDatabase
import StorageFormats
import StorageModel

// Forks, commits, seals, rollbacks, renamings and removals of versions. Each costs as much as the version
// has arrays and groups, whatever number of chunks; commits of drafts are in IndexWriter+Drafts.swift and
// IndexWriter+Adoption.swift.

extension IndexWriter {
    /// Applies an operation on versions.
    func applyToVersions(
        _ operation: ChangeOperation,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        switch operation {
        case .forkVersion(let fork): try self.fork(fork, context)
        case .commitVersion(let commit): try self.commit(commit, context)
        case .sealVersion(let line, let sealing): try seal(line, sealing, context)
        case .rollBackVersion(let fork): try rollBack(fork, context)
        case .renameVersions(let renamings): try rename(renamings, context)
        case .removeVersion(let removal): try remove(removal, context)
        case .retainCommits(let line, let commits): try retain(commits, line)
        case .forgetCommits(let namespace, let digests):
            try forget(digests, namespace)
            hasSweepBegun = true
        case .commitDraft(let draft): try commit(draft, context)
        case .adoptDraft(let adoption): try adopt(adoption, context)
        case .countLine(let line, let total): try countLine(line, total)
        case .forgetDeletions(let places): try forgetDeletions(places)
        case .sweep(let rowsMax): try sweep(rowsMax: rowsMax)
        case .createNamespace, .deleteNamespace, .setAccess, .addPrincipal, .removePrincipal,
            .putObject, .deleteObjects, .createUpload, .putPart, .completeUpload, .abortUpload,
            .openVersion, .relocate, .putObjects:
            preconditionFailure("an operation on versions")
        }
    }

    // MARK: - Forks

    private func fork(_ fork: VersionFork, _ context: ChangeContext) throws(SQLiteError) {
        try removePlaceholder(fork.version, fork.namespaceLine)
        try insertLine(
            NewLine(
                line: fork.line,
                namespace: fork.namespaceLine,
                version: fork.version,
                origin: fork.origin,
                standing: fork.draft == nil ? .shown : .draft
            )
        )
        let insert = try connection.statement(
            """
            INSERT INTO version(namespace, prefix, name, tag, line, opened, id, kind, head, base,
                base_seq, expires)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?7, ?8, ?9, ?10, ?11)
            """
        )
        try insert.bind(fork.namespaceLine.number, at: 1)
        try insert.bind(fork.version.keyPrefix, at: 2)
        try insert.bind(fork.version.name, at: 3)
        try insert.bind(fork.version.tag, at: 4)
        try insert.bind(fork.line.number, at: 5)
        try insert.bind(context.time.milliseconds, at: 6)
        try insert.bind((fork.draft == nil ? VersionKind.version : .draft).rawValue, at: 7)
        try insert.bind(fork.head?.text, at: 8)
        try insert.bind(fork.draft?.base.number, at: 9)
        try insert.bind(fork.draft?.sequence, at: 10)
        try insert.bind(fork.draft?.expires.milliseconds, at: 11)
        try insert.run()
        try copy(from: fork.source, to: fork.line, fork.origin)
        try note(
            fork.draft == nil ? .forked : .draftCreated,
            fork.version,
            fork.namespaceLine,
            detail: fork.head?.text ?? "",
            context
        )
    }

    private func rollBack(_ fork: VersionFork, _ context: ChangeContext) throws(SQLiteError) {
        guard
            let before = try reader.versionRow(
                prefix: fork.version.keyPrefix,
                namespace: fork.namespaceLine
            ), before.kind == .version
        else { throw .inapplicable("version") }
        try insertLine(
            NewLine(
                line: fork.line,
                namespace: fork.namespaceLine,
                version: fork.version,
                origin: fork.origin,
                standing: .shown
            )
        )
        try copy(from: fork.source, to: fork.line, fork.origin)
        let update = try connection.statement(
            "UPDATE version SET line = ?3, head = ?4 WHERE namespace = ?1 AND prefix = ?2"
        )
        try update.bind(fork.namespaceLine.number, at: 1)
        try update.bind(fork.version.keyPrefix, at: 2)
        try update.bind(fork.line.number, at: 3)
        try update.bind(fork.head?.text, at: 4)
        try update.run()
        try adopt(before.head, by: before)
        try drop(before.line)
        try note(
            .rolledBack,
            fork.version,
            fork.namespaceLine,
            detail: fork.head?.text ?? "",
            context
        )
    }

    /// Makes a commit that a version leaves behind its own if the one it was made of is gone, so that it
    /// goes with this one.
    private func adopt(
        _ digest: ManifestDigest?,
        by version: VersionRow
    ) throws(SQLiteError) {
        guard let digest,
            let owner = try reader.versionID(of: digest, namespace: version.namespace),
            try reader.versionRow(id: owner) == nil
        else { return }
        let update = try connection.statement(
            "UPDATE manifest SET version = ?3 WHERE namespace = ?1 AND digest = ?2"
        )
        try update.bind(version.namespace.number, at: 1)
        try update.bind(digest.text, at: 2)
        try update.bind(version.id.number, at: 3)
        try update.run()
    }

    /// Gives a new line what another shows: nodes, tallies and totals.
    ///
    /// Nothing is counted.
    func copy(
        from source: LineID,
        to line: LineID,
        _ origin: LineOrigin
    ) throws(SQLiteError) {
        try flushTallies()
        let target = try facts(line)
        guard let version = target.version else { throw .inapplicable("line.name") }
        if try facts(source).isOwn {
            try copyPrefix(origin, to: line, version)
            return
        }
        let nodes = try connection.statement(
            """
            INSERT INTO node(line, path, rank, seq, modified, dialect, kind, note, namespace, name,
                tag, member, shown)
            SELECT ?2, path, rank, seq, modified, dialect, kind, note, namespace, ?3, ?4, path,
                CASE WHEN shown > 0 THEN ?5 ELSE 0 END
            FROM node WHERE line = ?1
            """
        )
        try nodes.bind(source.number, at: 1)
        try nodes.bind(line.number, at: 2)
        try nodes.bind(version.name, at: 3)
        try nodes.bind(version.tag, at: 4)
        try nodes.bind(target.standing.nodeMark, at: 5)
        try nodes.run()
        let tallies = try connection.statement(
            """
            INSERT INTO tally(line, path, chunks, bytes, changed, hash_high, hash_low)
            SELECT ?2, path, chunks, bytes, changed, hash_high, hash_low FROM tally WHERE line = ?1
            """
        )
        try tallies.bind(source.number, at: 1)
        try tallies.bind(line.number, at: 2)
        try tallies.run()
        let count = try count(of: source)
        touchedCounts[line] = LineCount(
            shown: count.isCounted ? count.shown : .empty,
            isCounted: count.isCounted,
            keptRows: 0,
            keptBytes: 0
        )
    }

    /// Gives a new line the nodes of a namespace's own under a prefix; what it holds is counted before
    /// the first commit.
    private func copyPrefix(
        _ origin: LineOrigin,
        to line: LineID,
        _ version: VersionName
    ) throws(SQLiteError) {
        touchedCounts[line] = LineCount(shown: .empty, isCounted: false, keptRows: 0, keptBytes: 0)
        for folder in try copyNodes(origin, to: line) {
            let path = LinePath(line: origin.parent, prefix: origin.prefix, path: folder.path)
            if let tally = try tally(path) { try store(tally, of: folder) }
            try show(folder, rank: try lowestRank(folder))
        }
    }

    // MARK: - Commits

    func commit(_ commit: VersionCommit, _ context: ChangeContext) throws(SQLiteError) {
        let manifest = commit.manifest
        guard let version = try reader.versionRow(of: commit.line), version.kind == .version else {
            throw .inapplicable("version")
        }
        try insertLine(
            NewLine(
                line: manifest.line,
                namespace: version.namespace,
                version: manifest.version,
                origin: commit.origin,
                standing: .commit
            )
        )
        try copy(from: commit.line, to: manifest.line, commit.origin)
        try insert(manifest, of: version)
        try setHead(manifest.digest, of: version)
        if version.retainedCommits != nil { retainingVersions.insert(version.id) }
        try note(
            .committed,
            manifest.version,
            version.namespace,
            detail: manifest.digest.text,
            context
        )
        guard commit.sealing == .sealed else { return }
        try seal(commit.line, .sealed, context)
    }

    private func insert(_ manifest: Manifest, of version: VersionRow) throws(SQLiteError) {
        let insert = try connection.statement(
            """
            INSERT INTO manifest(namespace, digest, line, version, name, tag, parent, author,
                message, time, keys, bytes, hash_high, hash_low)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
            """
        )
        try insert.bind(version.namespace.number, at: 1)
        try insert.bind(manifest.digest.text, at: 2)
        try insert.bind(manifest.line.number, at: 3)
        try insert.bind(version.id.number, at: 4)
        try insert.bind(manifest.version.name, at: 5)
        try insert.bind(manifest.version.tag, at: 6)
        try insert.bind(manifest.parent?.text, at: 7)
        try insert.bind(manifest.author?.text, at: 8)
        try insert.bind(manifest.message, at: 9)
        try insert.bind(manifest.time.milliseconds, at: 10)
        try insert.bind(manifest.total.keys, at: 11)
        try insert.bind(manifest.total.bytes, at: 12)
        try insert.bind(Int64(bitPattern: manifest.total.contentHash.high), at: 13)
        try insert.bind(Int64(bitPattern: manifest.total.contentHash.low), at: 14)
        try insert.run()
    }

    private func setHead(_ head: ManifestDigest, of version: VersionRow) throws(SQLiteError) {
        let update = try connection.statement(
            "UPDATE version SET head = ?3 WHERE namespace = ?1 AND prefix = ?2"
        )
        try update.bind(version.namespace.number, at: 1)
        try update.bind(version.version.keyPrefix, at: 2)
        try update.bind(head.text, at: 3)
        try update.run()
    }

    private func seal(
        _ line: LineID,
        _ sealing: VersionSealing,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        guard let version = try reader.versionRow(of: line) else { throw .inapplicable("version") }
        let update = try connection.statement("UPDATE version SET sealed = ?2 WHERE line = ?1")
        try update.bind(line.number, at: 1)
        try update.bind(sealing == .sealed ? context.time.milliseconds : nil, at: 2)
        try update.run()
        try note(
            sealing == .sealed ? .sealed : .unsealed,
            version.version,
            version.namespace,
            context
        )
    }

    private func retain(_ commits: Int64?, _ line: LineID) throws(SQLiteError) {
        let update = try connection.statement("UPDATE version SET retain = ?2 WHERE line = ?1")
        try update.bind(line.number, at: 1)
        try update.bind(commits, at: 2)
        try update.run()
        if let version = try reader.versionRow(of: line) { retainingVersions.insert(version.id) }
    }

    /// Removes commits; their lines are dropped.
    func forget(_ digests: [ManifestDigest], _ namespace: LineID) throws(SQLiteError) {
        for digest in digests {
            guard let manifest = try reader.manifest(digest, namespace: namespace) else {
                throw .inapplicable("manifest")
            }
            let delete = try connection.statement(
                "DELETE FROM manifest WHERE namespace = ?1 AND digest = ?2"
            )
            try delete.bind(namespace.number, at: 1)
            try delete.bind(digest.text, at: 2)
            try delete.run()
            try drop(manifest.line)
            try forsake(manifest.parent, namespace)
        }
    }

    /// Has a commit go whose version is gone and from which nothing goes on any more.
    private func forsake(
        _ digest: ManifestDigest?,
        _ namespace: LineID
    ) throws(SQLiteError) {
        guard let digest, try isForsaken(digest, namespace),
            let version = try reader.versionID(of: digest, namespace: namespace)
        else { return }
        let insert = try connection.statement(
            "INSERT OR IGNORE INTO forsaken(version, namespace, next) VALUES (?1, ?2, ?3)"
        )
        try insert.bind(version.number, at: 1)
        try insert.bind(namespace.number, at: 2)
        try insert.bind(digest.text, at: 3)
        try insert.run()
    }
}
