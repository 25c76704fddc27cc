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
    /// `POST /v1/gather/{reference}`.
    case gather(GatherRequest)
    /// `GET /v1/preview/{reference}`.
    case preview(PreviewRequest)
    /// `GET /v1/occupancy/{reference}`.
    case occupancy(OccupancyRequest)
}

/// Many samples or boxes in one answer; what they are is in the body.
struct GatherRequest: Hashable, Sendable {
    let reference: ArrayReference
    /// `npy` or `raw`.
    let format: DataFormat
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
    /// Comma-separated rows of a region of at most two axes.
    case csv
    /// A picture whose pixels are the elements.
    case png
}

extension ArrayRequest {
    /// Reads a request.
    ///
    /// - Throws: ``ArrayServiceError``, the cases about routes, methods, parameters and references.
    init(method: HTTPMethod, target text: String, accept: String?) throws(ArrayServiceError) {
        let target = try RequestTarget(text)
        let (route, rest) = try Self.route(target.path)
        if route == .gather {
            guard method == .POST else { throw .postNeeded }
        } else {
            guard method == .GET || method == .HEAD else { throw .methodNotAllowed }
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
        case .gather:
            let format = try parameters.format(accept: nil)
            guard format == .npy || format == .raw else {
                throw .parameterInvalid("format", expected: "npy or raw")
            }
            self = .gather(GatherRequest(reference: try Self.reference(rest), format: format))
        case .preview:
            self = .preview(try parameters.previewRequest(of: try Self.reference(rest)))
        case .occupancy:
            self = .occupancy(try parameters.occupancyRequest(of: try Self.reference(rest)))
        case .stats:
            self = .statistics(
                try parameters.statisticsRequest(of: try Self.reference(rest), accept: accept)
            )
        }
    }

    /// The resources of the API.
    enum Route: String, CaseIterable {
        case arrays
        case data
        case stats
        case gather
        case preview
        case occupancy

        /// The parameters it takes.
        var parameters: [String] {
            switch self {
            case .arrays: ["prefix", "cursor", "limit"]
            case .data: ["slice", "format"]
            case .stats:
                ["slice", "op", "axis", "ddof", "nan", "bins", "range", "q", "format"]
            case .gather: ["format"]
            case .preview:
                ["axes", "index", "window", "percentile", "map", "size", "format"]
            case .occupancy: ["axes", "size", "format", "limit", "cursor"]
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
