import HTTPServing
import NIOHTTP1

/// Lets web pages of any origin read the array API: the one place where that is decided.
///
/// Viewers are web pages that come from elsewhere. They may send keys, if they have them, in the
/// `Authorization` header; the browser sends none of its own accord, since `*` allows no credentials,
/// so a page reads only what it could read from anywhere. Pages may not write.
///
/// Source: Fetch standard, sections "CORS protocol" and "Cross-Origin-Resource-Policy header".
enum CrossOrigin {
    /// How long a browser may remember what is allowed, in seconds.
    private static let preflightSeconds = 86_400

    /// What a page may send beside what every page may.
    private static let requestHeaders = [
        "Authorization", "Range", "If-Match", "If-None-Match", "If-Modified-Since",
        "If-Unmodified-Since", "If-Range", "Accept", "Cache-Control", "X-Amz-Content-Sha256",
        "X-Amz-Date",
    ].joined(separator: ", ")

    /// What a page may see beside what every page may.
    private static let responseHeaders = [
        "Accept-Ranges", "Content-Encoding", "Content-Length", "Content-Range", "Date", "ETag",
        "Last-Modified", "Retry-After", "X-Nave-Dtype", "X-Nave-Range",
        "X-Nave-Sampled", "X-Nave-Shape", "X-Request-Id",
    ].joined(separator: ", ")

    /// The answer to the question what may be asked, which comes without keys.
    static func preflight(methods: [HTTPMethod]) -> HTTPResponse {
        HTTPResponse(
            status: .noContent,
            headers: [
                "Allow": (methods + [.OPTIONS]).map(\.rawValue).joined(separator: ", "),
                "Access-Control-Allow-Methods": "GET, HEAD",
                "Access-Control-Allow-Headers": requestHeaders,
                "Access-Control-Max-Age": String(preflightSeconds),
            ]
        )
    }

    /// The same answer, for pages of every origin.
    static func shared(_ answer: HTTPAnswer) -> HTTPAnswer {
        answer.map(shared)
    }

    private static func shared(_ response: HTTPResponse) -> HTTPResponse {
        var response = response
        response.headers.add(name: "Access-Control-Allow-Origin", value: "*")
        response.headers.add(name: "Access-Control-Expose-Headers", value: responseHeaders)
        response.headers.add(name: "Cross-Origin-Resource-Policy", value: "cross-origin")
        return response
    }
}
