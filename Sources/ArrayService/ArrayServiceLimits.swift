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
    /// The longest JSON document as the body of a request, in bytes.
    static let jsonBodyBytesMax = 64 << 10
    /// The most bytes of elements in one piece that is held in memory beside the slabs; the server
    /// must not take up another while as many wait for the client.
    static let gatheredBytesMax = 256 << 10
    /// The most bytes of a body that a request has no use for.
    static let ignoredBodyBytesMax = 64 << 10
    /// The most bytes of a JSON answer that are gathered before they are sent.
    static let jsonPieceBytes = 1 << 20
}
