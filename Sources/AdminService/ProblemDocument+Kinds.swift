import HTTPServing
import StorageModel

extension ProblemDocument {
    /// Nobody is signed in and somebody must be.
    public static func unauthenticated(_ request: HTTPRequest) -> ProblemDocument {
        credentialsRefused(
            request,
            detail: "This needs keys. Sign the request with AWS Signature Version 4 (service "
                + "s3), or use HTTP Basic with the access key and the secret key."
        )
    }

    /// Keys were given and are not right.
    static func credentialsRefused(_ request: HTTPRequest, detail: String) -> ProblemDocument {
        // A browser that is offered Basic sends the secret readable, so it is offered only where
        // nobody can read along.
        let challenge =
            request.isSecure || request.isLoopback
            ? "Basic realm=\"Nave\", charset=\"UTF-8\"" : "AWS4-HMAC-SHA256"
        return ProblemDocument(
            status: 401,
            code: "unauthenticated",
            detail: detail,
            headers: [HeaderField("WWW-Authenticate", challenge)]
        )
    }

    /// Somebody is signed in, and may not do this.
    public static let forbidden = ProblemDocument(
        status: 403,
        code: "access_denied",
        detail: "These keys do not allow this."
    )

    /// There is nothing at this path.
    public static let pathUnknown = ProblemDocument(
        status: 404,
        code: "route_missing",
        detail: "There is nothing at this path."
    )

    /// The path is right, the method is not.
    public static func methodNotAllowed(_ allowed: [String]) -> ProblemDocument {
        let list = allowed.joined(separator: ", ")
        return ProblemDocument(
            status: 405,
            code: "method_not_allowed",
            detail: "This path takes \(list).",
            headers: [HeaderField("Allow", list)]
        )
    }
}
