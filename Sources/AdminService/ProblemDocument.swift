import FoundationEssentials
import HTTPServing
import NIOCore
import NIOHTTP1
import StorageModel

/// An error answer of the `/v1` API.
///
/// The `type` is always `about:blank`, so the `title` is the status phrase; programs look at
/// `code`, which never changes for the same kind of problem, people at `detail`.
///
/// Source: RFC 9457, "Problem Details for HTTP APIs".
public struct ProblemDocument: Error, Hashable, Sendable {
    /// The HTTP status.
    public let status: Int
    /// What kind of problem this is, in lower case with hyphens.
    public let code: String
    /// A sentence for the person who reads it; says what to do where that is known.
    public let detail: String
    /// Headers that belong to the answer, such as `Allow`.
    public let headers: [HeaderField]

    /// Makes a problem of its parts.
    public init(status: Int, code: String, detail: String, headers: [HeaderField] = []) {
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
    }

    /// The answer to a request that ran into this problem.
    ///
    /// The query is left out of `instance`, as it may hold a signature.
    public func response(to request: HTTPRequest) -> HTTPResponse {
        let status = HTTPResponseStatus(statusCode: status)
        let path = request.target.prefix { $0 != "?" }
        let body = Body(
            type: "about:blank",
            title: status.reasonPhrase,
            status: self.status,
            detail: detail,
            code: code,
            instance: String(path)
        )
        var response = HTTPResponse.json(body, status: status)
        response.headers.replaceOrAdd(name: "Content-Type", value: "application/problem+json")
        for header in headers {
            response.headers.add(name: header.name, value: header.value)
        }
        return response
    }

    private struct Body: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String
        let code: String
        let instance: String
    }
}

extension HTTPResponse {
    /// An answer with a JSON body, members in alphabetical order.
    public static func json(
        _ body: some Encodable,
        status: HTTPResponseStatus = .ok
    ) -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // Encoding fails only for numbers that JSON has not; an answer must not be half of one.
        guard let data = try? encoder.encode(body) else {
            return HTTPResponse(status: .internalServerError)
        }
        var buffer = ByteBuffer()
        buffer.writeBytes(data)
        buffer.writeInteger(UInt8(ascii: "\n"))
        return HTTPResponse(
            status: status,
            headers: ["Content-Type": "application/json", "Cache-Control": "no-store"],
            body: .bytes(buffer)
        )
    }
}
