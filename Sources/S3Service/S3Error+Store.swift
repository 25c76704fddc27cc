import AccessControl
import HTTPServing
import ObjectStorage
import S3Protocol
import StorageModel

extension S3Error {
    /// Translates a failure of the store; the only place where the two meet.
    ///
    /// - Parameters:
    ///   - error: What the store says.
    ///   - preconditionHeader: The header whose demand would be the one that does not hold.
    init(_ error: StoreError, preconditionHeader: String) {
        switch error {
        case .namespaceMissing(let name): self = .noSuchBucket(name)
        case .namespaceTaken(let name): self = .bucketAlreadyExists(name)
        case .namespaceNotEmpty(let name): self = .bucketNotEmpty(name)
        case .preconditionFailed: self = .preconditionFailed(header: preconditionHeader)
        case .objectMissing(let key): self = .noSuchKey(key)
        case .uploadMissing(let upload): self = .noSuchUpload(upload.text)
        case .partInvalid(let number):
            self = .invalidPart(number: number, uploadID: "", entityTag: "")
        case .partOrderInvalid: self = .invalidPartOrder(uploadID: "")
        case .partTooSmall(let number, let sizeBytes):
            self = .entityTooSmall(
                partNumber: number,
                entityTag: "",
                proposedBytes: sizeBytes,
                minBytes: UploadedPart.sizeBytesMin
            )
        case .partNumberInvalid(let number):
            self = .invalidArgument(name: "partNumber", value: String(number))
        case .partsEmpty: self = .malformedXML
        case .payloadTooLarge:
            self = .entityTooLarge(
                proposedBytes: S3Limits.payloadBytesMax,
                maxBytes: S3Limits.payloadBytesMax
            )
        case .digestMismatch: self = .badDigest(.contentMD5)
        case .outOfSpace: self = .insufficientStorage
        case .version(.sealed(let version)): self = .versionSealed(version)
        case .version(.missing(let draft)): self = .draftMissing(draft)
        case .objectReplaced, .overloaded: self = .slowDown
        case .volumeFailed, .closed: self = .serviceUnavailable
        case .checksumMismatch: self = .storedBytesDamaged
        case .principalTaken, .principalMissing, .keyRepeated, .rangeInvalid,
            .inputOutputFailed, .indexFailed, .version, .openFailed:
            self = .internalError
        }
    }

    /// Whether the error blames the server, so that its cause belongs into the log.
    var isServerFault: Bool { status == 500 || status == 507 || self == .serviceUnavailable }

    /// Translates a fault of a signature.
    init(_ error: AuthenticationError) {
        switch error {
        case .authorizationHeaderMalformed(let fault):
            self = .authorizationHeaderMalformed(explanation: fault.message)
        case .authorizationQueryMalformed(let fault):
            self = .authorizationQueryParametersError(explanation: fault.message)
        case .mechanismUnsupported: self = .invalidRequest(.mechanismUnsupported)
        case .mechanismsMixed: self = .multipleAuthentications
        case .accessKeyUnknown(let accessKey): self = .invalidAccessKeyID(accessKey)
        case .signatureMismatch(let mismatch):
            self = .signatureDoesNotMatch(
                SignatureDifference(
                    accessKey: mismatch.accessKey,
                    signatureProvided: mismatch.signatureProvided,
                    stringToSign: mismatch.stringToSign,
                    canonicalRequest: mismatch.canonicalRequest
                )
            )
        case .requestTimeTooSkewed: self = .requestTimeTooSkewed
        case .requestExpired: self = .requestExpired
        case .requestNotYetValid: self = .requestNotYetValid
        case .dateMissing: self = .requestTimeMissing
        case .headersUnsigned(let names): self = .headersNotSigned(names)
        case .contentDigestMissing: self = .contentSHA256Missing
        case .contentDigestInvalid(let text): self = .contentSHA256Invalid(text)
        case .contentDigestUnsupported(let text): self = .notImplemented(feature: text)
        case .sessionTokenUnsupported: self = .invalidToken
        }
    }

    /// Translates a fault of an aws-chunked body.
    init(_ error: ChunkedBodyError) {
        switch error {
        case .framingInvalid, .chunkHeaderTooLong, .trailerTooLong: self = .invalidChunkFraming
        case .trailerInvalid: self = .malformedTrailer
        case .signatureMismatch: self = .signatureDoesNotMatch(nil)
        case .lengthMismatch, .truncated: self = .incompleteBody
        }
    }

    /// Translates a fault of a request body's transfer.
    init(_ error: HTTPBodyError) {
        switch error {
        case .tooLarge(let limitBytes):
            self = .entityTooLarge(proposedBytes: limitBytes, maxBytes: limitBytes)
        case .timedOut: self = .requestTimeout
        case .clientDisconnected, .malformed: self = .incompleteBody
        case .answered, .longerThanAnnounced: self = .internalError
        }
    }
}
