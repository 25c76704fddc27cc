import Checksums
import StorageModel

/// Signs requests as a client does: the other side of ``SignatureVerifier``.
///
/// For links that Nave hands out and for requests that Nave's own tests send.
public struct RequestSigner: Sendable {
    private let accessKey: String
    private let secretKey: String
    private let region: String
    private let service: String

    /// Makes a signer of one pair of keys.
    public init(
        accessKey: String,
        secretKey: String,
        region: String = "us-east-1",
        service: String = "s3"
    ) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.region = region
        self.service = service
    }

    /// The target of a presigned URL: the given one with the signature in its query.
    ///
    /// - Parameters:
    ///   - method: The method it may be used with.
    ///   - target: Path and query, percent-encoded; may hold `X-Amz-Content-Sha256`, the digest
    ///     that the body must have.
    ///   - host: The `Host` header it will be sent with.
    ///   - expiresSeconds: How long it will be valid, 1…604800.
    ///   - now: When it begins to be valid.
    /// - Returns: The target with a signature that covers the host.
    public func presignedTarget(
        method: String,
        target: String,
        host: String,
        expiresSeconds: Int,
        now: WallTime
    ) -> String {
        let time = SigningTime(now)
        let scope = scope(time)
        var credential: [UInt8] = []
        PercentCoding.appendCanonical(
            Array("\(accessKey)/\(scope)".utf8)[...],
            slash: .encoded,
            plus: .plus,
            to: &credential
        )
        let parameters = [
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Credential=" + String(decoding: credential, as: UTF8.self),
            "X-Amz-Date=" + String(decoding: time.text, as: UTF8.self),
            "X-Amz-Expires=\(expiresSeconds)",
            "X-Amz-SignedHeaders=host",
        ]
        let separator = target.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        let unsigned = target + separator + parameters.joined(separator: "&")
        let head = RequestHead(method: method, target: unsigned, headers: [("host", host)])
        let digest = ReceivedRequest(head).query.value("X-Amz-Content-Sha256")
        let signature = signature(
            of: head,
            signedHeaders: "host",
            payload: digest.map { Array($0) } ?? ContentDigest.unsignedText,
            time
        )
        return unsigned + "&X-Amz-Signature=" + signature
    }

    /// A request with the headers of a signature added: `x-amz-date`, `x-amz-content-sha256` and
    /// `authorization`, which covers every header.
    ///
    /// - Parameters:
    ///   - head: The request, with its `host` header.
    ///   - contentDigest: The value of `x-amz-content-sha256`.
    ///   - now: The client's clock.
    /// - Returns: The request to send.
    public func signed(
        _ head: RequestHead,
        contentDigest: String = "UNSIGNED-PAYLOAD",
        now: WallTime
    ) -> RequestHead {
        let time = SigningTime(now)
        var headers = head.headers
        headers.append(("x-amz-date", String(decoding: time.text, as: UTF8.self)))
        headers.append(("x-amz-content-sha256", contentDigest))
        let names = Set(headers.map { $0.name.lowercased() }).sorted()
        let list = names.joined(separator: ";")
        let signature = signature(
            of: RequestHead(method: head.method, target: head.target, headers: headers),
            signedHeaders: list,
            payload: Array(contentDigest.utf8),
            time
        )
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope(time)), SignedHeaders=\(list), "
            + "Signature=\(signature)"
        headers.append(("authorization", authorization))
        return RequestHead(method: head.method, target: head.target, headers: headers)
    }

    private func scope(_ time: SigningTime) -> String {
        "\(String(decoding: time.date, as: UTF8.self))/\(region)/\(service)/aws4_request"
    }

    private func signature(
        of head: RequestHead,
        signedHeaders: String,
        payload: [UInt8],
        _ time: SigningTime
    ) -> String {
        let request = ReceivedRequest(head)
        guard let list = SignedHeaderList(Array(signedHeaders.utf8)) else {
            preconditionFailure("header names are visible ASCII, and not too many")
        }
        let canonical = CanonicalRequest(
            method: head.method,
            path: request.path,
            pathForm: .encodedAgain,
            query: request.query,
            headers: request.headers,
            signedHeaders: list,
            payload: payload[...]
        )
        let key = SigningKeyCache.derived(
            secretKey: secretKey,
            date: time.date,
            region: Array(region.utf8)[...],
            service: Array(service.utf8)[...]
        )
        let text = canonical.stringToSign(
            timestamp: time.text,
            scope: Array(scope(time).utf8)[...]
        )
        return String(decoding: digits(key.authenticate(text)), as: UTF8.self)
    }
}
