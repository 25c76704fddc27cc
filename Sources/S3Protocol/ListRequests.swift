import StorageModel

/// ListBuckets.
public struct ListBucketsRequest: Sendable {
    /// What every name begins with.
    public let prefix: String
    /// How many buckets to list, at most.
    public let limit: Int
    /// The name after which the list begins.
    public let marker: String?

    /// Parses the request.
    ///
    /// - Throws: ``S3Error/invalidArgument(name:value:)`` or ``S3Error/invalidURI(_:)``.
    init(query: QueryParameters) throws(S3Error) {
        prefix = try query.text("prefix") ?? ""
        limit = try ListLimit.parse(query.text("max-buckets"), name: "max-buckets", max: 10_000)
        marker = try ContinuationToken.stated(in: query)
    }
}

/// ListObjects or ListObjectsV2.
public struct ListObjectsRequest: Sendable {
    /// Which of the two was asked for, with what only it has.
    public enum Version: Hashable, Sendable {
        /// ListObjects.
        case one(marker: String?)
        /// ListObjectsV2.
        case two(token: String?, startAfter: String?, owners: OwnerDisclosure)
    }

    /// Whether lines name the owner.
    public enum OwnerDisclosure: Hashable, Sendable {
        case included
        case omitted
    }

    /// Which of the two was asked for.
    public let version: Version
    /// What every key begins with.
    public let prefix: String
    /// What ends a common prefix.
    public let delimiter: String?
    /// How many keys and common prefixes to list, as asked for.
    public let keysMax: Int
    /// Whether names are percent-encoded.
    public let encoding: NameEncoding

    /// Parses the request.
    ///
    /// - Throws: ``S3Error/invalidArgument(name:value:)`` or ``S3Error/invalidURI(_:)``.
    init(query: QueryParameters) throws(S3Error) {
        prefix = try query.text("prefix") ?? ""
        delimiter = try query.text("delimiter")
        keysMax = try ListLimit.parse(query.text("max-keys"), name: "max-keys")
        encoding = try NameEncoding.stated(in: query)
        switch try query.text("list-type") {
        case nil: version = .one(marker: try query.text("marker"))
        case "2"?:
            version = .two(
                token: try query.has("continuation-token")
                    ? ContinuationToken.stated(in: query) ?? "" : nil,
                startAfter: try query.text("start-after"),
                owners: try query.text("fetch-owner") == "true" ? .included : .omitted
            )
        case let text?: throw .invalidArgument(name: "list-type", value: text)
        }
    }

    /// What is asked of the store.
    public var listQuery: ListQuery {
        let after: String? =
            switch version {
            case .one(let marker): marker
            case .two(let token, let startAfter, _): token ?? startAfter
            }
        return ListQuery(
            prefix: prefix,
            delimiter: delimiter,
            start: after.map { .after($0) } ?? .beginning,
            limit: keysMax
        )
    }
}

/// ListObjectVersions.
public struct ListVersionsRequest: Sendable {
    /// What every key begins with.
    public let prefix: String
    /// What ends a common prefix.
    public let delimiter: String?
    /// The key after which the list begins.
    public let keyMarker: String?
    /// How many versions and common prefixes to list, as asked for.
    public let keysMax: Int
    /// Whether names are percent-encoded.
    public let encoding: NameEncoding

    /// Parses the request.
    ///
    /// - Throws: ``S3Error/invalidArgument(name:value:)`` or ``S3Error/invalidURI(_:)``.
    init(query: QueryParameters) throws(S3Error) {
        prefix = try query.text("prefix") ?? ""
        delimiter = try query.text("delimiter")
        keyMarker = try query.text("key-marker")
        keysMax = try ListLimit.parse(query.text("max-keys"), name: "max-keys")
        encoding = try NameEncoding.stated(in: query)
        if keyMarker == nil, let marker = try query.text("version-id-marker") {
            throw .invalidArgument(name: "version-id-marker", value: marker)
        }
    }

    /// What is asked of the store; an unversioned key has one version, so a marker ends its key.
    public var listQuery: ListQuery {
        ListQuery(
            prefix: prefix,
            delimiter: delimiter,
            start: keyMarker.map { .after($0) } ?? .beginning,
            limit: keysMax
        )
    }
}

/// ListMultipartUploads.
public struct ListUploadsRequest: Sendable {
    /// What is asked of the store.
    public let query: UploadQuery
    /// How many uploads to list, as asked for.
    public let uploadsMax: Int
    /// Whether names are percent-encoded.
    public let encoding: NameEncoding

    /// Parses the request.
    ///
    /// - Throws: ``S3Error/invalidArgument(name:value:)`` or ``S3Error/invalidURI(_:)``.
    init(query parameters: QueryParameters) throws(S3Error) {
        uploadsMax = try ListLimit.parse(parameters.text("max-uploads"), name: "max-uploads")
        encoding = try NameEncoding.stated(in: parameters)
        let keyMarker = try parameters.text("key-marker") ?? ""
        // Without a key marker the upload marker says nothing.
        let uploadMarker = keyMarker.isEmpty ? nil : try parameters.text("upload-id-marker")
        query = UploadQuery(
            prefix: try parameters.text("prefix") ?? "",
            delimiter: try parameters.text("delimiter"),
            keyMarker: keyMarker,
            uploadMarker: uploadMarker.map(UploadID.init),
            limit: uploadsMax
        )
    }
}

/// How names are written in a listing.
public enum NameEncoding: Hashable, Sendable {
    /// As they are.
    case plain
    /// Percent-encoded.
    case url

    /// The `encoding-type` parameter.
    ///
    /// - Throws: ``S3Error/invalidArgument(name:value:)`` for a type that does not exist.
    static func stated(in query: QueryParameters) throws(S3Error) -> NameEncoding {
        guard let text = try query.text("encoding-type") else { return .plain }
        guard text == "url" else { throw .invalidArgument(name: "encoding-type", value: text) }
        return .url
    }
}

/// Numbers that bound listings.
enum ListLimit {
    /// A limit, at most `max`; absent means `max`.
    ///
    /// - Throws: ``S3Error/invalidArgument(name:value:)`` when it is no number from 0 to 2^31 - 1.
    static func parse(_ text: String?, name: String, max: Int = 1000) throws(S3Error) -> Int {
        guard let text else { return max }
        return min(try number(text, name: name), max)
    }

    /// A number; absent means 0.
    ///
    /// - Throws: ``S3Error/invalidArgument(name:value:)`` when it is no number from 0 to 2^31 - 1.
    static func number(_ text: String?, name: String) throws(S3Error) -> Int {
        guard let text else { return 0 }
        guard let number = Int32(text), number >= 0 else {
            throw .invalidArgument(name: name, value: text)
        }
        return Int(number)
    }
}
