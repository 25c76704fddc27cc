import NIOHTTP1

extension ArrayRequest {
    /// The resources of the API.
    enum Route: String, CaseIterable {
        case arrays
        case data
        case append
        case stats
        case gather
        case preview
        case occupancy
        case zarr
        case chunks
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
            (self, _) = try Self.find(try RequestTarget(target).path)
        }

        /// The methods it takes, `OPTIONS` aside, which every resource does.
        var methods: [HTTPMethod] {
            switch self {
            case .stats, .preview, .occupancy, .zarr, .openapi, .history, .diff, .changes:
                [.GET, .HEAD]
            case .arrays: [.GET, .HEAD, .PUT, .PATCH, .DELETE]
            case .data: [.GET, .HEAD, .PUT]
            case .append, .gather, .chunks: [.POST]
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
            case .stats:
                ["slice", "op", "axis", "ddof", "nan", "bins", "range", "q", "format"]
            case .gather: ["format"]
            case .preview:
                ["axes", "index", "window", "percentile", "map", "size", "format"]
            case .occupancy: ["axes", "size", "format", "limit", "cursor"]
            case .namespaces: ["prefix", "cursor", "limit"]
            case .history: ["cursor", "limit"]
            case .diff: ["to", "cursor", "limit"]
            case .changes: ["after", "prefix"]
            case .zarr, .chunks, .openapi, .versions, .commits, .drafts, .rollbacks: []
            }
        }
    }
}

extension ArrayRequest.Route {
    /// Finds the resource of a path, and what follows its name.
    ///
    /// - Throws: ``ArrayServiceError/routeMissing(_:)``.
    static func find(
        _ path: String
    ) throws(ArrayServiceError) -> (ArrayRequest.Route, String) {
        for route in allCases {
            let prefix = "/v1/\(route.rawValue)"
            guard path.utf8.starts(with: prefix.utf8) else { continue }
            let rest = String(decoding: path.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
            if rest.isEmpty { return (route, "") }
            if rest.utf8.first == UInt8(ascii: "/") { return (route, String(rest.dropFirst())) }
        }
        throw .routeMissing(path)
    }
}
