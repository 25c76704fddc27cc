/// How a version stands: what it is called, the line it follows, and what was committed of it.
public struct VersionState: Hashable, Sendable {
    /// What it is called.
    public let version: VersionName
    /// The namespace, by its line.
    public let namespaceLine: LineID
    /// The line that its keys are in now, relative to `name:tag/`.
    public let line: LineID
    /// The line it was opened with, which identifies it through rollbacks and renames.
    public let id: LineID
    /// When it was opened.
    public let opened: WallTime
    /// Since when it is immutable; nil while it is open.
    public let sealed: WallTime?
    /// The newest commit of its history.
    public let head: ManifestDigest?
    /// Whether it holds something else than what ``head`` describes.
    public let isChanged: Bool
    /// How many of its newest commits are kept; nil for all.
    public let retainedCommits: Int64?
    /// What it is a draft of; nil unless it is one.
    public let draft: DraftOrigin?
    /// What its keys add up to; nil as long as that was not counted, which the first commit does.
    public let total: LineTotal?

    /// Makes a state of its parts.
    public init(
        version: VersionName,
        namespaceLine: LineID,
        line: LineID,
        id: LineID,
        opened: WallTime,
        sealed: WallTime?,
        head: ManifestDigest?,
        isChanged: Bool,
        retainedCommits: Int64?,
        draft: DraftOrigin?,
        total: LineTotal?
    ) {
        self.version = version
        self.namespaceLine = namespaceLine
        self.line = line
        self.id = id
        self.opened = opened
        self.sealed = sealed
        self.head = head
        self.isChanged = isChanged
        self.retainedCommits = retainedCommits
        self.draft = draft
        self.total = total
    }
}

/// What a draft was made of, and how long it is kept.
public struct DraftOrigin: Hashable, Sendable {
    /// The line of the version that it goes into.
    public let base: LineID
    /// The last change of that line that the draft began with.
    public let sequence: Int64
    /// When it is discarded, unless it was committed before.
    public let expires: WallTime

    /// Makes an origin of its parts.
    public init(base: LineID, sequence: Int64, expires: WallTime) {
        self.base = base
        self.sequence = sequence
        self.expires = expires
    }
}
