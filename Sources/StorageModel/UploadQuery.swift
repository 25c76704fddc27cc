/// Which multipart uploads in progress a listing asks for.
public struct UploadQuery: Hashable, Sendable {
    /// What every key begins with; may be empty.
    public var prefix: String
    /// What ends a common prefix; nil or empty lists every upload.
    public var delimiter: String?
    /// The listing begins after this key; empty begins at the first.
    public var keyMarker: String
    /// With a key marker: uploads of that very key follow if their name is greater.
    public var uploadMarker: UploadID?
    /// How many uploads and common prefixes to return, at most ``ListQuery/limitMax``.
    public var limit: Int

    /// Makes a query of its parts; `limit` is brought into `0...1000`.
    public init(
        prefix: String = "",
        delimiter: String? = nil,
        keyMarker: String = "",
        uploadMarker: UploadID? = nil,
        limit: Int = ListQuery.limitMax
    ) {
        self.prefix = prefix
        self.delimiter = delimiter == "" ? nil : delimiter
        self.keyMarker = keyMarker
        self.uploadMarker = uploadMarker
        self.limit = min(max(limit, 0), ListQuery.limitMax)
    }
}

/// One page of uploads in progress, ordered by key and then by name.
public struct UploadPage: Hashable, Sendable {
    /// The uploads whose key is not under a common prefix.
    public var uploads: [MultipartUpload]
    /// The common prefixes.
    public var commonPrefixes: [String]
    /// Where the next page begins if more follow, else nil.
    public var next: UploadMarker?

    /// Makes a page of its parts.
    public init(
        uploads: [MultipartUpload] = [],
        commonPrefixes: [String] = [],
        next: UploadMarker? = nil
    ) {
        self.uploads = uploads
        self.commonPrefixes = commonPrefixes
        self.next = next
    }
}

/// The place in a listing of uploads after which the next page begins.
public struct UploadMarker: Hashable, Sendable {
    /// The last key or common prefix of the page.
    public let key: String
    /// The last upload of the page; nil after a common prefix.
    public let upload: UploadID?

    /// Makes a marker of its parts.
    public init(key: String, upload: UploadID?) {
        self.key = key
        self.upload = upload
    }
}
