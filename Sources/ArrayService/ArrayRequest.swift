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
    /// A key of `/v1/zarr/{reference}/{key}`.
    case zarr(ZarrPath)
    /// `/v1/namespaces` and `/v1/namespaces/{namespace}`.
    case namespaces(NamespaceRequest)
    /// Versions, commits, drafts and what changed.
    case versions(VersionRequest)
    /// `GET /v1/openapi.json`.
    case openAPI
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
    init(
        method: HTTPMethod,
        target text: String,
        accept: String?,
        lastEvent: String? = nil
    ) throws(ArrayServiceError) {
        let target = try RequestTarget(text)
        let (route, rest) = try Self.route(target.path)
        guard route.methods.contains(method) else {
            throw .methodNotAllowed(allowed: route.methods.map(\.rawValue))
        }
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
        case .zarr:
            guard let path = try Self.zarrPath(rest) else {
                throw .view(.keyUnknown(path: rest))
            }
            self = .zarr(path)
        case .namespaces: self = .namespaces(try NamespaceRequest(method, rest, parameters))
        case .versions: self = .versions(try .versions(method, try Self.reference(rest)))
        case .commits: self = .versions(try .commits(method, try Self.reference(rest)))
        case .drafts: self = .versions(try .drafts(method, try Self.reference(rest)))
        case .rollbacks: self = .versions(try .rollbacks(try Self.reference(rest)))
        case .history:
            self = .versions(try .history(try Self.reference(rest), parameters))
        case .diff: self = .versions(try .difference(try Self.reference(rest), parameters))
        case .changes:
            self = .versions(try .changes(rest, parameters, lastEvent: lastEvent))
        case .openapi:
            guard rest.isEmpty else { throw .routeMissing(target.path) }
            self = .openAPI
        }
    }

    /// The resources of the API.
    enum Route: String, CaseIterable {
        case arrays
        case data
        case stats
        case zarr
        case namespaces
        case versions
        case commits
        case history
        case diff
        case drafts
        case rollbacks
        case changes
        case openapi = "openapi.json"

        /// Finds the resource of a request target.
        ///
        /// - Throws: ``ArrayServiceError/targetInvalid`` or ``ArrayServiceError/routeMissing(_:)``.
        init(target: String) throws(ArrayServiceError) {
            (self, _) = try ArrayRequest.route(try RequestTarget(target).path)
        }

        /// The methods it takes, `OPTIONS` aside, which every resource does.
        var methods: [HTTPMethod] {
            switch self {
            case .arrays, .data, .stats, .zarr, .openapi, .history, .diff, .changes: [.GET, .HEAD]
            case .versions: [.GET, .HEAD, .PUT, .PATCH, .DELETE]
            case .commits, .drafts: [.GET, .HEAD, .POST, .DELETE]
            case .rollbacks: [.POST]
            case .namespaces: [.GET, .HEAD, .PUT, .PATCH, .DELETE]
            }
        }

        /// The parameters it takes.
        var parameters: [String] {
            switch self {
            case .arrays: ["prefix", "cursor", "limit"]
            case .data: ["slice", "format"]
            case .stats: ["slice", "op"]
            case .namespaces: ["prefix", "cursor", "limit"]
            case .history: ["cursor", "limit"]
            case .diff: ["to", "cursor", "limit"]
            case .changes: ["after", "prefix"]
            case .zarr, .openapi, .versions, .commits, .drafts, .rollbacks: []
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

    private static func zarrPath(_ text: String) throws(ArrayServiceError) -> ZarrPath? {
        do {
            return try ZarrPath(text)
        } catch {
            throw .referenceInvalid(error)
        }
    }

    private static func reference(_ text: String) throws(ArrayServiceError) -> ArrayReference {
        do {
            return try ArrayReference(text)
        } catch {
            throw .referenceInvalid(error)
        }
    }
}
