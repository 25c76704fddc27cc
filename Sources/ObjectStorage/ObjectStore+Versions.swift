import MetadataIndex
import SQLiteDatabase
import StorageModel

// Versions: what they are called, and what was committed of them. Nothing here costs more the more chunks a
// version has, but for the first commit of one that was made of a folder, and its opening where plain keys
// lie under its prefix. What commits of drafts cost is said in ObjectStore+Drafts.swift.

extension ObjectStore {
    // MARK: - What there is

    /// How a version, or a draft, stands.
    ///
    /// - Returns: Nil if nothing is called that.
    /// - Throws: ``StoreError/indexFailed``.
    public func versionState(
        _ version: VersionName,
        in namespace: Namespace
    ) throws(StoreError) -> VersionState? {
        let line = namespace.line
        return try ask { reader throws(SQLiteError) in
            try reader.snapshot { () throws(SQLiteError) -> VersionState? in
                guard
                    let row = try reader.versionRow(prefix: version.keyPrefix, namespace: line),
                    row.kind != .placeholder
                else { return nil }
                return try reader.state(of: row)
            }
        }
    }

    /// The versions of a name, or of all names, in the order of `name:tag/`; drafts are left out.
    ///
    /// - Parameters:
    ///   - name: The name; nil for all.
    ///   - namespace: The namespace.
    ///   - version: The last version of the page before, if any.
    ///   - limit: The most to give.
    /// - Returns: The page; it is the last if it has fewer than `limit`.
    /// - Throws: ``StoreError/indexFailed``.
    public func versionStates(
        of name: String? = nil,
        in namespace: Namespace,
        after version: VersionName? = nil,
        limit: Int
    ) throws(StoreError) -> [VersionState] {
        try states(.version, name, namespace, version, limit)
    }

    /// The drafts of a name, or of all names, in the order of `name:tag/`.
    ///
    /// - Parameters:
    ///   - name: The name; nil for all.
    ///   - namespace: The namespace.
    ///   - version: The last draft of the page before, if any.
    ///   - limit: The most to give.
    /// - Returns: The page; it is the last if it has fewer than `limit`.
    /// - Throws: ``StoreError/indexFailed``.
    public func drafts(
        of name: String? = nil,
        in namespace: Namespace,
        after version: VersionName? = nil,
        limit: Int
    ) throws(StoreError) -> [VersionState] {
        try states(.draft, name, namespace, version, limit)
    }

    /// Finds a commit by its digest.
    ///
    /// Its line shows what was committed: look up, list and read it as any other, with
    /// ``lookUp(_:line:)``, ``list(prefix:line:after:limit:)`` and ``node(path:line:)``.
    public func manifest(
        _ digest: ManifestDigest,
        in namespace: Namespace
    ) throws(StoreError) -> Manifest? {
        let line = namespace.line
        return try ask { reader throws(SQLiteError) in
            try reader.manifest(digest, namespace: line)
        }
    }

    /// A commit and those before it, newest first, as far as they are kept.
    ///
    /// A page goes on with the parent of the last commit of the page before.
    ///
    /// - Parameters:
    ///   - digest: The first to give: a version's ``VersionState/head``, or any other.
    ///   - namespace: The namespace.
    ///   - limit: The most to give.
    /// - Returns: The page.
    /// - Throws: ``StoreError/indexFailed``.
    public func history(
        from digest: ManifestDigest,
        in namespace: Namespace,
        limit: Int
    ) throws(StoreError) -> [Manifest] {
        let line = namespace.line
        return try ask { reader throws(SQLiteError) in
            try reader.history(from: digest, namespace: line, limit: limit)
        }
    }

    // MARK: - Forks

    /// Makes a version that begins as another version, a commit or a folder, and goes its own way.
    ///
    /// - Returns: The new version.
    /// - Throws: ``StoreError/version(_:)`` with `.missing`, `.isDraft`, `.commitMissing`,
    ///   `.folderEmpty`, `.folderHoldsVersions`, `.exists`, `.keysInPlace` or `.forkedTooOften`;
    ///   ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    @discardableResult
    public func fork(
        _ source: ForkSource,
        to version: VersionName,
        in namespace: Namespace,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> VersionState {
        try await propose(.fork(source, to: version), namespace, actor)
        return try present(version, namespace)
    }

    /// Takes a version back to a commit; what was not committed is lost.
    ///
    /// - Parameters:
    ///   - version: The version.
    ///   - digest: The commit.
    ///   - namespace: The namespace.
    ///   - hashes: What the version must hold for that, by the content hash of its total; nil for anything.
    ///   - actor: Who does it.
    /// - Returns: The version, which follows a new line.
    /// - Throws: ``StoreError/version(_:)`` with `.missing`, `.isDraft`, `.sealed`, `.commitMissing` or
    ///   `.forkedTooOften`; ``StoreError/preconditionFailed`` if it holds something else, or was never
    ///   counted; ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    @discardableResult
    public func rollBack(
        _ version: VersionName,
        to digest: ManifestDigest,
        in namespace: Namespace,
        from hashes: [ContentHash]? = nil,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> VersionState {
        try await propose(.rollBack(version, to: digest, from: hashes), namespace, actor)
        return try present(version, namespace)
    }

    // MARK: - Commits

    /// Keeps what a version holds now under a digest.
    ///
    /// - Parameters:
    ///   - version: The version.
    ///   - namespace: The namespace.
    ///   - message: Why; at most ``Manifest/messageBytesMax`` bytes.
    ///   - actor: Who commits; becomes the author.
    /// - Returns: The commit: the newest one so far if the version holds the same as that.
    /// - Throws: ``StoreError/version(_:)`` with `.missing`, `.isDraft`, `.messageTooLong` or
    ///   `.forkedTooOften`; ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    public func commitVersion(
        _ version: VersionName,
        in namespace: Namespace,
        message: String = "",
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> Manifest {
        let note = CommitNote(message: message, author: actor)
        return try await counted { () throws(StoreError) in
            try await manifest(of: .commit(version, note), namespace, actor)
        }
    }

    /// Makes a version immutable, and commits it first if it holds something new.
    ///
    /// - Returns: The commit that describes it.
    /// - Throws: As ``commitVersion(_:in:message:actor:)``.
    @discardableResult
    public func seal(
        _ version: VersionName,
        in namespace: Namespace,
        message: String = "",
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> Manifest {
        let note = CommitNote(message: message, author: actor)
        return try await counted { () throws(StoreError) in
            try await manifest(of: .seal(version, note), namespace, actor)
        }
    }

    /// Has a sealed version take writes again.
    ///
    /// - Throws: ``StoreError/version(_:)`` with `.missing` or `.isDraft`;
    ///   ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    public func unseal(
        _ version: VersionName,
        in namespace: Namespace,
        actor: PrincipalName? = nil
    ) async throws(StoreError) {
        try await propose(.unseal(version), namespace, actor)
    }

    /// Says how many commits of its history a version keeps, beside those that others reach.
    ///
    /// Those that are too many go in the background.
    ///
    /// - Parameters:
    ///   - version: The version.
    ///   - commits: How many, at least 1; nil for all.
    ///   - namespace: The namespace.
    ///   - actor: Who asks for it.
    /// - Throws: As ``unseal(_:in:actor:)``.
    public func setRetention(
        of version: VersionName,
        commits: Int?,
        in namespace: Namespace,
        actor: PrincipalName? = nil
    ) async throws(StoreError) {
        let commits = commits.map { Int64(max(1, $0)) }
        try await propose(.retain(version, commits: commits), namespace, actor)
    }

    /// Keeps a commit no longer.
    ///
    /// Histories that go through it end there.
    ///
    /// - Throws: ``StoreError/version(_:)`` with `.commitMissing` or `.commitInUse`;
    ///   ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    public func forget(
        _ digest: ManifestDigest,
        in namespace: Namespace,
        actor: PrincipalName? = nil
    ) async throws(StoreError) {
        try await propose(.forget([digest]), namespace, actor)
    }

    // MARK: - Names

    /// Gives a version another tag.
    ///
    /// - Returns: The version.
    /// - Throws: ``StoreError/version(_:)`` with `.missing`, `.isDraft`, `.sealed`, `.nameInvalid`,
    ///   `.exists` or `.keysInPlace`; ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    @discardableResult
    public func retag(
        _ version: VersionName,
        to tag: String,
        in namespace: Namespace,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> VersionState {
        try await propose(.retag(version, to: tag), namespace, actor)
        return try present(VersionName(trustedName: version.name, tag: tag), namespace)
    }

    /// Gives every version of a name, and the drafts of them, another name.
    ///
    /// - Throws: ``StoreError/version(_:)`` with `.nameMissing`, `.sealed`, `.nameInvalid`, `.exists` or
    ///   `.keysInPlace`; ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    public func renameVersions(
        of name: String,
        to newName: String,
        in namespace: Namespace,
        actor: PrincipalName? = nil
    ) async throws(StoreError) {
        try await propose(.rename(name, to: newName), namespace, actor)
    }

    /// Deletes a version, or a draft, with the commits that nothing else goes on from.
    ///
    /// It is gone at once; its room comes back in the background.
    ///
    /// - Throws: ``StoreError/version(_:)`` with `.missing`, `.isDraft` or `.sealed`;
    ///   ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    public func deleteVersion(
        _ version: VersionName,
        in namespace: Namespace,
        actor: PrincipalName? = nil
    ) async throws(StoreError) {
        try await propose(.remove(version), namespace, actor)
    }

    // MARK: - Pieces

    func propose(
        _ action: VersionAction,
        _ namespace: Namespace,
        _ actor: PrincipalName?
    ) async throws(StoreError) {
        let proposal = VersionProposal(namespace: namespace, action: action)
        _ = try await queue.submit(.version(proposal), actor: actor)
    }

    func manifest(
        of action: VersionAction,
        _ namespace: Namespace,
        _ actor: PrincipalName?
    ) async throws(StoreError) -> Manifest {
        let proposal = VersionProposal(namespace: namespace, action: action)
        return try await commit(.version(proposal), actor: actor) { outcome in
            if case .manifest(let manifest) = outcome { manifest } else { nil }
        }
    }

    /// A version that was there a moment ago.
    func present(
        _ version: VersionName,
        _ namespace: Namespace
    ) throws(StoreError) -> VersionState {
        guard let state = try versionState(version, in: namespace) else {
            throw .version(.missing(version))
        }
        return state
    }

    /// Does something that needs to know what a version holds; where that was never counted, it is
    /// counted first, beside the committer.
    func counted<Value: Sendable>(
        _ body: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        do throws(StoreError) {
            return try await body()
        } catch {
            guard case .version(.uncounted(let line)) = error else { throw error }
            try await count(line)
        }
        return try await body()
    }

    private func count(_ line: LineID) async throws(StoreError) {
        let total = try await diskPool.perform { [self] () throws(StoreError) in
            try ask { reader throws(SQLiteError) in try reader.uncounted(line) }
        }
        guard let total else { return }
        let owner = try ask { reader throws(SQLiteError) in try reader.versionRow(of: line) }
        guard let owner, let namespace = names.read({ $0.namespace(line: owner.namespace) })
        else { return }
        try await propose(.count(line, total), namespace, nil)
    }

    private func states(
        _ kind: VersionKind,
        _ name: String?,
        _ namespace: Namespace,
        _ version: VersionName?,
        _ limit: Int
    ) throws(StoreError) -> [VersionState] {
        let line = namespace.line
        return try ask { reader throws(SQLiteError) in
            try reader.snapshot { () throws(SQLiteError) in
                var states: [VersionState] = []
                for row in try reader.versionRows(
                    kind,
                    of: name,
                    after: version?.keyPrefix ?? "",
                    namespace: line,
                    limit: limit
                ) {
                    states.append(try reader.state(of: row))
                }
                return states
            }
        }
    }
}
