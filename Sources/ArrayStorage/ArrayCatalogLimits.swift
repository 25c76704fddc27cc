/// The bounds of the catalog.
public enum ArrayCatalogLimits {
    /// The most entries in one page of a listing.
    public static let pageEntriesMax = 1000
    /// The entries in one page of a listing when the caller asks for no number.
    public static let pageEntriesDefault = 100
    /// The tags that an error about a missing array names.
    public static let tagsInErrorMax = 20
    /// The versions or members that the description of one name gives.
    public static let versionsMax = 1000
    /// The metadata of resolved arrays that is kept in memory.
    public static let cachedArraysMax = 1024
}
