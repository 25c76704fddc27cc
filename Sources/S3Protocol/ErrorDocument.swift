import StorageModel

/// The document that tells a client what went wrong.
///
/// Source: Amazon S3 API Reference, "Error responses", REST error responses.
public enum ErrorDocument {
    /// Writes the document of an error.
    ///
    /// - Parameters:
    ///   - error: What went wrong.
    ///   - resource: The path of the request, as the client sent it.
    ///   - requestID: The name of the request, as in `x-amz-request-id`.
    ///   - hostID: The name of the server, as in `x-amz-id-2`.
    /// - Returns: The document.
    public static func write(
        _ error: S3Error,
        resource: String,
        requestID: String,
        hostID: String
    ) -> [UInt8] {
        var xml = XMLWriter()
        xml.open("Error")
        xml.element("Code", error.code)
        xml.element("Message", S3Error.printable(error.message))
        for detail in error.details { xml.element(detail.name, detail.value) }
        xml.element("Resource", S3Error.shortened(resource))
        xml.element("RequestId", requestID)
        xml.element("HostId", hostID)
        xml.close("Error")
        return xml.bytes
    }
}

/// An element of an error document that only some errors have.
struct ErrorDetail {
    let name: StaticString
    let value: String

    init(_ name: StaticString, _ value: some CustomStringConvertible) {
        self.name = name
        self.value = S3Error.printable(value.description)
    }

    /// Text of several lines, as signatures are made of.
    init(_ name: StaticString, lines: String) {
        self.name = name
        value = lines.split(separator: "\n", omittingEmptySubsequences: false)
            .map { S3Error.printable(String($0)) }.joined(separator: "\n")
    }
}

extension S3Error {
    /// The further elements of the error's document, as S3 names them.
    var details: [ErrorDetail] {
        switch self {
        case .noSuchBucket(let bucket), .bucketAlreadyExists(let bucket),
            .bucketNotEmpty(let bucket):
            [ErrorDetail("BucketName", bucket)]
        case .invalidBucketName(let name): [ErrorDetail("BucketName", Self.shortened(name))]
        case .noSuchKey(let key): [ErrorDetail("Key", key)]
        case .noSuchUpload(let upload), .invalidPartOrder(let upload):
            [ErrorDetail("UploadId", Self.shortened(upload))]
        case .noSuchVersion(let key, let version):
            [ErrorDetail("Key", key), ErrorDetail("VersionId", Self.shortened(version))]
        case .keyTooLong(let size):
            [ErrorDetail("Size", size), ErrorDetail("MaxSizeAllowed", ObjectKey.lengthBytesMax)]
        case .methodNotAllowed(let method): [ErrorDetail("Method", Self.shortened(method))]
        case .invalidArgument(let name, let value):
            [
                ErrorDetail("ArgumentName", name),
                ErrorDetail("ArgumentValue", Self.shortened(value)),
            ]
        case .invalidStorageClass(let name):
            [ErrorDetail("StorageClassRequested", Self.shortened(name))]
        case .preconditionFailed(let header): [ErrorDetail("Condition", header)]
        case .invalidAccessKeyID(let accessKey):
            [ErrorDetail("AWSAccessKeyId", Self.shortened(accessKey))]
        case .signatureDoesNotMatch(let difference?):
            [
                ErrorDetail("AWSAccessKeyId", Self.shortened(difference.accessKey)),
                ErrorDetail("StringToSign", lines: difference.stringToSign),
                ErrorDetail("SignatureProvided", Self.shortened(difference.signatureProvided)),
                ErrorDetail("CanonicalRequest", lines: difference.canonicalRequest),
            ]
        case .contentSHA256Invalid(let value):
            [
                ErrorDetail("ArgumentName", "x-amz-content-sha256"),
                ErrorDetail("ArgumentValue", Self.shortened(value)),
            ]
        case .invalidRange, .invalidPartNumber, .entityTooLarge, .entityTooSmall,
            .metadataTooLarge, .maxMessageLengthExceeded, .contentSHA256Mismatch, .invalidPart:
            sizeDetails
        case .versionSealed(let version), .draftMissing(let version):
            [ErrorDetail("Version", version.description)]
        case .accessDenied, .signatureRequired, .requestExpired, .requestNotYetValid,
            .headersNotSigned, .signatureDoesNotMatch(nil), .authorizationHeaderMalformed,
            .authorizationQueryParametersError, .multipleAuthentications, .invalidToken,
            .requestTimeTooSkewed,
            .requestTimeMissing, .contentSHA256Missing, .crossOriginForbidden, .preflightIncomplete,
            .objectAccessControlNotSupported, .invalidURI, .notConfigured,
            .objectLockNotEnabled, .notImplemented, .invalidRequest, .missingContentLength,
            .incompleteBody, .malformedXML, .malformedACL,
            .unresolvableGrant, .missingRequestBody, .invalidDigest, .badDigest,
            .invalidChunkFraming,
            .malformedTrailer, .requestTimeout, .internalError, .storedBytesDamaged,
            .insufficientStorage, .slowDown,
            .serviceUnavailable:
            []
        }
    }

    /// The elements that tell sizes and digests.
    private var sizeDetails: [ErrorDetail] {
        if case .invalidRange(let requested, let size) = self {
            return [
                ErrorDetail("RangeRequested", Self.shortened(requested)),
                ErrorDetail("ActualObjectSize", size),
            ]
        }
        if case .invalidPartNumber(let requested, let available) = self {
            return [
                ErrorDetail("PartNumberRequested", requested),
                ErrorDetail("ActualPartCount", available),
            ]
        }
        if case .entityTooLarge(let proposed, let limit) = self {
            return [
                ErrorDetail("ProposedSize", proposed), ErrorDetail("MaxSizeAllowed", limit),
            ]
        }
        if case .entityTooSmall(let number, let tag, let proposed, let limit) = self {
            return [
                ErrorDetail("PartNumber", number), ErrorDetail("ETag", tag),
                ErrorDetail("ProposedSize", proposed), ErrorDetail("MinSizeAllowed", limit),
            ]
        }
        if case .metadataTooLarge(let size, let limit) = self {
            return [ErrorDetail("Size", size), ErrorDetail("MaxSizeAllowed", limit)]
        }
        if case .maxMessageLengthExceeded(let limit) = self {
            return [ErrorDetail("MaxMessageLengthBytes", limit)]
        }
        if case .contentSHA256Mismatch(let claimed, let computed) = self {
            return [
                ErrorDetail("ClientComputedContentSHA256", claimed),
                ErrorDetail("S3ComputedContentSHA256", computed),
            ]
        }
        if case .invalidPart(let number, let upload, let tag) = self {
            return [
                ErrorDetail("UploadId", Self.shortened(upload)),
                ErrorDetail("PartNumber", number), ErrorDetail("ETag", Self.shortened(tag)),
            ]
        }
        return []
    }
}
