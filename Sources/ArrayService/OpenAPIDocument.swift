import HTTPServing
import NIOCore
import NIOHTTP1

/// The description of all resources below `/v1` for programs, served at `/v1/openapi.json`.
///
/// Who adds a resource adds an ``OpenAPIPart`` to ``parts``; a test holds the parts against the routes.
///
/// Source: OpenAPI Specification 3.1.1.
enum OpenAPIDocument {
    /// The parts, in the order in which they are read.
    static let parts: [OpenAPIPart] = []

    /// The document in JSON, made once.
    static let text: String = {
        let paths = parts.map(\.paths).joined(separator: ",\n")
        let schemas = ([commonSchemas] + parts.map(\.schemas)).filter { !$0.isEmpty }
            .joined(separator: ",\n")
        return "{\(head),\n\"paths\": {\n\(paths)\n},\n\"components\": {\n\(securitySchemes),"
            + "\n\(parameters),\n\(responses),\n\"schemas\": {\n\(schemas)\n}}}\n"
    }()

    /// The answer to a request for it.
    static var response: HTTPResponse {
        HTTPResponse(
            status: .ok,
            headers: ["Content-Type": "application/json", "Cache-Control": "no-cache"],
            body: .bytes(ByteBuffer(string: text))
        )
    }
}

/// What the document says of one resource.
struct OpenAPIPart: Sendable {
    /// Members of the object `paths`, in JSON, without the braces around them.
    let paths: String
    /// Members of the object `schemas`, likewise; may be empty.
    let schemas: String
}
