import SQLiteDatabase
import StorageModel

extension IndexReader {
    private static let manifestColumns = """
        SELECT digest, name, tag, line, parent, author, message, time, keys, bytes, hash_high,
            hash_low FROM manifest
        """

    private static func manifest(_ row: Statement) throws(SQLiteError) -> Manifest {
        Manifest(
            digest: ManifestDigest(trusted: row.text(at: 0)),
            version: VersionName(trustedName: row.text(at: 1), tag: row.text(at: 2)),
            line: LineID(row.int64(at: 3)),
            parent: row.optionalText(at: 4).map { ManifestDigest(trusted: $0) },
            author: row.optionalText(at: 5).map { PrincipalName(trusted: $0) },
            message: row.text(at: 6),
            time: WallTime(milliseconds: row.int64(at: 7)),
            total: LineTotal(row: row, from: 8)
        )
    }

    /// Finds a commit by its digest.
    public func manifest(
        _ digest: ManifestDigest,
        namespace: LineID
    ) throws(SQLiteError) -> Manifest? {
        let find = try connection.statement(
            "\(Self.manifestColumns) WHERE namespace = ?1 AND digest = ?2"
        )
        try find.bind(namespace.number, at: 1)
        try find.bind(digest.text, at: 2)
        return try find.first(Self.manifest)
    }

    /// A commit and those before it, newest first, as far as they are kept.
    ///
    /// - Parameters:
    ///   - digest: The first to give.
    ///   - namespace: The namespace, by its line.
    ///   - limit: The most to give.
    /// - Returns: The commits.
    /// - Throws: `SQLiteError`.
    public func history(
        from digest: ManifestDigest,
        namespace: LineID,
        limit: Int
    ) throws(SQLiteError) -> [Manifest] {
        try snapshot { () throws(SQLiteError) in
            var commits: [Manifest] = []
            var next: ManifestDigest? = digest
            while commits.count < limit, let digest = next,
                let manifest = try manifest(digest, namespace: namespace)
            {
                commits.append(manifest)
                next = manifest.parent
            }
            return commits
        }
    }

    /// The version that a commit was made of, by the line that it was opened with.
    public func versionID(
        of digest: ManifestDigest,
        namespace: LineID
    ) throws(SQLiteError) -> LineID? {
        let find = try connection.statement(
            "SELECT version FROM manifest WHERE namespace = ?1 AND digest = ?2"
        )
        try find.bind(namespace.number, at: 1)
        try find.bind(digest.text, at: 2)
        return try find.first { LineID($0.int64(at: 0)) }
    }

    /// Whether a commit is the newest of a version's or draft's history.
    public func isHead(_ digest: ManifestDigest, namespace: LineID) throws(SQLiteError) -> Bool {
        let find = try connection.statement(
            "SELECT 1 FROM version WHERE namespace = ?1 AND head = ?2 LIMIT 1"
        )
        try find.bind(namespace.number, at: 1)
        try find.bind(digest.text, at: 2)
        return try find.first { _ in true } ?? false
    }

    /// How many commits follow directly on a commit.
    public func childCount(
        of digest: ManifestDigest,
        namespace: LineID
    ) throws(SQLiteError) -> Int64 {
        let count = try connection.statement(
            "SELECT count(*) FROM manifest WHERE namespace = ?1 AND parent = ?2"
        )
        try count.bind(namespace.number, at: 1)
        try count.bind(digest.text, at: 2)
        return try count.first { $0.int64(at: 0) } ?? 0
    }

    /// The commits of a version's history that it keeps no longer and that nothing else reaches, oldest
    /// first, so that the rest stays reachable.
    ///
    /// - Parameters:
    ///   - version: The version.
    ///   - limit: The most to give.
    /// - Returns: The commits.
    /// - Throws: `SQLiteError`.
    public func commitsToForget(
        of version: VersionRow,
        limit: Int
    ) throws(SQLiteError) -> [ManifestDigest] {
        guard let retained = version.retainedCommits, let head = version.head else { return [] }
        return try snapshot { () throws(SQLiteError) in
            var found: [ManifestDigest] = []
            var position: Int64 = 0
            var next: ManifestDigest? = head
            while position < Self.walkedCommitsMax, let digest = next,
                let manifest = try manifest(digest, namespace: version.namespace)
            {
                // From a commit that others reach on, they reach all before it as well.
                if try isShared(digest, version.namespace, isNewest: position == 0) { break }
                if position >= retained, position > 0 { found.append(digest) }
                position += 1
                next = manifest.parent
            }
            return found.suffix(max(limit, 0)).reversed()
        }
    }

    /// Commits of one history that are looked at, about ten microseconds each.
    private static let walkedCommitsMax: Int64 = 1_000_000

    /// Whether others than the version whose history is walked reach a commit directly.
    private func isShared(
        _ digest: ManifestDigest,
        _ namespace: LineID,
        isNewest: Bool
    ) throws(SQLiteError) -> Bool {
        let heads = try headCount(of: digest, namespace: namespace)
        let children = try childCount(of: digest, namespace: namespace)
        return isNewest ? heads > 1 || children > 0 : heads > 0 || children > 1
    }

    private func headCount(
        of digest: ManifestDigest,
        namespace: LineID
    ) throws(SQLiteError) -> Int64 {
        let count = try connection.statement(
            "SELECT count(*) FROM version WHERE namespace = ?1 AND head = ?2"
        )
        try count.bind(namespace.number, at: 1)
        try count.bind(digest.text, at: 2)
        return try count.first { $0.int64(at: 0) } ?? 0
    }
}
