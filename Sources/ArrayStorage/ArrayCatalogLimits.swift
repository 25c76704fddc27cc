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
    /// The bytes of metadata documents after which a page or a description takes no more entries.
    ///
    /// Documents are of any length up to ``ArrayLimits/metadataBytesMax``; parsed they take some
    /// ten times as much.
    public static let documentBytesPerPage = 4 << 20
    /// What is set aside for a document of the Zarr view before it is made, in bytes: the metadata that is
    /// read for it may be twice a page's, and is spelled again.
    public static let viewDocumentBytesMax = 16 << 20
    /// How many segments a name may have of which a path of the Zarr view leaves the tag `latest` out and
    /// still reaches into the version.
    public static let impliedNamesMax = 16
    /// The arrays and groups that the counts of a namespace go up to.
    public static let countedNodesMax = 100_000
    /// The longest metadata of one array, attributes left out, that is kept in memory, in bytes.
    public static let cachedMetadataBytesMax = 16 << 10
    /// The metadata of resolved arrays that is kept in memory.
    public static let cachedArraysMax = 1024
}
