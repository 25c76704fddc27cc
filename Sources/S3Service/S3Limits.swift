/// The bounds of the service.
enum S3Limits {
    /// The longest object or part of one request, in bytes.
    ///
    /// Source: Amazon S3 User Guide, "Uploading objects": 5 GiB in one request.
    static let payloadBytesMax: Int64 = 5 << 30
    /// Bodies up to this length are digested on the event loop, some 50 µs for the longest, in bytes.
    static let smallBodyBytesMax: Int64 = 16_384
    /// The same for bodies of which only cyclic checks are computed there, in bytes.
    static let checkedBodyBytesMax: Int64 = 131_072
    /// How often a look-up is repeated when the object is replaced between look-up and reading.
    static let replacedRetriesMax = 4
    /// How much of a source is read at a time to digest it, in bytes.
    static let digestPieceBytes = 1 << 20
    /// How many parts are taken from the store at a time.
    static let partsPage = 1000
}
