import ArrayStorage
import NIOHTTP1

/// What a client asks of `/v1/namespaces`.
enum NamespaceRequest: Hashable, Sendable {
    /// `GET /v1/namespaces`.
    case list(NamespaceListRequest)
    /// `GET /v1/namespaces/{namespace}`.
    case describe(String)
    /// `PUT /v1/namespaces/{namespace}`.
    case create(String)
    /// `PATCH /v1/namespaces/{namespace}`.
    case change(String)
    /// `DELETE /v1/namespaces/{namespace}`.
    case delete(String)

    /// Reads a request.
    ///
    /// - Throws: ``ArrayServiceError``, the cases about routes, methods and parameters.
    init(
        _ method: HTTPMethod,
        _ path: String,
        _ parameters: RequestParameters
    ) throws(ArrayServiceError) {
        // One slash after the last name is what people type.
        let name = path.hasSuffix("/") ? String(path.dropLast()) : path
        guard !name.isEmpty else {
            guard method == .GET || method == .HEAD else {
                throw .methodNotAllowed(allowed: ["GET", "HEAD"])
            }
            self = .list(
                NamespaceListRequest(
                    prefix: parameters.text("prefix") ?? "",
                    cursor: try parameters.cursor(),
                    limit: try parameters.limit()
                )
            )
            return
        }
        try parameters.refuseAll(but: [])
        switch method {
        case .PUT: self = .create(name)
        case .PATCH: self = .change(name)
        case .DELETE: self = .delete(name)
        default: self = .describe(name)
        }
    }
}

/// A page of namespaces.
struct NamespaceListRequest: Hashable, Sendable {
    /// What the names begin with.
    let prefix: String
    /// Where the page before ended.
    let cursor: ArrayListCursor?
    /// The most entries.
    let limit: Int
}
