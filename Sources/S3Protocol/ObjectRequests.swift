import StorageModel

/// GetObject or HeadObject.
public struct ReadRequest: Sendable {
    /// The conditional headers.
    public let conditions: ReadConditions
    /// The `Range` header.
    public let range: String?
    /// The `If-Range` header: the range counts only if the object is still this one.
    public let rangeCondition: String?
    /// The part asked for.
    public let partNumber: Int?
    /// Whether checksums go into the answer.
    public let checksums: ChecksumDisclosure
    /// Headers of the answer that the query sets, names in lower case.
    public let overrides: [HeaderField]

    /// Parses the request.
    ///
    /// - Throws: ``S3Error/invalidArgument(name:value:)`` or ``S3Error/invalidRequest(_:)``.
    init(query: QueryParameters, headers: HeaderList) throws(S3Error) {
        // In a constant of its own: a property that is read before all are set costs a copy of all.
        let range = headers["range"]
        conditions = ReadConditions(readHeaders: headers)
        self.range = range
        rangeCondition = range == nil ? nil : headers["if-range"]
        checksums =
            headers["x-amz-checksum-mode"]?.uppercased() == "ENABLED" ? .included : .omitted
        guard !query.isEmpty else {
            partNumber = nil
            overrides = []
            return
        }
        partNumber = try PartNumber.stated(in: query)
        if partNumber != nil, range != nil { throw .invalidRequest(.rangeAndPartNumber) }
        overrides = try Self.overrides(in: query)
    }

    /// The query parameters that set headers of the answer.
    ///
    /// Source: Amazon S3 API Reference, GetObject, "Overriding response header values".
    private static let overrideNames = [
        "content-type", "content-language", "expires", "cache-control", "content-disposition",
        "content-encoding",
    ]

    private static func overrides(in query: QueryParameters) throws(S3Error) -> [HeaderField] {
        var fields: [HeaderField] = []
        for name in overrideNames {
            guard let value = try query.text("response-" + name) else { continue }
            // A header that held a line break would be two.
            guard HeaderList.isFieldText(value) else {
                throw .invalidArgument(name: "response-" + name, value: value)
            }
            fields.append(HeaderField(name, value))
        }
        return fields
    }
}

/// Whether an answer carries the checksums kept with an object.
public enum ChecksumDisclosure: Sendable {
    case included
    case omitted
}

/// The digests that a client states of a body it sends.
public struct BodyDigests: Hashable, Sendable {
    /// `Content-MD5`, 16 bytes.
    public let contentMD5: [UInt8]?
    /// The checksum headers.
    public let checksum: ChecksumExpectation

    /// Parses the headers.
    ///
    /// - Throws: ``S3Error/invalidDigest`` or ``S3Error/invalidRequest(_:)``.
    public init(headers: HeaderList) throws(S3Error) {
        contentMD5 = try ContentMD5.digest(in: headers)
        checksum = try ChecksumExpectation(headers: headers)
    }

    /// Makes digests of their values.
    public init(contentMD5: [UInt8]?, checksum: ChecksumExpectation) {
        self.contentMD5 = contentMD5
        self.checksum = checksum
    }
}

/// PutObject.
public struct PutRequest: Sendable {
    /// What is kept beside the bytes.
    public let attributes: ObjectAttributes
    /// What must hold of the key.
    public let precondition: WritePrecondition
    /// The digests the body must have.
    public let digests: BodyDigests
    /// The access that headers ask for, if any.
    public let access: NamespaceAccess?

    /// Parses the request.
    ///
    /// - Throws: ``S3Error``, for a header that cannot be read or is not supported.
    init(headers: HeaderList) throws(S3Error) {
        attributes = try ObjectAttributes(headers: headers)
        precondition = try WritePrecondition(headers: headers)
        digests = try BodyDigests(headers: headers)
        access = try CannedAccess.stated(in: headers)
    }
}

/// CopyObject.
public struct CopyRequest: Sendable {
    /// The object that is read.
    public let source: CopySource
    /// What must hold of the source.
    public let sourceConditions: ReadConditions
    /// What must hold of the key that is written.
    public let precondition: WritePrecondition
    /// The attributes of the copy; nil to take those of the source.
    public let attributes: ObjectAttributes?
    /// The checksum that the copy shall have, if stated.
    public let checksum: ChecksumAlgorithm?
    /// The access that headers ask for, if any.
    public let access: NamespaceAccess?
    /// Whether the storage class is stated, which makes a copy onto itself a change.
    public let isStorageClassStated: Bool

    /// Parses the request.
    ///
    /// - Throws: ``S3Error``, for a header that cannot be read or is not supported.
    init(source: String, headers: HeaderList) throws(S3Error) {
        self.source = try CopySource(source)
        sourceConditions = ReadConditions(copySourceHeaders: headers)
        precondition = try WritePrecondition(headers: headers)
        access = try CannedAccess.stated(in: headers)
        isStorageClassStated = headers["x-amz-storage-class"] != nil
        checksum = try Self.checksum(headers)
        switch headers["x-amz-metadata-directive"] {
        case nil, "COPY"?: attributes = nil
        case "REPLACE"?: attributes = try ObjectAttributes(headers: headers)
        case let text?:
            throw .invalidArgument(name: "x-amz-metadata-directive", value: text)
        }
        if let text = headers["x-amz-tagging-directive"], text != "COPY", text != "REPLACE" {
            throw .invalidArgument(name: "x-amz-tagging-directive", value: text)
        }
    }

    private static func checksum(_ headers: HeaderList) throws(S3Error) -> ChecksumAlgorithm? {
        guard let name = headers["x-amz-checksum-algorithm"] else { return nil }
        guard let algorithm = ChecksumAlgorithm(name: name) else {
            throw .invalidRequest(.checksumAlgorithmUnsupported(name))
        }
        return algorithm
    }
}

/// GetObjectAttributes.
public struct AttributesRequest: Sendable {
    /// The attributes asked for.
    public let attributes: Set<ObjectAttributeName>
    /// How many parts to list, at most.
    public let partsMax: Int
    /// The part after which the list begins.
    public let partMarker: Int
    /// The conditional headers.
    public let conditions: ReadConditions

    /// Parses the request.
    ///
    /// - Throws: ``S3Error/invalidArgument(name:value:)`` or ``S3Error/invalidRequest(_:)``.
    init(headers: HeaderList) throws(S3Error) {
        let list = headers.fields(withPrefix: "x-amz-object-attributes").map(\.value)
        var names: Set<ObjectAttributeName> = []
        for item in list.joined(separator: ",").split(separator: ",") {
            let text = HeaderList.trimmed(String(item))
            guard let name = ObjectAttributeName(rawValue: text) else {
                throw .invalidArgument(name: "x-amz-object-attributes", value: text)
            }
            names.insert(name)
        }
        guard !names.isEmpty else { throw .invalidRequest(.attributesMissing) }
        attributes = names
        partsMax = try ListLimit.parse(headers["x-amz-max-parts"], name: "x-amz-max-parts")
        partMarker = try ListLimit.number(
            headers["x-amz-part-number-marker"],
            name: "x-amz-part-number-marker"
        )
        conditions = ReadConditions(readHeaders: headers)
    }
}

/// An attribute that GetObjectAttributes can return.
public enum ObjectAttributeName: String, Hashable, Sendable {
    case entityTag = "ETag"
    case checksum = "Checksum"
    case parts = "ObjectParts"
    case storageClass = "StorageClass"
    case size = "ObjectSize"
}
