/// A key that two lines show differently.
public struct KeyDifference: Hashable, Sendable {
    /// An object as a difference knows it.
    public struct Object: Hashable, Sendable {
        /// Its entity tag without quotes.
        public let entityTag: String
        /// Its length, in bytes.
        public let sizeBytes: Int64

        /// Makes one of its parts.
        public init(entityTag: String, sizeBytes: Int64) {
            self.entityTag = entityTag
            self.sizeBytes = sizeBytes
        }
    }

    /// The key, in either line.
    public let key: ObjectKey
    /// What the first line has; nil if it has nothing.
    public let before: Object?
    /// What the second line has; nil if it has nothing.
    public let after: Object?

    /// Makes a difference of its parts.
    public init(key: ObjectKey, before: Object?, after: Object?) {
        self.key = key
        self.before = before
        self.after = after
    }
}

/// The keys that two lines show differently.
public struct LineDifference: Hashable, Sendable {
    /// The keys in the order of their bytes.
    public let keys: [KeyDifference]
    /// Whether there were more keys to compare than are looked at.
    public let isTruncated: Bool

    /// Makes a difference of its parts.
    public init(keys: [KeyDifference], isTruncated: Bool) {
        self.keys = keys
        self.isTruncated = isTruncated
    }
}

/// The keys that a draft and its version both changed, each to something else.
public struct DraftConflict: Hashable, Sendable {
    /// Keys that are listed at most.
    public static let keysMax = 1000

    /// The first of the keys, in the order of their bytes, in the version.
    public let keys: [ObjectKey]
    /// How many there are.
    public let count: Int

    /// Makes a conflict of its parts.
    public init(keys: [ObjectKey], count: Int) {
        self.keys = keys
        self.count = count
    }
}
