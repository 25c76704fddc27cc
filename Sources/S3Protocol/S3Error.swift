import StorageModel

/// A failure that the S3 API reports to its client.
///
/// Cases carry what the answer needs; ``code`` (with its status) and ``message`` derive from the
/// case in one place each, so a new case does not compile until it has both.
///
/// Source: Amazon S3 API Reference, "Error responses", list of error codes.
public enum S3Error: Error, Hashable, Sendable {
    // Who asks
    /// The caller may not do this.
    case accessDenied
    /// An anonymous caller asked for something that needs a signature.
    case signatureRequired
    /// A presigned request came after it expired.
    case requestExpired
    /// A presigned request came before it is valid.
    case requestNotYetValid
    /// Headers of a signed request are not covered by its signature.
    case headersNotSigned([String])
    /// The access key is not known.
    case invalidAccessKeyID(String)
    /// The signature is not the one the server computes; what differs, when that may be told.
    case signatureDoesNotMatch(SignatureDifference?)
    /// The `Authorization` header cannot be read or has a wrong scope.
    case authorizationHeaderMalformed(explanation: String)
    /// The query form of a signature cannot be read or has a wrong scope.
    case authorizationQueryParametersError(explanation: String)
    /// Signed in the header and in the query.
    case multipleAuthentications
    /// A temporary security token, which the server never gave out.
    case invalidToken
    /// The request's clock differs too much from the server's.
    case requestTimeTooSkewed
    /// The request carries no time that the server can read.
    case requestTimeMissing
    /// A signed request has no `x-amz-content-sha256` header.
    case contentSHA256Missing
    /// `x-amz-content-sha256` is neither a digest nor a known keyword.
    case contentSHA256Invalid(String)
    /// A cross-origin preflight, which no configuration allows.
    case crossOriginForbidden
    /// A cross-origin preflight that lacks a header it must have.
    case preflightIncomplete(missing: String)
    /// Access is set per bucket; an object cannot have a list of its own.
    case objectAccessControlNotSupported
    /// The object belongs to a version that is immutable.
    case versionSealed(VersionName)
    /// The object would belong to a draft that was committed or discarded.
    case draftMissing(VersionName)

    // Names and addresses
    /// The path or query of the request cannot be read.
    case invalidURI(AddressFault)
    /// A key longer than 1024 bytes.
    case keyTooLong(sizeBytes: Int)
    /// A name that no bucket can have.
    case invalidBucketName(String)
    case noSuchBucket(NamespaceName)
    case noSuchKey(ObjectKey)
    case noSuchUpload(String)
    case noSuchVersion(ObjectKey, versionID: String)
    /// A bucket of this name belongs to somebody else.
    case bucketAlreadyExists(NamespaceName)
    case bucketNotEmpty(NamespaceName)
    /// A feature that was never configured, with the code S3 has for it.
    case notConfigured(BucketFeature)
    /// The bucket keeps no locks.
    case objectLockNotEnabled

    // What is asked for
    case methodNotAllowed(method: String)
    /// Something S3 has and Nave has not.
    case notImplemented(feature: String)
    /// An argument whose value is out of its domain.
    case invalidArgument(name: String, value: String)
    /// A request that contradicts itself or lacks something.
    case invalidRequest(RequestFault)
    case invalidStorageClass(String)
    case invalidRange(requested: String, sizeBytes: Int64)
    case invalidPartNumber(requested: Int, available: Int)
    case preconditionFailed(header: String)

    // Bodies
    case missingContentLength
    case incompleteBody
    case entityTooLarge(proposedBytes: Int64, maxBytes: Int64)
    case entityTooSmall(partNumber: Int, entityTag: String, proposedBytes: Int64, minBytes: Int64)
    case metadataTooLarge(sizeBytes: Int, maxBytes: Int)
    /// A document body longer than its limit.
    case maxMessageLengthExceeded(maxBytes: Int)
    case malformedXML
    case malformedACL
    /// A grant to an e-mail address; principals have none.
    case unresolvableGrant(email: String)
    /// A document body is needed and there is none.
    case missingRequestBody
    /// A `Content-MD5` that is not 16 bytes in base64.
    case invalidDigest
    /// A digest that does not match the bytes received.
    case badDigest(DigestName)
    case contentSHA256Mismatch(claimed: String, computed: String)
    /// A chunk of an aws-chunked body is framed wrongly.
    case invalidChunkFraming
    /// The trailer of an aws-chunked body is missing or cannot be read.
    case malformedTrailer
    /// The client did not send or take bytes for too long.
    case requestTimeout

    // Multipart
    case invalidPart(number: Int, uploadID: String, entityTag: String)
    case invalidPartOrder(uploadID: String)

    // The server
    /// Anything the client cannot act on. The cause is logged, never sent.
    case internalError
    /// Stored bytes that the answer needs differ from their checksums on every copy.
    case storedBytesDamaged
    /// No room for more bytes.
    case insufficientStorage
    /// Too much is waiting; the client shall come again.
    case slowDown
    /// The server is stopping or cannot write at present.
    case serviceUnavailable
}

/// What is wrong with an address.
public enum AddressFault: Hashable, Sendable {
    case pathNotAbsolute
    /// A `%` without two hexadecimal digits, or bytes that are not UTF-8, in the path.
    case pathEncoding
    /// The same in the query.
    case queryEncoding
    case tooManyParameters
    /// A key with NUL, an empty segment, or a segment that is `.` or `..`.
    case keyNotAddressable
    case keyEmpty
}

/// What both sides signed, so that a client's author can find the difference.
public struct SignatureDifference: Hashable, Sendable {
    /// The access key that the request names.
    public let accessKey: String
    /// The signature that the request carries.
    public let signatureProvided: String
    /// The text that the server signed.
    public let stringToSign: String
    /// The canonical request that the text was made of.
    public let canonicalRequest: String

    /// Makes a difference of its parts.
    public init(
        accessKey: String,
        signatureProvided: String,
        stringToSign: String,
        canonicalRequest: String
    ) {
        self.accessKey = accessKey
        self.signatureProvided = signatureProvided
        self.stringToSign = stringToSign
        self.canonicalRequest = canonicalRequest
    }
}

/// A digest of a body, as error messages name it.
public enum DigestName: Hashable, Sendable {
    case contentMD5
    case checksum(ChecksumAlgorithm)
}

/// Why a request is refused as a whole.
public enum RequestFault: Hashable, Sendable {
    /// An object copied onto itself with nothing changed.
    case copyOntoItself
    /// A copy from an object larger than one request may copy.
    case copySourceTooLarge(sizeBytes: Int64)
    case severalChecksums
    case checksumHeaderInvalid(String)
    case checksumAlgorithmUnsupported(String)
    case checksumTypeUnsupported(String)
    /// A checksum type that its algorithm does not offer.
    case checksumTypeMismatch(ChecksumAlgorithm, ChecksumScope)
    case checksumAlgorithmMismatch(expected: String, actual: String)
    case trailerUnsupported(String)
    case rangeAndPartNumber
    case signedRequestNeeded
    case severalPreconditions
    case copySourceInvalid
    case declaredObjectSizeMismatch(declaredBytes: Int64, actualBytes: Int64)
    case attributesMissing
    case aclHeaderAndBody
    case mechanismUnsupported
}
