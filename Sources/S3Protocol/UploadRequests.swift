import StorageModel

/// CreateMultipartUpload.
public struct CreateUploadRequest: Sendable {
    /// What is kept beside the bytes.
    public let attributes: ObjectAttributes
    /// The checksum chosen, if any.
    public let checksum: UploadChecksum?
    /// The access that headers ask for, if any.
    public let access: NamespaceAccess?

    /// Parses the request.
    ///
    /// - Throws: ``S3Error``, for a header that cannot be read or is not supported.
    init(headers: HeaderList) throws(S3Error) {
        attributes = try ObjectAttributes(headers: headers)
        checksum = try UploadChecksum.chosen(in: headers)
        access = try CannedAccess.stated(in: headers)
    }
}

/// UploadPart.
public struct UploadPartRequest: Sendable {
    /// The upload.
    public let upload: UploadID
    /// The part's number, 1 to 10,000.
    public let number: Int
    /// The digests the body must have.
    public let digests: BodyDigests

    /// Parses the request.
    ///
    /// - Throws: ``S3Error``, for a header or number that cannot be read.
    init(upload: UploadID, number: Int, headers: HeaderList) throws(S3Error) {
        self.upload = upload
        self.number = number
        digests = try BodyDigests(headers: headers)
    }
}

/// UploadPartCopy.
public struct CopyPartRequest: Sendable {
    /// The upload.
    public let upload: UploadID
    /// The part's number, 1 to 10,000.
    public let number: Int
    /// The object that is read.
    public let source: CopySource
    /// What must hold of the source.
    public let sourceConditions: ReadConditions
    /// The `x-amz-copy-source-range` header.
    public let range: String?

    /// Parses the request.
    ///
    /// - Throws: ``S3Error``, for a header or number that cannot be read.
    init(upload: UploadID, number: Int, source: String, headers: HeaderList) throws(S3Error) {
        self.upload = upload
        self.number = number
        self.source = try CopySource(source)
        sourceConditions = ReadConditions(copySourceHeaders: headers)
        range = headers["x-amz-copy-source-range"]
    }
}

/// ListParts.
public struct ListPartsRequest: Sendable {
    /// The upload.
    public let upload: UploadID
    /// How many parts to list, at most.
    public let partsMax: Int
    /// The part after which the list begins.
    public let partMarker: Int

    /// Parses the request.
    ///
    /// - Throws: ``S3Error/invalidArgument(name:value:)``.
    init(upload: UploadID, query: QueryParameters) throws(S3Error) {
        self.upload = upload
        partsMax = try ListLimit.parse(query.text("max-parts"), name: "max-parts")
        partMarker = try ListLimit.number(
            query.text("part-number-marker"),
            name: "part-number-marker"
        )
    }
}

/// CompleteMultipartUpload, without the document that lists the parts.
public struct CompleteUploadRequest: Sendable {
    /// The upload.
    public let upload: UploadID
    /// What must hold of the key.
    public let precondition: WritePrecondition
    /// The checksum that the whole object must have, if stated.
    public let checksum: ChecksumExpectation
    /// What that checksum covers, if stated.
    public let checksumScope: ChecksumScope?
    /// The length that the whole object must have, if stated.
    public let sizeBytes: Int64?

    /// Parses the request.
    ///
    /// - Throws: ``S3Error``, for a header that cannot be read.
    init(upload: UploadID, headers: HeaderList) throws(S3Error) {
        self.upload = upload
        precondition = try WritePrecondition(headers: headers)
        checksum = try Self.wholeChecksum(headers)
        checksumScope = try ChecksumScope.stated(in: headers)
        guard let text = headers["x-amz-mp-object-size"] else {
            sizeBytes = nil
            return
        }
        guard let size = Int64(text), size >= 0 else {
            throw .invalidArgument(name: "x-amz-mp-object-size", value: text)
        }
        sizeBytes = size
    }

    /// The checksum header; a composite may carry its `-N`.
    private static func wholeChecksum(
        _ headers: HeaderList
    ) throws(S3Error) -> ChecksumExpectation {
        var plain = HeaderList([])
        for field in headers.fields(withPrefix: ChecksumExpectation.headerPrefix) {
            let digest = field.value.split(separator: "-").first.map(String.init) ?? ""
            plain.append(ChecksumExpectation.headerPrefix + field.suffix, digest)
        }
        let stated = try ChecksumExpectation.statedDigests(plain)
        guard stated.count <= 1 else { throw .invalidRequest(.severalChecksums) }
        guard let first = stated.first else { return .unstated }
        return .header(first.algorithm, text: headers[first.algorithm.headerName] ?? first.text)
    }
}

/// Part numbers in queries.
enum PartNumber {
    /// The `partNumber` parameter; nil when it is missing.
    ///
    /// - Throws: ``S3Error/invalidArgument(name:value:)`` outside 1 to 10,000.
    static func stated(in query: QueryParameters) throws(S3Error) -> Int? {
        guard let text = try query.value("partNumber") else { return nil }
        guard let number = Int(text), UploadedPart.numbers.contains(number) else {
            throw .invalidArgument(name: "partNumber", value: text)
        }
        return number
    }
}
