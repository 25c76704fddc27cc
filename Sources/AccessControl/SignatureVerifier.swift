import Checksums
import StorageModel

/// Verifies AWS Signature Version 4, in the `Authorization` header and in presigned URLs.
///
/// May be used from any thread; keeps derived signing keys. A verification with a known key takes
/// a few microseconds and never blocks.
///
/// Source: AWS General Reference, "Signature Version 4"; Amazon S3 API Reference, "Authenticating
/// Requests (AWS Signature Version 4)".
public final class SignatureVerifier: Sendable {
    /// What a signed request without `x-amz-content-sha256` means.
    public enum MissingContentDigest: Sendable {
        /// It is refused, as S3 does.
        case refused
        /// Its body must be empty, as other services have it.
        case emptyBody
    }

    /// How far a client's clock may be off, in milliseconds.
    public static let skewMillisecondsMax: Int64 = 15 * 60 * 1000
    /// How long a presigned URL may be valid, in seconds.
    public static let expirySecondsMax: Int64 = 604_800

    private let service: [UInt8]
    private let missingContentDigest: MissingContentDigest
    private let keys = SigningKeyCache()

    /// Makes a verifier for one service name in the scope.
    public init(service: String = "s3", missingContentDigest: MissingContentDigest = .refused) {
        self.service = Array(service.utf8)
        self.missingContentDigest = missingContentDigest
    }

    /// Finds out who signed a request and how its body is signed.
    ///
    /// - Parameters:
    ///   - head: The request as it arrived.
    ///   - now: The server's clock.
    ///   - principalFor: Finds the principal of an access key.
    /// - Returns: The principal, or none for a request without a signature; and how to read the
    ///   body. The body itself is not verified yet.
    /// - Throws: Any ``AuthenticationError``.
    public func verify(
        _ head: RequestHead,
        now: WallTime,
        principalFor: (String) -> Principal?
    ) throws(AuthenticationError) -> VerifiedRequest {
        let request = ReceivedRequest(head)
        guard let claim = try claim(of: request) else {
            let digest = try contentDigest(request, nil)
            return VerifiedRequest(
                principal: nil,
                payload: try digest?.payload({ nil }) ?? .unsigned
            )
        }
        let time = try signingTime(of: request, claim)
        guard time.date == claim.date else {
            throw Self.malformed(.scopeDateMismatch, claim.place)
        }
        try checkClock(request, claim, time, now)
        try checkHeadersSigned(request, claim)
        let digest = try contentDigest(request, claim)
        let payloadText = try payloadText(request, claim)
        let accessKey = String(decoding: claim.credential[claim.accessKey], as: UTF8.self)
        guard let principal = principalFor(accessKey) else { throw .accessKeyUnknown(accessKey) }
        let key = try verifiedKey(request, claim, time, payloadText, principal)
        let payload =
            try digest?.payload {
                ChunkSigningContext(
                    key: key,
                    timestamp: time.text,
                    scope: Array(claim.credential[claim.scope]),
                    seed: Array(claim.signature)
                )
            } ?? payloadWithoutDigest(claim)
        return VerifiedRequest(principal: principal, payload: payload)
    }

    // MARK: - What the request says

    private func claim(
        of request: ReceivedRequest
    ) throws(AuthenticationError) -> SignatureClaim? {
        let isPresigned =
            request.query.encodedValue("X-Amz-Algorithm") != nil
            || request.query.encodedValue("X-Amz-Credential") != nil
            || request.query.encodedValue("X-Amz-Signature") != nil
        if let authorization = request.headers.value("authorization") {
            guard !isPresigned else { throw .mechanismsMixed }
            let algorithm = authorization.prefix { $0 != UInt8(ascii: " ") }
            guard algorithm.holds("AWS4-HMAC-SHA256") else {
                throw .mechanismUnsupported
            }
            guard request.headers.value("x-amz-security-token") == nil else {
                throw .sessionTokenUnsupported
            }
            do {
                return try SignatureClaim(header: authorization, service: service)
            } catch { throw .authorizationHeaderMalformed(error) }
        }
        if isPresigned {
            guard request.query.encodedValue("X-Amz-Security-Token") == nil else {
                throw .sessionTokenUnsupported
            }
            do {
                return try SignatureClaim(query: request.query, service: service)
            } catch { throw .authorizationQueryMalformed(error) }
        }
        let hasSignatureVersion2 =
            request.query.encodedValue("AWSAccessKeyId") != nil
            && request.query.encodedValue("Signature") != nil
        guard !hasSignatureVersion2 else { throw .mechanismUnsupported }
        return nil
    }

    private func signingTime(
        of request: ReceivedRequest,
        _ claim: SignatureClaim
    ) throws(AuthenticationError) -> SigningTime {
        switch claim.place {
        case .query:
            guard let text = request.query.encodedValue("X-Amz-Date"), !text.isEmpty else {
                throw .authorizationQueryMalformed(.parameterMissing("X-Amz-Date"))
            }
            guard let time = SigningTime(basic: text) else {
                throw .authorizationQueryMalformed(.dateMalformed)
            }
            return time
        case .header:
            if let text = request.headers.value("x-amz-date") {
                guard let time = SigningTime(basic: text) else { throw .dateMissing }
                return time
            }
            guard let text = request.headers.value("date"),
                let time = SigningTime(httpDate: text) ?? SigningTime(basic: text)
            else { throw .dateMissing }
            return time
        }
    }

    /// What is said of the body: in a presigned URL, which is signed, before in a header.
    private func contentDigest(
        _ request: ReceivedRequest,
        _ claim: SignatureClaim?
    ) throws(AuthenticationError) -> ContentDigest? {
        if claim?.place == .query, let signed = request.query.value("X-Amz-Content-Sha256") {
            return try ContentDigest(signed)
        }
        guard let text = request.headers.value("x-amz-content-sha256") else { return nil }
        return try ContentDigest(text)
    }

    /// The last line of the canonical request.
    ///
    /// A presigned URL says `UNSIGNED-PAYLOAD` unless it signs another value.
    private func payloadText(
        _ request: ReceivedRequest,
        _ claim: SignatureClaim
    ) throws(AuthenticationError) -> ArraySlice<UInt8> {
        let header = request.headers.value("x-amz-content-sha256")
        switch claim.place {
        case .header:
            if let header { return header }
            switch missingContentDigest {
            case .refused: throw .contentDigestMissing
            case .emptyBody: return ContentDigest.emptyText[...]
            }
        case .query:
            if let signed = request.query.value("X-Amz-Content-Sha256") { return signed }
            if let header, claim.signedHeaders.contains("x-amz-content-sha256") { return header }
            return ContentDigest.unsignedText[...]
        }
    }

    private func payloadWithoutDigest(
        _ claim: SignatureClaim
    ) -> PayloadSigning {
        switch claim.place {
        case .header: .sha256(SHA256.digest(of: []))
        case .query: .unsigned
        }
    }

    // MARK: - Checks

    private func checkClock(
        _ request: ReceivedRequest,
        _ claim: SignatureClaim,
        _ time: SigningTime,
        _ now: WallTime
    ) throws(AuthenticationError) {
        let age = now.milliseconds - time.time.milliseconds
        switch claim.place {
        case .header:
            guard abs(age) <= Self.skewMillisecondsMax else {
                throw .requestTimeTooSkewed(requestTime: time.time, serverTime: now)
            }
        case .query:
            guard let text = request.query.encodedValue("X-Amz-Expires"), !text.isEmpty else {
                throw .authorizationQueryMalformed(.parameterMissing("X-Amz-Expires"))
            }
            guard let seconds = Int64(String(decoding: text.prefix(24), as: UTF8.self)) else {
                throw .authorizationQueryMalformed(.expiresMalformed)
            }
            guard (1...Self.expirySecondsMax).contains(seconds) else {
                throw .authorizationQueryMalformed(.expiresOutOfRange)
            }
            guard age >= -Self.skewMillisecondsMax else {
                throw .requestNotYetValid(requestTime: time.time, serverTime: now)
            }
            guard age <= seconds * 1000 else {
                let expired = WallTime(milliseconds: time.time.milliseconds + seconds * 1000)
                throw .requestExpired(expired: expired, serverTime: now)
            }
        }
    }

    /// Every `x-amz-*` header must be signed, or a third party could add one that changes what the
    /// request does.
    private func checkHeadersSigned(
        _ request: ReceivedRequest,
        _ claim: SignatureClaim
    ) throws(AuthenticationError) {
        var unsigned: [String] = []
        for entry in request.headers.entries {
            let bytes = request.headers.bytes
            let beginning = entry.name.prefix("x-amz-".utf8.count)
            guard bytes.holds("x-amz-", at: beginning),
                !claim.signedHeaders.contains(bytes, entry.name)
            else { continue }
            // A presigned URL is often used by SDKs that add the digest of the body on their own.
            if claim.place == .query && bytes.holds("x-amz-content-sha256", at: entry.name) {
                continue
            }
            unsigned.append(String(decoding: bytes[entry.name], as: UTF8.self))
        }
        guard unsigned.isEmpty else { throw .headersUnsigned(unsigned) }
    }

    /// The signing key, once the signature is verified.
    private func verifiedKey(
        _ request: ReceivedRequest,
        _ claim: SignatureClaim,
        _ time: SigningTime,
        _ payloadText: ArraySlice<UInt8>,
        _ principal: Principal
    ) throws(AuthenticationError) -> HMACSHA256.Key {
        let kept = keys.key(claim.credential, secretKey: principal.secretKey)
        let key =
            kept
            ?? SigningKeyCache.derived(
                secretKey: principal.secretKey,
                date: claim.date,
                region: claim.region,
                service: claim.service
            )
        func signed(_ form: ReceivedRequest.SignedForm) -> SignedText {
            SignedText(request, form, claim, time, payloadText)
        }
        let usual = signed(request.usualForm)
        let isVerified =
            usual.hasSignature(of: claim, key)
            || request.otherForms.contains { signed($0).hasSignature(of: claim, key) }
        guard isVerified else {
            let mismatch = SignatureMismatch(
                accessKey: principal.accessKey,
                signatureProvided: String(decoding: claim.signature, as: UTF8.self),
                stringToSign: String(decoding: usual.text, as: UTF8.self),
                canonicalRequest: String(decoding: usual.canonical.bytes, as: UTF8.self)
            )
            throw .signatureMismatch(mismatch)
        }
        if kept == nil { keys.keep(key, claim.credential, secretKey: principal.secretKey) }
        return key
    }

    private static func malformed(
        _ fault: AuthorizationFault,
        _ place: SignaturePlace
    ) -> AuthenticationError {
        switch place {
        case .header: .authorizationHeaderMalformed(fault)
        case .query: .authorizationQueryMalformed(fault)
        }
    }
}

/// What a client signed if it wrote its request in one form.
private struct SignedText {
    let canonical: CanonicalRequest
    let text: [UInt8]

    init(
        _ request: borrowing ReceivedRequest,
        _ form: borrowing ReceivedRequest.SignedForm,
        _ claim: borrowing SignatureClaim,
        _ time: borrowing SigningTime,
        _ payload: ArraySlice<UInt8>
    ) {
        canonical = CanonicalRequest(
            method: request.method,
            path: request.path,
            pathForm: form.path,
            query: form.query,
            headers: request.headers,
            signedHeaders: claim.signedHeaders,
            payload: payload
        )
        text = canonical.stringToSign(
            timestamp: time.text,
            scope: claim.credential[claim.scope]
        )
    }

    func hasSignature(of claim: SignatureClaim, _ key: HMACSHA256.Key) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 3 * HMACSHA256.codeBytes, alignment: 8) { memory in
            let code = UnsafeMutableRawBufferPointer(rebasing: memory[..<HMACSHA256.codeBytes])
            let digits = UnsafeMutableRawBufferPointer(rebasing: memory[HMACSHA256.codeBytes...])
            text.withUnsafeBytes { key.authenticate($0, into: code) }
            Hexadecimal.encode(UnsafeRawBufferPointer(code), into: digits)
            return claim.signature.withUnsafeBytes {
                ConstantTime.equals(UnsafeRawBufferPointer(digits), $0)
            }
        }
    }
}
