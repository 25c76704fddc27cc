import AccessControl
import HTTPServing
import NIOHTTP1
import StorageModel

/// Finds out who sends a request to the `/v1` API: by a SigV4 signature in the header or the URL
/// (service `s3`), by HTTP Basic with the same keys, or nobody.
///
/// Basic is accepted only over TLS and from this machine, because it sends the secret readable.
public struct RequestAuthenticator: Sendable {
    private let verifier = SignatureVerifier(missingContentDigest: .emptyBody)
    private let principalFor: @Sendable (String) -> Principal?
    private let now: @Sendable () -> WallTime

    /// Makes an authenticator.
    ///
    /// - Parameters:
    ///   - principalFor: Finds the principal of an access key; called on event loops.
    ///   - now: The server's clock.
    public init(
        principalFor: @escaping @Sendable (String) -> Principal?,
        now: @escaping @Sendable () -> WallTime
    ) {
        self.principalFor = principalFor
        self.now = now
    }

    /// Finds out who sends a request; takes microseconds and never blocks.
    ///
    /// - Returns: The principal, or none for a request without keys; and how its body is signed.
    ///   A caller that reads the body checks it against that.
    /// - Throws: The problem to answer with: 400, 401 or 403.
    public func authenticate(
        _ request: HTTPRequest
    ) throws(ProblemDocument) -> VerifiedRequest {
        if let authorization = request.headers.first(name: "authorization"),
            Self.isBasic(authorization)
        {
            return try verifyBasic(authorization, request)
        }
        let head = RequestHead(
            method: request.method.rawValue,
            target: request.target,
            headers: request.headers.map { ($0.name, $0.value) }
        )
        do {
            return try verifier.verify(head, now: now(), principalFor: principalFor)
        } catch {
            throw ProblemDocument(error, request)
        }
    }

    private func verifyBasic(
        _ authorization: String,
        _ request: HTTPRequest
    ) throws(ProblemDocument) -> VerifiedRequest {
        guard request.isSecure || request.isLoopback else {
            throw ProblemDocument(
                status: 403,
                code: "basic_needs_tls",
                detail: "HTTP Basic would send the secret readable over the network, so it is "
                    + "accepted only over TLS or from this machine. Sign the request with AWS "
                    + "Signature Version 4 instead (curl: --aws-sigv4)."
            )
        }
        guard let credentials = BasicCredentials.parse(authorization) else {
            throw ProblemDocument(
                status: 400,
                code: "credentials_malformed",
                detail:
                    "Authorization must be Basic and the base64 of access key, colon, secret key."
            )
        }
        guard let principal = principalFor(credentials.user), credentials.matches(principal) else {
            throw .credentialsRefused(request, detail: "The access key or the secret key is wrong.")
        }
        return VerifiedRequest(principal: principal, payload: .unsigned)
    }

    private static func isBasic(_ authorization: String) -> Bool {
        authorization.prefix(6).lowercased() == "basic "
    }
}
