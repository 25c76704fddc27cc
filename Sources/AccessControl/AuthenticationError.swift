import StorageModel

/// Why a request's signature was not accepted.
///
/// The comment of each case names the S3 error code and status that belong to it.
public enum AuthenticationError: Error, Hashable, Sendable {
    /// The `Authorization` header cannot be used: `AuthorizationHeaderMalformed`, 400.
    case authorizationHeaderMalformed(AuthorizationFault)
    /// The signature in the query cannot be used: `AuthorizationQueryParametersError`, 400.
    case authorizationQueryMalformed(AuthorizationFault)
    /// A header of another scheme than SigV4 (such as SigV2, SigV4A): `InvalidRequest`, 400.
    case mechanismUnsupported
    /// Signed in the header and in the query: `InvalidArgument`, 400.
    case mechanismsMixed
    /// Nobody has this access key: `InvalidAccessKeyId`, 403.
    case accessKeyUnknown(String)
    /// The signature is not the one computed here: `SignatureDoesNotMatch`, 403.
    case signatureMismatch(SignatureMismatch)
    /// The clocks differ by more than 15 minutes: `RequestTimeTooSkewed`, 403.
    case requestTimeTooSkewed(requestTime: WallTime, serverTime: WallTime)
    /// A presigned URL past its time: `AccessDenied`, 403, "Request has expired".
    case requestExpired(expired: WallTime, serverTime: WallTime)
    /// A presigned URL of the future: `AccessDenied`, 403, "Request is not yet valid".
    case requestNotYetValid(requestTime: WallTime, serverTime: WallTime)
    /// No usable `x-amz-date` or `Date`: `AccessDenied`, 403.
    case dateMissing
    /// These `x-amz-*` headers are not signed: `AccessDenied`, 403, "There were headers present
    /// in the request which were not signed".
    case headersUnsigned([String])
    /// No `x-amz-content-sha256`: `MissingSecurityHeader`, 400.
    case contentDigestMissing
    /// An `x-amz-content-sha256` that is none of the known values: `InvalidArgument`, 400.
    case contentDigestInvalid(String)
    /// A body signed with SigV4A: `NotImplemented`, 501.
    case contentDigestUnsupported(String)
    /// A temporary security token, which Nave does not issue: `InvalidToken`, 400.
    case sessionTokenUnsupported
}

/// What is wrong with a signature's parameters.
public enum AuthorizationFault: Error, Hashable, Sendable {
    /// A parameter is absent or empty.
    case parameterMissing(String)
    /// An algorithm other than `AWS4-HMAC-SHA256`.
    case algorithmUnsupported
    /// Not `key/date/region/service/aws4_request`.
    case credentialMalformed
    /// The date of the scope is not the date of the request.
    case scopeDateMismatch
    /// The scope is for another service.
    case scopeServiceWrong(String)
    /// The scope does not end in `aws4_request`.
    case scopeTerminatorWrong(String)
    /// The list of signed headers is not names joined by `;`.
    case signedHeadersMalformed
    /// The list of signed headers lacks `host`.
    case hostUnsigned
    /// `X-Amz-Date` is not of the form `yyyyMMddTHHmmssZ`.
    case dateMalformed
    /// `X-Amz-Expires` is not a number.
    case expiresMalformed
    /// `X-Amz-Expires` is not among 1…604800.
    case expiresOutOfRange

    /// A sentence for the client.
    public var message: String {
        switch self {
        case .parameterMissing(let name):
            "The request signature has no value for \(name)."
        case .algorithmUnsupported:
            "The only supported signature algorithm is AWS4-HMAC-SHA256."
        case .credentialMalformed:
            "The Credential is mal-formed; expecting "
                + "\"<your-access-key>/YYYYMMDD/REGION/SERVICE/aws4_request\"."
        case .scopeDateMismatch:
            "The date in the credential scope is not the date of the request."
        case .scopeServiceWrong(let service):
            "Incorrect service \"\(service)\" in the credential scope. This endpoint belongs to "
                + "\"s3\"."
        case .scopeTerminatorWrong(let terminator):
            "Incorrect terminal \"\(terminator)\" in the credential scope. This endpoint uses "
                + "\"aws4_request\"."
        case .signedHeadersMalformed:
            "SignedHeaders must be lower-case header names joined by semicolons."
        case .hostUnsigned:
            "Signing of the host header is required."
        case .dateMalformed:
            "X-Amz-Date must be in the ISO8601 long format \"yyyyMMdd'T'HHmmss'Z'\"."
        case .expiresMalformed:
            "X-Amz-Expires should be a number."
        case .expiresOutOfRange:
            "X-Amz-Expires must be at least 1 second and less than a week (604800 seconds)."
        }
    }
}

/// What both sides signed, so that a client's author can find the difference.
public struct SignatureMismatch: Hashable, Sendable {
    /// The access key that the request names.
    public let accessKey: String
    /// The signature that the request carries.
    public let signatureProvided: String
    /// The text signed here.
    public let stringToSign: String
    /// The canonical request that the text was made of.
    public let canonicalRequest: String
}
