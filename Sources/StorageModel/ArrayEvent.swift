/// Something that happened to the arrays or versions of a namespace.
public struct ArrayEvent: Hashable, Sendable {
    /// What happened; the numbers are those of the index and are never used for something else.
    public enum Kind: Int64, Hashable, Sendable, CaseIterable {
        /// A key of an array or version was written.
        case written = 1
        /// A key of an array or version was deleted.
        case deleted = 2
        /// A version was made as a fork.
        case forked = 3
        /// A version was committed.
        case committed = 4
        /// A version was sealed.
        case sealed = 5
        /// A version was opened again.
        case unsealed = 6
        /// A version was taken back to a commit.
        case rolledBack = 7
        /// A version got another name or tag.
        case renamed = 8
        /// A version was deleted.
        case versionDeleted = 9
        /// A draft was made.
        case draftCreated = 10
        /// A draft was discarded, or expired.
        case draftDiscarded = 11
    }

    /// Its number; grows over all namespaces, so that a reader can go on after the last it saw.
    public let number: Int64
    /// The change that it is of.
    public let sequence: Int64
    /// When.
    public let time: WallTime
    /// What.
    public let kind: Kind
    /// Who did it; nil for the server itself, and where nobody signed.
    public let actor: PrincipalName?
    /// The version, or the array's place in the namespace's own line.
    public let place: ArrayPlace
    /// The key that was written or deleted: in the version, or in the namespace for a plain array;
    /// empty for all other kinds.
    public let key: String
    /// The digest of a commit, or what a version was called before; empty where there is none.
    public let detail: String

    /// Makes an event of its parts.
    public init(
        number: Int64,
        sequence: Int64,
        time: WallTime,
        kind: Kind,
        actor: PrincipalName?,
        place: ArrayPlace,
        key: String,
        detail: String
    ) {
        self.number = number
        self.sequence = sequence
        self.time = time
        self.kind = kind
        self.actor = actor
        self.place = place
        self.key = key
        self.detail = detail
    }
}
