import StorageModel

// What the operations on versions hold.

/// A version, or a draft of one, that gets a line which begins as a fork; or an open version that is taken
/// back to a commit.
public struct VersionFork: Hashable, Sendable {
    /// The namespace, by its line.
    public let namespaceLine: LineID
    /// What it is called.
    public let version: VersionName
    /// The new line.
    public let line: LineID
    /// What the new line begins with.
    public let origin: LineOrigin
    /// The line that shows the same: its nodes and totals are copied.
    ///
    /// Either a version's or a commit's, or the namespace's own with the prefix of the origin.
    public let source: LineID
    /// The newest commit of its history.
    public let head: ManifestDigest?
    /// What it is a draft of; nil unless it is one.
    public let draft: DraftOrigin?

    /// Makes a fork of its parts.
    public init(
        namespaceLine: LineID,
        version: VersionName,
        line: LineID,
        origin: LineOrigin,
        source: LineID,
        head: ManifestDigest?,
        draft: DraftOrigin? = nil
    ) {
        self.namespaceLine = namespaceLine
        self.version = version
        self.line = line
        self.origin = origin
        self.source = source
        self.head = head
        self.draft = draft
    }
}

/// Whether a version takes writes.
public enum VersionSealing: UInt8, Hashable, Sendable {
    /// It takes writes.
    case open = 0
    /// It is immutable.
    case sealed = 1
}

/// A state of a version that is kept under a digest.
public struct VersionCommit: Hashable, Sendable {
    /// The line that the version has.
    public let line: LineID
    /// What the commit's own line, that of the manifest, begins with.
    public let origin: LineOrigin
    /// What describes it.
    public let manifest: Manifest
    /// How the version stands afterwards.
    public let sealing: VersionSealing

    /// Makes a commit of its parts.
    public init(line: LineID, origin: LineOrigin, manifest: Manifest, sealing: VersionSealing) {
        self.line = line
        self.origin = origin
        self.manifest = manifest
        self.sealing = sealing
    }
}

/// A version that gets another name or tag.
public struct VersionRenaming: Hashable, Sendable {
    /// The version's line.
    public let line: LineID
    /// What it is called from now on.
    public let version: VersionName
    /// A line of nothing for the place that it leaves, if keys are still stored there that must not
    /// show again.
    public let residue: LineID?

    /// Makes a renaming of its parts.
    public init(line: LineID, version: VersionName, residue: LineID?) {
        self.line = line
        self.version = version
        self.residue = residue
    }
}

/// A version that goes.
public struct VersionRemoval: Hashable, Sendable {
    /// Its line.
    public let line: LineID
    /// A line of nothing for the place that it leaves, if keys are still stored there that must not
    /// show again.
    public let residue: LineID?

    /// Makes a removal of its parts.
    public init(line: LineID, residue: LineID?) {
        self.line = line
        self.residue = residue
    }
}

/// A draft whose changes go into its version, row by row.
public struct DraftCommit: Hashable, Sendable {
    /// The draft's line.
    public let draft: LineID
    /// The commit of the version that has them.
    public let commit: VersionCommit

    /// Makes a commit of its parts.
    public init(draft: LineID, commit: VersionCommit) {
        self.draft = draft
        self.commit = commit
    }
}

/// What a draft adds to the running totals of an array that its version has.
public struct TallyDifference: Hashable, Sendable {
    /// The array's folder in the version; empty at its root.
    public let path: String
    /// How many more chunks and bytes, and what is added to the content hash; wraps.
    public let total: LineTotal

    /// Makes a difference of its parts.
    public init(path: String, total: LineTotal) {
        self.path = path
        self.total = total
    }
}

/// A draft whose line takes the place of its version's, so that no row has to move.
public struct DraftAdoption: Hashable, Sendable {
    /// The line that the version had, which the draft's begins with from now on.
    public let base: LineID
    /// What the draft adds to arrays that the version has.
    public let tallies: [TallyDifference]
    /// The commit of the version, whose line is the draft's.
    public let commit: VersionCommit

    /// Makes an adoption of its parts.
    public init(base: LineID, tallies: [TallyDifference], commit: VersionCommit) {
        self.base = base
        self.tallies = tallies
        self.commit = commit
    }
}
