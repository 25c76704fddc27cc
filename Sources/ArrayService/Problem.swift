import ArrayModel
import HTTPServing
import NIOCore
import NIOHTTP1

/// What a failure is to a client: the members of a problem document.
///
/// Source: RFC 9457, "Problem Details for HTTP APIs", section 3.
struct Problem: Hashable, Sendable {
    /// The HTTP status.
    let status: HTTPResponseStatus
    /// A word that programs can rely on.
    let code: String
    /// A sentence for people.
    let detail: String
    /// Further members, for programs.
    var members: [JSONMember] = []

    /// The methods that the resource takes, of a method that it does not.
    private var allowed = "GET, HEAD"

    init(_ status: HTTPResponseStatus, _ code: String, _ detail: String) {
        self.status = status
        self.code = code
        self.detail = detail
    }

    /// The same problem with another member.
    func adding(_ name: String, _ value: JSONValue) -> Problem {
        var problem = self
        problem.members.append(JSONMember(name: name, value: value))
        return problem
    }

    /// The same problem of a resource that takes other methods.
    func allowing(_ methods: String) -> Problem {
        var problem = self
        problem.allowed = methods
        return problem
    }

    /// The answer to a request that ran into this problem.
    ///
    /// The query is left out of `instance`, as it may hold a signature.
    func response(to request: HTTPRequest) -> HTTPResponse {
        let path = String(request.target.prefix { $0 != "?" })
        let document = JSONValue.object(
            [
                JSONMember(name: "type", value: .string("about:blank")),
                JSONMember(name: "title", value: .string(status.reasonPhrase)),
                JSONMember(name: "status", value: .integer(Int(status.code))),
                JSONMember(name: "code", value: .string(code)),
                JSONMember(name: "detail", value: .string(detail)),
                JSONMember(name: "instance", value: .string(path)),
            ] + members
        )
        var response = HTTPResponse.document(document, status: status)
        response.headers.replaceOrAdd(name: "Content-Type", value: "application/problem+json")
        switch status {
        case .methodNotAllowed: response.headers.add(name: "Allow", value: allowed)
        case .serviceUnavailable: response.headers.add(name: "Retry-After", value: "1")
        default: break
        }
        return response
    }
}

extension HTTPResponse {
    /// An answer with a JSON document that people can read, too.
    static func document(
        _ document: JSONValue,
        status: HTTPResponseStatus = .ok
    ) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: ["Content-Type": "application/json", "Cache-Control": "no-store"],
            body: .bytes(ByteBuffer(bytes: document.serialized(.readable)))
        )
    }
}
