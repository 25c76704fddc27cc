import StorageModel

extension S3Error {
    /// The code in the error document.
    public var code: String { codeAndStatus.code }

    /// The HTTP status of the answer.
    public var status: Int { codeAndStatus.status }

    /// Every code and status in one place.
    ///
    /// Source: Amazon S3 API Reference, "Error responses", list of error codes.
    private var codeAndStatus: (code: String, status: Int) {
        switch self {
        case .accessDenied, .signatureRequired, .requestExpired, .requestNotYetValid,
            .headersNotSigned, .requestTimeMissing, .versionSealed,
            .draftMissing:
            ("AccessDenied", 403)
        case .invalidAccessKeyID: ("InvalidAccessKeyId", 403)
        case .signatureDoesNotMatch: ("SignatureDoesNotMatch", 403)
        case .authorizationHeaderMalformed: ("AuthorizationHeaderMalformed", 400)
        case .authorizationQueryParametersError: ("AuthorizationQueryParametersError", 400)
        case .requestTimeTooSkewed: ("RequestTimeTooSkewed", 403)
        case .invalidToken: ("InvalidToken", 400)
        case .contentSHA256Missing: ("MissingSecurityHeader", 400)
        case .invalidRequest, .objectLockNotEnabled: ("InvalidRequest", 400)
        case .contentSHA256Invalid, .invalidArgument, .multipleAuthentications:
            ("InvalidArgument", 400)
        case .crossOriginForbidden: ("AccessForbidden", 403)
        case .preflightIncomplete: ("BadRequest", 400)
        case .objectAccessControlNotSupported: ("AccessControlListNotSupported", 400)
        case .invalidURI: ("InvalidURI", 400)
        case .keyTooLong: ("KeyTooLongError", 400)
        case .invalidBucketName: ("InvalidBucketName", 400)
        case .noSuchBucket: ("NoSuchBucket", 404)
        case .noSuchKey: ("NoSuchKey", 404)
        case .noSuchUpload: ("NoSuchUpload", 404)
        case .noSuchVersion: ("NoSuchVersion", 404)
        case .bucketAlreadyExists: ("BucketAlreadyExists", 409)
        case .bucketNotEmpty: ("BucketNotEmpty", 409)
        case .notConfigured(let feature): (feature.missingCode, 404)
        case .methodNotAllowed: ("MethodNotAllowed", 405)
        case .notImplemented: ("NotImplemented", 501)
        case .invalidStorageClass: ("InvalidStorageClass", 400)
        case .invalidRange: ("InvalidRange", 416)
        case .invalidPartNumber: ("InvalidPartNumber", 416)
        case .preconditionFailed: ("PreconditionFailed", 412)
        case .missingContentLength: ("MissingContentLength", 411)
        case .incompleteBody: ("IncompleteBody", 400)
        case .entityTooLarge: ("EntityTooLarge", 400)
        case .entityTooSmall: ("EntityTooSmall", 400)
        case .metadataTooLarge: ("MetadataTooLarge", 400)
        case .maxMessageLengthExceeded: ("MaxMessageLengthExceeded", 400)
        case .malformedXML: ("MalformedXML", 400)
        case .malformedACL: ("MalformedACLError", 400)
        case .unresolvableGrant: ("UnresolvableGrantByEmailAddress", 400)
        case .missingRequestBody: ("MissingRequestBodyError", 400)
        case .invalidDigest: ("InvalidDigest", 400)
        case .badDigest: ("BadDigest", 400)
        case .contentSHA256Mismatch: ("XAmzContentSHA256Mismatch", 400)
        case .invalidChunkFraming: ("InvalidRequest", 400)
        case .malformedTrailer: ("MalformedTrailerError", 400)
        case .requestTimeout: ("RequestTimeout", 400)
        case .invalidPart: ("InvalidPart", 400)
        case .invalidPartOrder: ("InvalidPartOrder", 400)
        case .internalError, .storedBytesDamaged: ("InternalError", 500)
        case .insufficientStorage: ("InsufficientStorage", 507)
        case .slowDown: ("SlowDown", 503)
        case .serviceUnavailable: ("ServiceUnavailable", 503)
        }
    }

    /// Makes the error for a name or key that breaks the rules of its kind.
    public init(_ error: NameError) {
        switch error {
        case .namespaceNameInvalid(let name): self = .invalidBucketName(name)
        case .keyEmpty: self = .invalidURI(.keyEmpty)
        case .keyTooLong(let lengthBytes): self = .keyTooLong(sizeBytes: lengthBytes)
        case .keyNotAddressable: self = .invalidURI(.keyNotAddressable)
        case .notUTF8: self = .invalidURI(.pathEncoding)
        case .principalNameInvalid(let name):
            self = .invalidArgument(name: "principal", value: name)
        case .versionNameInvalid(let name):
            self = .invalidArgument(name: "version", value: name)
        case .manifestDigestInvalid(let digest):
            self = .invalidArgument(name: "digest", value: digest)
        }
    }
}
