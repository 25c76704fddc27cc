import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel

// Decisions about commits, and about what versions are called.

extension Committer {
    // MARK: - Commits

    func commit(
        _ version: VersionName,
        _ note: CommitNote,
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        let row = try versionRow(version, namespace)
        if let head = try unchangedHead(row, namespace) { return .unchanged(.manifest(head)) }
        let commit = try commit(of: row, note, namespace, .open, total: try total(of: row))
        return .change(.commitVersion(commit)) { _ in .manifest(commit.manifest) }
    }

    func seal(
        _ version: VersionName,
        _ note: CommitNote,
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        let row = try versionRow(version, namespace)
        if let head = try unchangedHead(row, namespace) {
            guard row.sealed == nil else { return .unchanged(.manifest(head)) }
            return .change(.sealVersion(line: row.line, .sealed)) { _ in .manifest(head) }
        }
        let commit = try commit(of: row, note, namespace, .sealed, total: try total(of: row))
        return .change(.commitVersion(commit)) { _ in .manifest(commit.manifest) }
    }

    func unseal(_ version: VersionName, _ namespace: Namespace) throws(Refusal) -> Decision {
        let row = try versionRow(version, namespace)
        guard row.sealed != nil else { return .unchanged(.done) }
        return .change(.sealVersion(line: row.line, .open)) { _ in .done }
    }

    func retain(
        _ version: VersionName,
        _ commits: Int64?,
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        let row = try versionRow(version, namespace)
        guard row.retainedCommits != commits else { return .unchanged(.done) }
        return .change(.retainCommits(line: row.line, commits)) { _ in .done }
    }

    func forget(
        _ digests: [ManifestDigest],
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        var seen: Set<ManifestDigest> = []
        for digest in digests where seen.insert(digest).inserted {
            _ = try manifest(digest, namespace)
            let isHead = try asking { () throws(SQLiteError) in
                try writer.reader.isHead(digest, namespace: namespace.line)
            }
            guard !isHead else { throw .refused(.version(.commitInUse(digest))) }
        }
        guard !seen.isEmpty else { return .unchanged(.done) }
        return .change(.forgetCommits(namespaceLine: namespace.line, seen.sorted())) { _ in .done }
    }

    /// The newest commit of a version, if the version still holds what that describes.
    private func unchangedHead(
        _ row: VersionRow,
        _ namespace: Namespace
    ) throws(Refusal) -> Manifest? {
        let state = try asking { () throws(SQLiteError) in try writer.reader.state(of: row) }
        guard !state.isChanged, let head = state.head else { return nil }
        return try manifest(head, namespace)
    }

    /// What a version holds, counted.
    func total(of row: VersionRow) throws(Refusal) -> LineTotal {
        let state = try asking { () throws(SQLiteError) in try writer.reader.state(of: row) }
        guard let total = state.total else { throw .refused(.version(.uncounted(row.line))) }
        return total
    }

    func commit(
        of row: VersionRow,
        _ note: CommitNote,
        _ namespace: Namespace,
        _ sealing: VersionSealing,
        total: LineTotal,
        draft: LineID? = nil
    ) throws(Refusal) -> VersionCommit {
        let origin = try origin(
            of: row.line,
            with: draft,
            upTo: sequence,
            for: row.version,
            depthMax: limits.forkDepthMax + 1
        )
        return VersionCommit(
            line: row.line,
            origin: origin,
            manifest: try manifest(of: row, note, namespace, total),
            sealing: sealing
        )
    }

    func manifest(
        of row: VersionRow,
        _ note: CommitNote,
        _ namespace: Namespace,
        _ total: LineTotal
    ) throws(Refusal) -> Manifest {
        guard note.message.utf8.count <= Manifest.messageBytesMax else {
            throw .refused(
                .version(.messageTooLong(lengthBytes: note.message.utf8.count))
            )
        }
        let document = try newDocument(row, note, namespace, total)
        return Manifest(
            digest: document.digest,
            version: row.version,
            line: newLine(),
            parent: document.parent,
            author: document.author,
            message: document.message,
            time: document.time,
            total: document.total
        )
    }

    /// A document that no commit has yet: where one of the same millisecond says the same, of another
    /// version, this one is a millisecond later.
    private func newDocument(
        _ row: VersionRow,
        _ note: CommitNote,
        _ namespace: Namespace,
        _ total: LineTotal
    ) throws(Refusal) -> ManifestDocument {
        var time = batchTime
        while true {
            let document = ManifestDocument(
                parent: row.head,
                author: note.author,
                message: note.message,
                time: time,
                total: total
            )
            let isKnown = try asking { () throws(SQLiteError) in
                try writer.reader.manifest(document.digest, namespace: namespace.line) != nil
            }
            guard isKnown else { return document }
            time = WallTime(milliseconds: time.milliseconds &+ 1)
        }
    }

    // MARK: - Names

    func remove(_ version: VersionName, _ namespace: Namespace) throws(Refusal) -> Decision {
        let row = try openRow(version, namespace)
        entries.evict(namespace.line, prefix: version.keyPrefix)
        let removal = VersionRemoval(line: row.line, residue: try residue(of: row))
        return .change(.removeVersion(removal)) { _ in .done }
    }

    func retag(
        _ version: VersionName,
        to tag: String,
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        let row = try openRow(version, namespace)
        let target = try named(version.name, tag)
        guard target != version else { return .unchanged(.done) }
        try checkNoDraftTag(target)
        try checkFree(target, namespace)
        return try rename([(row, target)], namespace)
    }

    /// Renames every version of a name, and the drafts of them.
    func rename(
        _ name: String,
        to newName: String,
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        var rows: [VersionRow] = []
        for kind in [VersionKind.version, .draft] {
            rows += try asking { () throws(SQLiteError) in
                try writer.reader.versionRows(
                    kind,
                    of: name,
                    after: "",
                    namespace: namespace.line,
                    limit: Self.renamedMax
                )
            }
        }
        guard rows.contains(where: { $0.kind == .version }) else {
            throw .refused(.version(.nameMissing(name)))
        }
        guard rows.count < Self.renamedMax else { throw .refused(.payloadTooLarge) }
        var moves: [(VersionRow, VersionName)] = []
        for row in rows {
            guard row.sealed == nil else { throw .refused(.version(.sealed(row.version))) }
            let target = try named(newName, row.version.tag)
            guard target != row.version else { return .unchanged(.done) }
            try checkFree(target, namespace)
            moves.append((row, target))
        }
        return try rename(moves, namespace)
    }

    /// Versions and drafts that one change renames.
    private static let renamedMax = 10_000

    private func named(_ name: String, _ tag: String) throws(Refusal) -> VersionName {
        do throws(NameError) {
            return try VersionName(name: name, tag: tag)
        } catch {
            throw .refused(.version(.nameInvalid("\(name):\(tag)")))
        }
    }

    private func rename(
        _ moves: [(VersionRow, VersionName)],
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        var renamings: [VersionRenaming] = []
        for (row, target) in moves {
            entries.evict(namespace.line, prefix: row.version.keyPrefix)
            entries.evict(namespace.line, prefix: target.keyPrefix)
            renamings.append(
                VersionRenaming(line: row.line, version: target, residue: try residue(of: row))
            )
        }
        return .change(.renameVersions(renamings)) { _ in .done }
    }

    /// A line of nothing for the place of a version, if the namespace still stores keys there.
    private func residue(of row: VersionRow) throws(Refusal) -> LineID? {
        let isLeft = try asking { () throws(SQLiteError) in
            try writer.reader.hasOwnRows(row.namespace, under: row.version.keyPrefix)
        }
        return isLeft ? newLine() : nil
    }
}
