/// The bounds of the array API.
public enum ArrayServiceLimits {
    /// The most elements that one answer spells out as JSON; larger regions come as npy or raw.
    public static let jsonElementsMax = 1_000_000
    /// The most bytes of elements that one answer spells out as JSON, for types with long elements.
    public static let jsonElementBytesMax = 16 << 20
    /// The attributes that a listing shows per array; longer ones are left out, in bytes of JSON.
    public static let listedAttributesBytesMax = 2048
    /// The attributes that a description shows; longer ones are left out, in bytes of JSON.
    public static let describedAttributesBytesMax = 256 << 10
    /// The most versions, or drafts, of one name that one answer lists.
    static let listedVersionsMax = 1000
    /// How long a stream of events is quiet before it says so, which tells whether the client is there.
    static let heartbeat = Duration.seconds(15)
    /// The time over which the pace of the elements of a write is judged, in seconds.
    static let bodyWindowSeconds = 20
    /// The least pace of the elements of a write, in bytes a second.
    static let bodyBytesPerSecondMin = 131_072
    /// How long a stream of events waits before it tells more.
    static let changesInterval = Duration.milliseconds(100)
    /// The longest JSON document as the body of a request, in bytes.
    static let jsonBodyBytesMax = 64 << 10
    /// The most bytes of elements in one piece that is held in memory beside the slabs; the server
    /// must not take up another while as many wait for the client.
    static let gatheredBytesMax = 256 << 10
    /// The most bytes of a body that a request has no use for.
    static let ignoredBodyBytesMax = 64 << 10
    /// The longest body of a gathering request, in bytes.
    public static let gatherBodyBytesMax = 8 << 20
    /// The most boxes in a gathering request.
    public static let gatheredBoxesMax = 100_000
    /// The most chunks in one answer with many.
    public static let chunkKeysMax = 1024
    /// The longest body of a request for many chunks, in bytes: room for the keys and an entity tag each.
    static let chunkKeysBodyBytesMax = 256 << 10
    /// What all answers with many chunks may hold of what they read ahead, in bytes.
    static let chunksAheadBytesMax = 64 << 20
    /// What the bodies of all gathering requests may take together, in bytes.
    static let bodiesBytesMax = 64 << 20
    /// The most pixels of a picture along either side.
    public static let pictureExtentMax = 4096
    /// The most pixels of a picture along either side for which no size is named.
    public static let pictureExtentUsual = 512
    /// What all pictures may take together while they are made, in bytes.
    static let picturesBytesMax = 1 << 30
    /// What a pixel takes while it is made, in bytes.
    static let pictureSampleBytes = 40
    /// The most chunks that an answer about occupancy lists.
    public static let occupancyLimitMax = 10_000
    /// The most stored chunks that a bitmap of occupancy is made of.
    public static let occupancyKeysMax = 1_000_000
    /// The length from which on an answer is compressed for clients that take it, in bytes.
    static let encodedBytesMin = 4096
    /// The most bytes that are compressed in one go.
    static let encodedPieceBytes = 1 << 20
    /// The most bytes of a JSON answer that are gathered before they are sent.
    static let jsonPieceBytes = 1 << 20
}
