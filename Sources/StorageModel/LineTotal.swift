/// What the keys that a line shows add up to.
///
/// Two versions with equal totals hold the same contents: the same keys with the same entity tags and
/// lengths, metadata included.
public struct LineTotal: Hashable, Sendable {
    /// The total of a line that shows nothing.
    public static let empty = LineTotal(keys: 0, bytes: 0, contentHash: .empty)

    /// How many keys it shows.
    public var keys: Int64
    /// The lengths of their objects together, in bytes.
    ///
    /// Copies share bytes, so that no bound holds that a client could not pass: it wraps, which undoes
    /// itself as the copies go.
    public var bytes: Int64
    /// The sum of a hash over (key, entity tag, length) of each; `.empty` for a namespace's own line,
    /// where it is not kept.
    public var contentHash: ContentHash

    /// Makes a total of its parts.
    public init(keys: Int64, bytes: Int64, contentHash: ContentHash) {
        self.keys = keys
        self.bytes = bytes
        self.contentHash = contentHash
    }

    /// Adds another total.
    public mutating func add(_ other: LineTotal) {
        keys &+= other.keys
        bytes &+= other.bytes
        contentHash.add(other.contentHash)
    }

    /// Takes another total away.
    public mutating func remove(_ other: LineTotal) {
        keys &-= other.keys
        bytes &-= other.bytes
        contentHash.remove(other.contentHash)
    }
}
