import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel

// Decisions about versions: forks, commits, seals and what becomes of them. None costs more than the version
// has arrays and groups, but for the commit of a small draft, which costs its keys.

extension Committer {
    func evaluate(_ proposal: VersionProposal) throws(Refusal) -> Decision {
        try checkLive(proposal.namespace)
        try asking { () throws(SQLiteError) in try writer.flushTotals() }
        let namespace = proposal.namespace
        switch proposal.action {
        case .fork(let source, let version): return try fork(source, to: version, namespace)
        case .commit(let version, let note): return try commit(version, note, namespace)
        case .seal(let version, let note): return try seal(version, note, namespace)
        case .unseal(let version): return try unseal(version, namespace)
        case .rollBack(let version, let digest, let hashes):
            return try rollBack(version, to: digest, from: hashes, namespace)
        case .retag(let version, let tag): return try retag(version, to: tag, namespace)
        case .rename(let name, let newName): return try rename(name, to: newName, namespace)
        case .remove(let version): return try remove(version, namespace)
        case .retain(let version, let commits): return try retain(version, commits, namespace)
        case .forget(let digests): return try forget(digests, namespace)
        case .createDraft(let version, let plan):
            return try createDraft(version, plan, namespace)
        case .commitDraft(let draft, let note, let merging):
            return try commitDraft(draft, note, merging, namespace)
        case .discardDraft(let draft): return try discardDraft(draft, namespace)
        case .count(let line, let total): return try count(line, total)
        }
    }

    // MARK: - What is there

    /// The row of a version, a draft included.
    func row(
        _ version: VersionName,
        _ namespace: Namespace
    ) throws(Refusal) -> VersionRow {
        let row = try asking { () throws(SQLiteError) in
            try writer.reader.versionRow(prefix: version.keyPrefix, namespace: namespace.line)
        }
        guard let row, row.kind != .placeholder else {
            throw .refused(.version(.missing(version)))
        }
        return row
    }

    /// The row of a version that is no draft.
    func versionRow(
        _ version: VersionName,
        _ namespace: Namespace
    ) throws(Refusal) -> VersionRow {
        let row = try row(version, namespace)
        guard row.kind == .version else { throw .refused(.version(.isDraft(version))) }
        return row
    }

    /// The row of a version that takes writes.
    func openRow(_ version: VersionName, _ namespace: Namespace) throws(Refusal) -> VersionRow {
        let row = try versionRow(version, namespace)
        guard row.sealed == nil else { throw .refused(.version(.sealed(version))) }
        return row
    }

    func manifest(
        _ digest: ManifestDigest,
        _ namespace: Namespace
    ) throws(Refusal) -> Manifest {
        let manifest = try asking { () throws(SQLiteError) in
            try writer.reader.manifest(digest, namespace: namespace.line)
        }
        guard let manifest else { throw .refused(.version(.commitMissing(digest))) }
        return manifest
    }

    /// A line that is sealed takes no writes.
    func checkWritable(_ line: LineID, _ namespace: Namespace) throws(Refusal) {
        guard line != namespace.line else { return }
        let sealed = try asking { () throws(SQLiteError) in
            try writer.reader.sealedVersion(line: line)
        }
        if let sealed { throw .refused(.version(.sealed(sealed))) }
    }

    /// A version may come to be where there is none, and no plain keys either.
    func checkFree(_ version: VersionName, _ namespace: Namespace) throws(Refusal) {
        let (row, showsKeys) = try asking { () throws(SQLiteError) -> (VersionRow?, Bool) in
            let reader = writer.reader
            let row = try reader.versionRow(
                prefix: version.keyPrefix,
                namespace: namespace.line
            )
            guard let row else {
                return (nil, try reader.showsKeys(namespace.line, under: version.keyPrefix))
            }
            return (row, try reader.showsKeys(row.line, under: ""))
        }
        guard row.map({ $0.kind == .placeholder }) ?? true else {
            throw .refused(.version(.exists(version)))
        }
        guard !showsKeys else { throw .refused(.version(.keysInPlace(version))) }
    }

    /// Only drafts are called what drafts are called.
    func checkNoDraftTag(_ version: VersionName) throws(Refusal) {
        guard !VersionName.isDraftTag(version.tag.utf8) else {
            throw .refused(.version(.draftTag(version)))
        }
    }

    // MARK: - Forks

    /// What a line that shows the same as another begins with.
    ///
    /// A line that has no rows of its own shows what it began with itself, so that chains of forks stay
    /// short; unless it gets those of a draft.
    func origin(
        of line: LineID,
        with draft: LineID? = nil,
        upTo sequence: Int64,
        for version: VersionName,
        depthMax: Int? = nil
    ) throws(Refusal) -> LineOrigin {
        let (origin, depth) = try asking { () throws(SQLiteError) -> (LineOrigin, Int) in
            let reader = writer.reader
            let hasRows = try reader.hasOwnRows(line)
            let getsRows = try draft.map { line throws(SQLiteError) in
                try reader.hasOwnRows(line)
            }
            if !hasRows, getsRows != true, let origin = try reader.origin(of: line) {
                let same = LineOrigin(
                    parent: origin.parent,
                    prefix: origin.prefix,
                    sequence: origin.sequence,
                    kind: .fork
                )
                return (same, try reader.depth(of: origin.parent) + 1)
            }
            let own = LineOrigin(parent: line, prefix: "", sequence: sequence, kind: .fork)
            return (own, try reader.depth(of: line) + 1)
        }
        let depthMax = depthMax ?? limits.forkDepthMax
        guard depth <= depthMax else {
            throw .refused(.version(.forkedTooOften(version, limit: depthMax)))
        }
        return origin
    }

    private func fork(
        _ source: ForkSource,
        to version: VersionName,
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        try checkNoDraftTag(version)
        try checkFree(version, namespace)
        let fork: VersionFork
        switch source {
        case .version(let name):
            let row = try versionRow(name, namespace)
            fork = VersionFork(
                namespaceLine: namespace.line,
                version: version,
                line: newLine(),
                origin: try origin(of: row.line, upTo: sequence - 1, for: name),
                source: row.line,
                head: row.head
            )
        case .commit(let digest):
            let manifest = try manifest(digest, namespace)
            fork = VersionFork(
                namespaceLine: namespace.line,
                version: version,
                line: newLine(),
                origin: try origin(of: manifest.line, upTo: sequence - 1, for: version),
                source: manifest.line,
                head: digest
            )
        case .folder(let path): fork = try folderFork(path, version, namespace)
        }
        entries.evict(namespace.line, prefix: version.keyPrefix)
        return .change(.forkVersion(fork)) { _ in .done }
    }

    private func folderFork(
        _ path: String,
        _ version: VersionName,
        _ namespace: Namespace
    ) throws(Refusal) -> VersionFork {
        let prefix = path + "/"
        let (isEmpty, holdsVersions) = try asking { () throws(SQLiteError) in
            (
                try !writer.reader.showsKeys(namespace.line, under: prefix),
                try writer.reader.holdsVersions(namespace: namespace.line, under: prefix)
            )
        }
        guard !holdsVersions else { throw .refused(.version(.folderHoldsVersions(path))) }
        guard !isEmpty else { throw .refused(.version(.folderEmpty(path))) }
        return VersionFork(
            namespaceLine: namespace.line,
            version: version,
            line: newLine(),
            origin: LineOrigin(
                parent: namespace.line,
                prefix: prefix,
                sequence: sequence - 1,
                kind: .fork
            ),
            source: namespace.line,
            head: nil
        )
    }

    private func rollBack(
        _ version: VersionName,
        to digest: ManifestDigest,
        from hashes: [ContentHash]?,
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        let row = try openRow(version, namespace)
        if let hashes { try require(row, holds: hashes) }
        let manifest = try manifest(digest, namespace)
        let fork = VersionFork(
            namespaceLine: namespace.line,
            version: version,
            line: newLine(),
            origin: try origin(of: manifest.line, upTo: sequence - 1, for: version),
            source: manifest.line,
            head: digest
        )
        entries.evict(namespace.line, prefix: version.keyPrefix)
        return .change(.rollBackVersion(fork)) { _ in .done }
    }

    /// Refuses what is for a version that holds something else; one that was never counted does.
    private func require(_ row: VersionRow, holds hashes: [ContentHash]) throws(Refusal) {
        let state = try asking { () throws(SQLiteError) in try writer.reader.state(of: row) }
        guard let total = state.total, hashes.contains(total.contentHash) else {
            throw .refused(.preconditionFailed)
        }
    }

    private func count(_ line: LineID, _ total: LineTotal) throws(Refusal) -> Decision {
        let isUncounted = try asking { () throws(SQLiteError) in
            try writer.reader.isUncounted(line)
        }
        guard isUncounted else { return .unchanged(.done) }
        return .change(.countLine(line, total)) { _ in .done }
    }
}
