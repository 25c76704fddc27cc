import StorageModel

@testable import ObjectStorage

/// What a store with versions must show, as dictionaries from keys to entity tags.
///
/// A fork copies a dictionary; a draft notes which keys it touched, and a version when each of its keys
/// changed last.
struct VersionModel: Equatable {
    typealias Keys = [String: String]

    /// A version, or a draft of one.
    struct Branch: Equatable {
        /// Identifies it through rollbacks and renamings.
        var id: Int
        /// Identifies its line: another after a rollback.
        var line: Int
        var keys: Keys
        var head: ManifestDigest?
        var isSealed = false
        var retained: Int?
        /// When each key changed last, by the number of the request.
        var changes: [String: Int] = [:]
        /// The line that a draft goes into, and when it began.
        var base: (line: Int, since: Int)?

        static func == (left: Self, right: Self) -> Bool {
            left.keys == right.keys && left.isSealed == right.isSealed
                && (left.base == nil) == (right.base == nil)
        }
    }

    /// A commit.
    struct Commit: Equatable {
        var keys: Keys
        var parent: ManifestDigest?
        /// The version it was made of.
        var owner: Int
    }

    /// Plain keys of the namespace, those in the place of a version that is not there included.
    var plain: Keys = [:]
    var branches: [VersionName: Branch] = [:]
    var commits: [ManifestDigest: Commit] = [:]
    /// Counts requests; the numbers of branches and lines come from it too.
    var clock = 0

    static func == (left: Self, right: Self) -> Bool {
        left.plain == right.plain && left.branches == right.branches
            && left.commits.mapValues(\.keys) == right.commits.mapValues(\.keys)
    }

    /// Every key of the namespace as S3 lists it: drafts are left out.
    var listed: Keys {
        var listed = plain
        for (version, branch) in branches where branch.base == nil {
            for (key, tag) in branch.keys { listed[version.keyPrefix + key] = tag }
        }
        return listed
    }

    /// Every key that can be looked up.
    var all: Keys {
        var all = listed
        for (version, branch) in branches where branch.base != nil {
            for (key, tag) in branch.keys { all[version.keyPrefix + key] = tag }
        }
        return all
    }

    // MARK: - Keys

    /// Writes a key, or deletes it.
    mutating func write(_ key: String, _ tag: String?, isMetadata: Bool) throws(VersionError) {
        clock += 1
        guard let (version, relative) = Self.split(key) else {
            plain[key] = tag
            return
        }
        if branches[version] == nil, tag != nil, isMetadata, !relative.contains("/") {
            let held = plain.filter { $0.key.hasPrefix(version.keyPrefix) }
            for key in held.keys { plain[key] = nil }
            branches[version] = Branch(
                id: clock,
                line: clock,
                keys: Self.cut(held, version.keyPrefix)
            )
        }
        guard var branch = branches[version] else {
            plain[key] = tag
            return
        }
        guard !branch.isSealed else { throw .sealed(version) }
        guard tag != nil || branch.keys[relative] != nil else { return }
        branch.keys[relative] = tag
        branch.changes[relative] = clock
        branches[version] = branch
    }

    /// The version that a key would be in, and its key there.
    static func split(_ key: String) -> (VersionName, String)? {
        guard let colon = key.firstIndex(of: ":"),
            let slash = key[colon...].firstIndex(of: "/")
        else { return nil }
        let version = VersionName(
            trustedName: String(key[..<colon]),
            tag: String(key[key.index(after: colon)..<slash])
        )
        return (version, String(key[key.index(after: slash)...]))
    }

    static func cut(_ keys: Keys, _ prefix: String) -> Keys {
        var cut: Keys = [:]
        for (key, tag) in keys where key.hasPrefix(prefix) {
            cut[String(key.dropFirst(prefix.count))] = tag
        }
        return cut
    }

    // MARK: - Versions

    func version(_ name: VersionName) throws(VersionError) -> Branch {
        guard let branch = branches[name] else { throw .missing(name) }
        guard branch.base == nil else { throw .isDraft(name) }
        return branch
    }

    func open(_ name: VersionName) throws(VersionError) -> Branch {
        let branch = try version(name)
        guard !branch.isSealed else { throw .sealed(name) }
        return branch
    }

    func checkFree(_ name: VersionName) throws(VersionError) {
        guard branches[name] == nil else { throw .exists(name) }
        guard !plain.keys.contains(where: { $0.hasPrefix(name.keyPrefix) }) else {
            throw .keysInPlace(name)
        }
    }

    mutating func fork(_ source: ForkSource, to name: VersionName) throws(VersionError) {
        clock += 1
        try checkFree(name)
        var branch = Branch(id: clock, line: clock, keys: [:])
        switch source {
        case .version(let source):
            let source = try version(source)
            branch.keys = source.keys
            branch.head = source.head
        case .commit(let digest):
            guard let commit = commits[digest] else { throw .commitMissing(digest) }
            branch.keys = commit.keys
            branch.head = digest
        case .folder(let path):
            branch.keys = Self.cut(plain, path + "/")
            guard !branch.keys.isEmpty else { throw .folderEmpty(path) }
        }
        branches[name] = branch
    }

    mutating func rollBack(_ name: VersionName, to digest: ManifestDigest) throws(VersionError) {
        clock += 1
        var branch = try open(name)
        guard let commit = commits[digest] else { throw .commitMissing(digest) }
        // What it leaves behind is its own from then on, if nobody else's.
        if let head = branch.head, let left = commits[head], !isAlive(left.owner) {
            commits[head]?.owner = branch.id
        }
        branch.keys = commit.keys
        branch.head = digest
        branch.line = clock
        branch.changes = [:]
        branches[name] = branch
    }

    private func isAlive(_ owner: Int) -> Bool {
        branches.values.contains { $0.id == owner }
    }

    /// Whether a commit of a version would be a new one.
    func isChanged(_ name: VersionName) -> Bool {
        guard let branch = branches[name], let head = branch.head, let commit = commits[head] else {
            return true
        }
        return commit.keys != branch.keys
    }

    /// Notes a commit, under the digest that the store gave it.
    mutating func commit(_ name: VersionName, _ digest: ManifestDigest) {
        guard let branch = branches[name] else { return }
        if isChanged(name) || commits[digest] == nil {
            commits[digest] = Commit(keys: branch.keys, parent: branch.head, owner: branch.id)
        }
        branches[name]?.head = digest
    }

    mutating func forget(_ digest: ManifestDigest) throws(VersionError) {
        clock += 1
        guard commits[digest] != nil else { throw .commitMissing(digest) }
        guard !branches.values.contains(where: { $0.head == digest }) else {
            throw .commitInUse(digest)
        }
        commits[digest] = nil
    }

    mutating func rename(_ name: VersionName, to target: VersionName) throws(VersionError) {
        clock += 1
        let branch = try open(name)
        guard name != target else { return }
        try checkFree(target)
        branches[name] = nil
        branches[target] = branch
    }

    mutating func remove(_ name: VersionName) throws(VersionError) {
        clock += 1
        _ = try open(name)
        branches[name] = nil
    }

    // MARK: - Drafts

    mutating func createDraft(
        _ name: VersionName,
        as draft: VersionName
    ) throws(VersionError) {
        clock += 1
        let branch = try open(name)
        branches[draft] = Branch(
            id: clock,
            line: clock,
            keys: branch.keys,
            base: (branch.line, clock)
        )
    }

    mutating func commitDraft(_ name: VersionName) throws(VersionError) -> VersionName {
        clock += 1
        guard let draft = branches[name] else { throw .missing(name) }
        guard let base = draft.base else { throw .isNoDraft(name) }
        let found = branches.first { $0.value.base == nil && $0.value.line == base.line }
        guard case (let target, var branch)? = found.map({ ($0.key, $0.value) }) else {
            throw .baseGone(name)
        }
        guard !branch.isSealed else { throw .sealed(target) }
        let conflicts = draft.changes.keys.filter { key in
            (branch.changes[key] ?? 0) > base.since && branch.keys[key] != draft.keys[key]
        }
        guard conflicts.isEmpty else {
            let keys = conflicts.map { ObjectKey(trusted: $0) }.sorted()
            throw .conflict(DraftConflict(keys: keys, count: keys.count))
        }
        for key in draft.changes.keys {
            let tag = draft.keys[key]
            guard tag != nil || branch.keys[key] != nil else { continue }
            branch.keys[key] = tag
            branch.changes[key] = clock
        }
        branches[target] = branch
        branches[name] = nil
        return target
    }

    mutating func discardDraft(_ name: VersionName) throws(VersionError) {
        clock += 1
        guard let draft = branches[name] else { throw .missing(name) }
        guard draft.base != nil else { throw .isNoDraft(name) }
        branches[name] = nil
    }

    // MARK: - What goes by itself

    /// Forgets the commits that versions keep no longer, and those of versions that are gone, unless
    /// something goes on from them.
    mutating func sweep() {
        for branch in branches.values.sorted(by: { $0.id < $1.id }) where branch.base == nil {
            guard let retained = branch.retained else { continue }
            for digest in unretained(branch, retained) { commits[digest] = nil }
        }
        while let digest = commits.first(where: { isForsaken($0.key, $0.value) })?.key {
            commits[digest] = nil
        }
    }

    private func isForsaken(_ digest: ManifestDigest, _ commit: Commit) -> Bool {
        !isAlive(commit.owner) && !branches.values.contains { $0.head == digest }
            && !commits.values.contains { $0.parent == digest }
    }

    /// The commits of a history behind those that are retained, up to the first that others reach.
    private func unretained(_ branch: Branch, _ retained: Int) -> [ManifestDigest] {
        var found: [ManifestDigest] = []
        var position = 0
        var next = branch.head
        while let digest = next, let commit = commits[digest] {
            let heads = branches.values.filter { $0.head == digest }.count
            let children = commits.values.filter { $0.parent == digest }.count
            if position == 0 ? heads > 1 || children > 0 : heads > 0 || children > 1 { break }
            if position >= retained, position > 0 { found.append(digest) }
            position += 1
            next = commit.parent
        }
        return found
    }
}
