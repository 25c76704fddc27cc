import ArrayModel
import ArrayStorage
import NIOHTTP1

/// What a client asks of the array API.
enum ArrayRequest: Hashable, Sendable {
    /// `GET /v1/arrays` and `GET /v1/arrays/{namespace}`.
    case list(ListRequest)
    /// `GET /v1/arrays/{namespace}/{name}[:{tag}[/{member}]]`.
    case describe(ArrayReference)
    /// `GET /v1/data/{reference}`.
    case data(DataRequest)
    /// `GET /v1/stats/{reference}`.
    case statistics(StatisticsRequest)
}

/// A page of a listing.
struct ListRequest: Hashable, Sendable {
    /// The one namespace to list, or nil for all that the caller may read.
    let namespace: String?
    /// What the names begin with; `namespace/name` where all namespaces are listed.
    let prefix: String
    /// Where the page before ended.
    let cursor: ArrayListCursor?
    /// The most entries.
    let limit: Int
}

/// A region and the form it is wanted in.
struct DataRequest: Hashable, Sendable {
    let reference: ArrayReference
    let slice: String
    let format: DataFormat
}

/// The form of a region in an answer.
enum DataFormat: String, Hashable, Sendable, CaseIterable {
    /// A `.npy` file.
    case npy
    /// The elements alone: C order, little-endian.
    case raw
    /// Nested lists.
    case json
}

/// Statistics of a region.
struct StatisticsRequest: Hashable, Sendable {
    let reference: ArrayReference
    let slice: String
    /// Which statistics; nil for all that the data type has.
    let operations: [Statistic]?
}

extension ArrayRequest {
    /// Reads a request.
    ///
    /// - Throws: ``ArrayServiceError``, the cases about routes, methods, parameters and references.
    init(method: HTTPMethod, target text: String, accept: String?) throws(ArrayServiceError) {
        let target = try RequestTarget(text)
        let (route, rest) = try Self.route(target.path)
        guard method == .GET || method == .HEAD else { throw .methodNotAllowed }
        let parameters = try RequestParameters(target.parameters, of: route)
        switch route {
        case .arrays:
            // One slash after the last name is what people type.
            let path = rest.hasSuffix("/") ? String(rest.dropLast()) : rest
            if path.isEmpty || !path.utf8.contains(UInt8(ascii: "/")) && !path.contains(":") {
                self = .list(try parameters.listRequest(namespace: path.isEmpty ? nil : path))
            } else {
                try parameters.refuseAll(but: [])
                self = .describe(try Self.reference(path))
            }
        case .data:
            self = .data(
                DataRequest(
                    reference: try Self.reference(rest),
                    slice: parameters.text("slice") ?? "",
                    format: try parameters.format(accept: accept)
                )
            )
        case .stats:
            self = .statistics(
                StatisticsRequest(
                    reference: try Self.reference(rest),
                    slice: parameters.text("slice") ?? "",
                    operations: try parameters.operations()
                )
            )
        }
    }

    /// The resources of the API.
    enum Route: String, CaseIterable {
        case arrays
        case data
        case stats

        /// The parameters it takes.
        var parameters: [String] {
            switch self {
            case .arrays: ["prefix", "cursor", "limit"]
            case .data: ["slice", "format"]
            case .stats: ["slice", "op"]
            }
        }
    }

    private static func route(_ path: String) throws(ArrayServiceError) -> (Route, String) {
        for route in Route.allCases {
            let prefix = "/v1/\(route.rawValue)"
            guard path.utf8.starts(with: prefix.utf8) else { continue }
            let rest = String(decoding: path.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
            if rest.isEmpty { return (route, "") }
            if rest.utf8.first == UInt8(ascii: "/") { return (route, String(rest.dropFirst())) }
        }
        throw .routeMissing(path)
    }

    private static func reference(_ text: String) throws(ArrayServiceError) -> ArrayReference {
        do {
            return try ArrayReference(text)
        } catch {
            throw .referenceInvalid(error)
        }
    }
}
