/// Which keys a listing asks for.
public struct ListQuery: Hashable, Sendable {
    /// The most that one page may hold.
    ///
    /// Source: Amazon S3 API Reference, ListObjectsV2, `max-keys`.
    public static let limitMax = 1000

    /// Where a listing begins.
    public enum Start: Hashable, Sendable {
        /// At the first key.
        case beginning
        /// After this text, which need not be a key. A text that is itself a common prefix of the
        /// listing skips all that is under it; this is how a page's ``ListPage/nextMarker``
        /// continues.
        case after(String)
        /// At this text or after it.
        case from(String)
    }

    /// What every key begins with; may be empty.
    public var prefix: String
    /// What ends a common prefix; nil or empty lists every key.
    public var delimiter: String?
    /// Where to begin.
    public var start: Start
    /// How many keys and common prefixes to return, at most ``limitMax``.
    public var limit: Int

    /// Makes a query of its parts; `limit` is brought into `0...limitMax`.
    public init(
        prefix: String = "",
        delimiter: String? = nil,
        start: Start = .beginning,
        limit: Int = Self.limitMax
    ) {
        self.prefix = prefix
        self.delimiter = delimiter == "" ? nil : delimiter
        self.start = start
        self.limit = min(max(limit, 0), Self.limitMax)
    }
}
