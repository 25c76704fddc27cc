import StorageModel

extension AddressFault {
    var message: String {
        switch self {
        case .pathNotAbsolute: "The request target must begin with a slash."
        case .pathEncoding:
            "The path is not percent-encoded UTF-8: check its % escapes and character encoding."
        case .queryEncoding:
            "The query is not percent-encoded UTF-8: check its % escapes and character encoding."
        case .tooManyParameters: "The query has too many parameters."
        case .keyNotAddressable:
            "The key holds a NUL, an empty segment (two slashes in a row or one at the start), or "
                + "a segment that is . or .. which this server refuses because file-based clients "
                + "cannot address it."
        case .keyEmpty: "The key is empty."
        }
    }
}

extension RequestFault {
    var message: String {
        switch self {
        case .copyOntoItself:
            "This copy request is illegal because it is trying to copy an object to itself "
                + "without changing the object's metadata, storage class, website redirect "
                + "location or encryption attributes."
        case .copySourceTooLarge(let sizeBytes):
            "The specified copy source is larger than the maximum allowable size for a copy "
                + "source: \(sizeBytes)"
        case .copySourceInvalid:
            "x-amz-copy-source must be BUCKET/KEY, percent-encoded, optionally with a "
                + "?versionId of null."
        case .rangeAndPartNumber:
            "Cannot specify both Range header and partNumber query parameter"
        case .signedRequestNeeded: "Response headers can be set by signed requests only."
        case .severalPreconditions: "If-Match and If-None-Match cannot be used together."
        case .declaredObjectSizeMismatch(let declaredBytes, let actualBytes):
            "x-amz-mp-object-size is \(declaredBytes) but the parts have \(actualBytes) bytes."
        case .attributesMissing: "x-amz-object-attributes must name at least one attribute."
        case .aclHeaderAndBody: "Specify either a canned ACL or a list, not both."
        case .mechanismUnsupported:
            "The authorization mechanism you have provided is not supported. Please use "
                + "AWS4-HMAC-SHA256."
        case .checksumHeaderInvalid(let name): "Value for \(name) header is invalid."
        case .checksumAlgorithmUnsupported:
            "Checksum algorithm provided is unsupported. Please try again with any of the valid "
                + "types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
        case .checksumTypeUnsupported:
            "Checksum type must be COMPOSITE or FULL_OBJECT."
        case .checksumTypeMismatch(let algorithm, let scope):
            "The \(scope.name) checksum type cannot be used with the "
                + "\(algorithm.name.lowercased()) checksum algorithm."
        case .checksumAlgorithmMismatch(let expected, let actual):
            "Checksum Type mismatch occurred, expected checksum Type: \(expected), actual "
                + "checksum Type: \(actual)"
        case .trailerUnsupported:
            "The value specified in the x-amz-trailer header is not supported"
        case .severalChecksums:
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        }
    }
}

extension ChecksumScope {
    /// The name as S3 writes it in `x-amz-checksum-type` and XML.
    public var name: String {
        switch self {
        case .fullObject: "FULL_OBJECT"
        case .composite: "COMPOSITE"
        }
    }

    /// Finds a scope by its S3 name, in any case.
    public init?(name: String) {
        switch name.uppercased() {
        case "FULL_OBJECT": self = .fullObject
        case "COMPOSITE": self = .composite
        default: return nil
        }
    }
}
