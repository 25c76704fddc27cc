import ArrayModel
import ArrayStorage
import HTTPServing
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
    /// A request that creates, changes or writes an array.
    case write(ArrayWriteRequest)
    /// A key of `/v1/zarr/{reference}/{key}`.
    case zarr(ZarrPath)
    /// `/v1/namespaces` and `/v1/namespaces/{namespace}`.
    case namespaces(NamespaceRequest)
    /// Versions, commits, drafts and what changed.
    case versions(VersionRequest)
    /// `GET /v1/openapi.json`.
    case openAPI
}

extension ArrayRequest {
    /// What of a request's head says what is asked.
    struct Head: Hashable, Sendable {
        let method: HTTPMethod
        let target: String
        var accept: String?
        var contentType: String?
        var lastEvent: String?
    }
}

extension ArrayRequest.Head {
    /// Takes it from a request.
    init(_ request: HTTPRequest) {
        method = request.method
        target = request.target
        accept = request.headers.first(name: "accept")
        contentType = request.headers.first(name: "content-type")
        lastEvent = request.headers.first(name: "last-event-id")
    }
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
    init(_ head: Head) throws(ArrayServiceError) {
        let (method, accept) = (head.method, head.accept)
        let target = try RequestTarget(head.target)
        let (route, rest) = try Self.route(target.path)
        guard route.methods.contains(method) else {
            throw .methodNotAllowed(allowed: route.methods.map(\.rawValue))
        }
        let parameters = try RequestParameters(
            target.parameters,
            allowed: route.parameters(of: method)
        )
        // One slash after the last name is what people type.
        let path = rest.hasSuffix("/") ? String(rest.dropLast()) : rest
        if route.writes(method) {
            let reference = try Self.reference(path)
            if let write = try ArrayWriteRequest(route, head, reference, parameters) {
                self = .write(write)
                return
            }
        }
        switch route {
        case .arrays:
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
            self = .versions(try .changes(rest, parameters, lastEvent: head.lastEvent))
        case .append: throw .routeMissing(target.path)
        case .openapi:
            guard rest.isEmpty else { throw .routeMissing(target.path) }
            self = .openAPI
        }
    }

    /// The resources of the API.
    enum Route: String, CaseIterable {
        case arrays
        case data
        case append
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
            case .stats, .zarr, .openapi, .history, .diff, .changes: [.GET, .HEAD]
            case .arrays: [.GET, .HEAD, .PUT, .PATCH, .DELETE]
            case .data: [.GET, .HEAD, .PUT]
            case .append: [.POST]
            case .versions: [.GET, .HEAD, .PUT, .PATCH, .DELETE]
            case .commits, .drafts: [.GET, .HEAD, .POST, .DELETE]
            case .rollbacks: [.POST]
            case .namespaces: [.GET, .HEAD, .PUT, .PATCH, .DELETE]
            }
        }

        /// Whether a request of the method creates, changes or writes an array.
        func writes(_ method: HTTPMethod) -> Bool {
            switch self {
            case .arrays, .data: method != .GET && method != .HEAD
            case .append: true
            default: false
            }
        }

        /// The parameters it takes with a method.
        func parameters(of method: HTTPMethod) -> [String] {
            switch self {
            case .arrays where writes(method): []
            case .arrays: ["prefix", "cursor", "limit"]
            case .data: ["slice", "format"]
            case .append: ["axis", "format"]
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
