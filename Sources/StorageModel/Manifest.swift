/// The immutable description of one committed state of a version.
///
/// What was committed is read as the line ``line``, which nothing writes to.
public struct Manifest: Hashable, Sendable {
    /// The longest message of a commit, in bytes.
    public static let messageBytesMax = 4096

    /// Its address: the digest of its document; see `docs/formats/manifest.md`.
    public let digest: ManifestDigest
    /// What the version was called when it was committed.
    public let version: VersionName
    /// The line that shows what was committed.
    public let line: LineID
    /// The commit before it in the version's history.
    public let parent: ManifestDigest?
    /// Who committed, if known.
    public let author: PrincipalName?
    /// Why; may be empty.
    public let message: String
    /// When.
    public let time: WallTime
    /// What its keys add up to.
    public let total: LineTotal

    /// Makes a manifest of its parts.
    public init(
        digest: ManifestDigest,
        version: VersionName,
        line: LineID,
        parent: ManifestDigest?,
        author: PrincipalName?,
        message: String,
        time: WallTime,
        total: LineTotal
    ) {
        self.digest = digest
        self.version = version
        self.line = line
        self.parent = parent
        self.author = author
        self.message = message
        self.time = time
        self.total = total
    }
}
