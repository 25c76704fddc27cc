import StorageModel

extension S3Error {
    /// A sentence for the person who reads the error document.
    ///
    /// Where S3 has a sentence of its own that clients are known to show, the meaning is the same.
    public var message: String {
        switch self {
        case .accessDenied: "Access Denied"
        case .signatureRequired: S3Sentence.signatureRequired
        case .requestExpired: "Request has expired"
        case .requestNotYetValid: "Request is not yet valid"
        case .headersNotSigned(let it):
            "\(S3Sentence.headersNotSigned) \(it.joined(separator: ", "))"
        case .invalidAccessKeyID: S3Sentence.invalidAccessKeyID
        case .signatureDoesNotMatch: S3Sentence.signatureDoesNotMatch
        case .authorizationHeaderMalformed(let explanation):
            "The authorization header is malformed; \(explanation)"
        case .authorizationQueryParametersError(let explanation): explanation
        case .multipleAuthentications: S3Sentence.multipleAuthentications
        case .invalidToken: "The provided token is malformed or otherwise invalid."
        case .requestTimeTooSkewed: S3Sentence.requestTimeTooSkewed
        case .requestTimeMissing: S3Sentence.requestTimeMissing
        case .contentSHA256Missing: S3Sentence.contentSHA256Missing
        case .contentSHA256Invalid: S3Sentence.contentSHA256Invalid
        case .crossOriginForbidden: "CORSResponse: CORS is not enabled for this bucket."
        case .preflightIncomplete(let it): "Insufficient information. \(it) header needed."
        case .objectAccessControlNotSupported: S3Sentence.objectAccessControlNotSupported
        case .versionSealed(let version): "\(version) \(S3Sentence.versionSealed)"
        case .draftMissing(let draft): "There is no draft \(draft): it was committed or discarded."
        case .invalidURI(let fault): fault.message
        case .keyTooLong(let size): "Your key is too long: \(size) bytes, of at most 1024."
        case .invalidBucketName: "The specified bucket is not valid."
        case .noSuchBucket: "The specified bucket does not exist"
        case .noSuchKey: "The specified key does not exist."
        case .noSuchUpload: S3Sentence.noSuchUpload
        case .noSuchVersion: "The specified version does not exist."
        case .bucketAlreadyExists: S3Sentence.bucketAlreadyExists
        case .bucketNotEmpty: "The bucket you tried to delete is not empty"
        case .notConfigured(let it): "The bucket's \(it.rawValue) configuration does not exist."
        case .objectLockNotEnabled: "The bucket has no object lock configuration."
        case .methodNotAllowed(let method): "The method \(method) is not allowed here."
        case .notImplemented(let feature): "This server does not implement \(feature)."
        case .invalidArgument(let name, let value):
            "The argument \(name) has a value that is not allowed: \(Self.shortened(value))"
        case .invalidRequest(let fault): fault.message
        case .invalidStorageClass(let it): "There is no storage class \(Self.shortened(it))."
        case .invalidRange: "The requested range is not satisfiable"
        case .invalidPartNumber: "The requested partnumber is not satisfiable"
        case .preconditionFailed(let header): "The precondition in \(header) did not hold."
        case .missingContentLength: "You must provide the Content-Length HTTP header."
        case .incompleteBody: S3Sentence.incompleteBody
        case .entityTooLarge(_, let limit): "Your upload exceeds the maximum of \(limit) bytes."
        case .entityTooSmall: "Your proposed upload is smaller than the minimum allowed size"
        case .metadataTooLarge: S3Sentence.metadataTooLarge
        case .maxMessageLengthExceeded(let limit): "Your document exceeds \(limit) bytes."
        case .malformedXML: S3Sentence.malformedXML
        case .malformedACL: S3Sentence.malformedACL
        case .unresolvableGrant: "The email address you provided does not match any account."
        case .missingRequestBody: "Request body is empty."
        case .invalidDigest: "The Content-MD5 you specified is not valid."
        case .badDigest(let digest):
            "The \(digest.text) you specified did not match the calculated checksum."
        case .contentSHA256Mismatch: S3Sentence.contentSHA256Mismatch
        case .invalidChunkFraming: "The aws-chunked framing of the body is not valid."
        case .malformedTrailer: S3Sentence.malformedTrailer
        case .requestTimeout: S3Sentence.requestTimeout
        case .invalidPart(let number, _, _): "Part \(number) \(S3Sentence.partNotFound)"
        case .invalidPartOrder: "The list of parts is not in ascending order of part number."
        case .internalError: "The server met an internal error; please try again."
        case .storedBytesDamaged:
            "The stored bytes are damaged and were not sent. To ask again does not help: write the object "
                + "again, or have it restored from a backup."
        case .insufficientStorage: S3Sentence.insufficientStorage
        case .slowDown: "Please reduce your request rate."
        case .serviceUnavailable: "The server cannot take this request now; please try again."
        }
    }

    /// Text from a client, cut to a length that fits a message, without control characters, which
    /// no document can hold.
    static func shortened(_ text: String) -> String {
        let short = text.utf8.count <= 256 ? text : String(text.prefix(60)) + "…"
        return printable(short)
    }

    /// Text with the replacement character for each control character.
    static func printable(_ text: String) -> String {
        guard !HeaderList.isFieldText(text) else { return text }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : $0 }
            )
        )
    }
}

extension DigestName {
    var text: String {
        switch self {
        case .contentMD5: "Content-MD5"
        case .checksum(let algorithm): algorithm.name
        }
    }
}
