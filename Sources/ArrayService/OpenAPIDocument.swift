import HTTPServing
import NIOCore
import NIOHTTP1

/// The description of all resources below `/v1` for programs, served at `/v1/openapi.json`.
///
/// Who adds a resource adds an ``OpenAPIPart`` to ``parts``; a test holds them against the routes.
///
/// Source: OpenAPI Specification 3.1.1.
enum OpenAPIDocument {
    /// The parts, in the order in which they are read.
    static let parts: [OpenAPIPart] = [
        .arrays, .data, .append, .gather, .statistics, .pictures, .zarr, .chunks, .versions,
        .commits, .differences, .drafts, .changes, .namespaces, .principals, .volumes,
        .maintenance, .openAPI,
    ]

    /// The document in JSON, made once.
    static let text: String = {
        let codes = Set(parts.flatMap(\.problemCodes) + problemCodes).sorted()
        let schemas = [commonSchemas, problemSchema(codes: codes)] + parts.map(\.schemas)
        return """
            {
            \(head),
            "paths": {
            \(parts.map(\.paths).joined(separator: ",\n"))
            },
            "components": {
            \(securitySchemes),
            \(parameters),
            "responses": {
            \((responses + parts.map(\.responses)).filter { !$0.isEmpty }.joined(separator: ",\n"))
            },
            "schemas": {
            \(schemas.filter { !$0.isEmpty }.joined(separator: ",\n"))
            }
            }
            }

            """
    }()

    /// The answer to a request for it.
    static var response: HTTPResponse {
        HTTPResponse(
            status: .ok,
            headers: ["Content-Type": "application/json", "Cache-Control": "no-cache"],
            body: .bytes(ByteBuffer(string: text))
        )
    }

    /// The shape of every refusal.
    private static func problemSchema(codes: [String]) -> String {
        """
        "Problem": {
          "description": "A problem document (RFC 9457). Programs look at `code`, people at `detail`.",
          "type": "object",
          "required": ["type", "title", "status", "code", "detail", "instance"],
          "properties": {
            "type": {"const": "about:blank"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": {"enum": ["\(codes.joined(separator: "\", \""))"]},
            "detail": {"type": "string"},
            "instance": {"type": "string", "description": "The path of the request."}
          }
        }
        """
    }
}

/// What the document says of one resource.
struct OpenAPIPart: Sendable {
    /// Members of the object `paths`, in JSON, without the braces around them.
    let paths: String
    /// Members of the object `schemas`, likewise; may be empty.
    var schemas = ""
    /// Members of the object `responses`, likewise.
    var responses = ""
    /// The codes of the problems that the resource answers with beside ``OpenAPIDocument/problemCodes``.
    var problemCodes: [String] = []
}
