import AccessControl
import HTTPServing
import ObjectStorage
import StorageModel

extension ProblemDocument {
    /// Says why a signature was not accepted.
    init(_ error: AuthenticationError, _ request: HTTPRequest) {
        switch error {
        case .authorizationHeaderMalformed(let fault), .authorizationQueryMalformed(let fault):
            self.init(status: 400, code: "signature_malformed", detail: fault.message)
        case .mechanismUnsupported:
            self = .credentialsRefused(
                request,
                detail: "Authorization must be AWS4-HMAC-SHA256 or Basic."
            )
        case .mechanismsMixed:
            self.init(
                status: 400,
                code: "signature_malformed",
                detail: "Sign the request in the Authorization header or in the query, not both."
            )
        case .accessKeyUnknown:
            self = .credentialsRefused(request, detail: "Nobody has this access key.")
        case .signatureMismatch:
            self = .credentialsRefused(
                request,
                detail: "The signature is not right. Check the secret key."
            )
        case .requestTimeTooSkewed, .requestNotYetValid:
            self.init(
                status: 403,
                code: "clock_skewed",
                detail: "The time of the request is more than 15 minutes off the server's clock."
            )
        case .requestExpired:
            self.init(status: 403, code: "request_expired", detail: "This URL has expired.")
        case .dateMissing:
            self.init(
                status: 400,
                code: "signature_malformed",
                detail: "A signed request needs a valid x-amz-date or Date header."
            )
        case .headersUnsigned(let names):
            self.init(
                status: 403,
                code: "headers_unsigned",
                detail: "These headers must be signed: \(names.joined(separator: ", "))."
            )
        case .contentDigestMissing, .contentDigestInvalid, .contentDigestUnsupported:
            self.init(
                status: 400,
                code: "content_digest_invalid",
                detail: "x-amz-content-sha256 must be the SHA-256 of the body or UNSIGNED-PAYLOAD."
            )
        case .sessionTokenUnsupported:
            self.init(
                status: 400,
                code: "session_token_unsupported",
                detail: "Nave issues no session tokens; use the keys alone."
            )
        }
    }

    /// Says why the store refused or failed; causes inside the server are not told.
    public init(_ error: StoreError) {
        switch error {
        case .namespaceMissing(let name):
            self.init(
                status: 404,
                code: "namespace_missing",
                detail: "There is no namespace \(name)."
            )
        case .namespaceTaken(let name):
            self.init(
                status: 409,
                code: "namespace_taken",
                detail: "The namespace \(name) belongs to somebody else."
            )
        case .namespaceNotEmpty(let name):
            let detail = "The namespace \(name) is not empty."
            self.init(status: 409, code: "namespace_not_empty", detail: detail)
        case .principalTaken(let name):
            self.init(
                status: 409,
                code: "principal_exists",
                detail: "There is a principal \(name) already. Delete it first to make new keys."
            )
        case .principalMissing(let name):
            let detail = "There is no principal \(name)."
            self.init(status: 404, code: "principal_missing", detail: detail)
        case .preconditionFailed, .objectReplaced:
            self.init(
                status: 412,
                code: "changed_meanwhile",
                detail: "What the request depends on has changed. Read it again."
            )
        case .objectMissing(let key):
            self.init(status: 404, code: "object_missing", detail: "There is no object \(key).")
        case .uploadMissing:
            self.init(status: 404, code: "upload_missing", detail: "There is no such upload.")
        case .partInvalid, .partOrderInvalid, .partTooSmall, .partNumberInvalid, .partsEmpty:
            self.init(status: 400, code: "part_invalid", detail: "The list of parts is not right.")
        case .rangeInvalid:
            self.init(status: 416, code: "range_invalid", detail: "No such range of bytes.")
        case .payloadTooLarge:
            self.init(status: 413, code: "too_large", detail: "The body is too large.")
        case .digestMismatch:
            self.init(status: 400, code: "digest_mismatch", detail: "The body has another MD5.")
        case .outOfSpace:
            self.init(status: 507, code: "out_of_space", detail: "The disk is full.")
        case .overloaded:
            self.init(
                status: 503,
                code: "overloaded",
                detail: "The server has more to do than it accepts. Try again.",
                headers: [HeaderField("Retry-After", "1")]
            )
        case .closed:
            self.init(status: 503, code: "stopping", detail: "The server is stopping.")
        case .version:
            self.init(
                status: 409,
                code: "version_conflict",
                detail: "The version does not allow it."
            )
        case .keyRepeated, .checksumMismatch, .inputOutputFailed, .volumeFailed, .indexFailed,
            .openFailed:
            self.init(
                status: 500,
                code: "internal_error",
                detail: "The server failed. See its log."
            )
        }
    }
}
