/// One page of a listing: keys and common prefixes, each in the order of their UTF-8 bytes.
public struct ListPage: Hashable, Sendable {
    /// The objects whose key is not under a common prefix.
    public var objects: [ListedObject]
    /// The common prefixes, each up to and including its first delimiter after the query's prefix.
    public var commonPrefixes: [String]
    /// The last key or common prefix of this page if more follow, else nil.
    public var nextMarker: String?

    /// Makes a page of its parts.
    public init(
        objects: [ListedObject] = [],
        commonPrefixes: [String] = [],
        nextMarker: String? = nil
    ) {
        self.objects = objects
        self.commonPrefixes = commonPrefixes
        self.nextMarker = nextMarker
    }

    /// Whether more follow.
    public var isTruncated: Bool { nextMarker != nil }
}

/// What a listing says about one object.
public struct ListedObject: Hashable, Sendable {
    /// Its key.
    public let key: ObjectKey
    /// Its length, in bytes.
    public let sizeBytes: Int64
    /// Its entity tag without quotes.
    public let entityTag: String
    /// When it was committed.
    public let modified: WallTime
    /// The number of the change that made it.
    public let sequence: Int64

    /// Makes a line of a listing of its parts.
    public init(
        key: ObjectKey,
        sizeBytes: Int64,
        entityTag: String,
        modified: WallTime,
        sequence: Int64
    ) {
        self.key = key
        self.sizeBytes = sizeBytes
        self.entityTag = entityTag
        self.modified = modified
        self.sequence = sequence
    }
}
