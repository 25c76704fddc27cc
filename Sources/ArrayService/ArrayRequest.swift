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
    /// `POST /v1/gather/{reference}`.
    case gather(GatherRequest)
    /// `GET /v1/preview/{reference}`.
    case preview(PreviewRequest)
    /// `GET /v1/occupancy/{reference}`.
    case occupancy(OccupancyRequest)
    /// A request that creates, changes or writes an array.
    case write(ArrayWriteRequest)
    /// A key of `/v1/zarr/{reference}/{key}`.
    case zarr(ZarrPath)
    /// `POST /v1/chunks/{reference}`.
    case chunks(ChunksRequest)
    /// `/v1/namespaces` and `/v1/namespaces/{namespace}`.
    case namespaces(NamespaceRequest)
    /// Versions, commits, drafts and what changed.
    case versions(VersionRequest)
    /// `GET /v1/openapi.json`.
    case openAPI
}

extension ArrayRequest {
    /// What of a request's head says what is asked.
    struct Head: Sendable {
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
    init(_ head: Head) throws(ArrayServiceError) {
        let method = head.method
        let target = try RequestTarget(head.target)
        let (route, rest) = try Route.find(target.path)
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
            guard route != .arrays || !path.isEmpty else {
                throw .methodNotAllowed(allowed: ["GET", "HEAD"])
            }
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
        case .data, .gather, .preview, .occupancy, .stats:
            let reference = try Self.reference(rest)
            self = try .elements(route, of: reference, parameters, accept: head.accept)
        case .zarr:
            guard let path = try Self.zarrPath(rest) else {
                throw .view(.keyUnknown(path: rest))
            }
            self = .zarr(path)
        case .chunks:
            self = .chunks(
                ChunksRequest(
                    reference: try Self.reference(rest),
                    referenceText: rest,
                    format: ChunksRequest.Format(accept: head.accept)
                )
            )
        case .namespaces: self = .namespaces(try NamespaceRequest(method, rest, parameters))
        case .versions, .commits, .drafts, .rollbacks, .history, .diff:
            let reference = try Self.reference(path)
            self = .versions(try VersionRequest(route, method, reference, parameters))
        case .changes:
            self = .versions(try .changes(path, parameters, lastEvent: head.lastEvent))
        case .append: throw .routeMissing(target.path)
        case .openapi:
            guard rest.isEmpty else { throw .routeMissing(target.path) }
            self = .openAPI
        }
    }

    /// Reads a request for elements of an array, or for what they add up to or look like.
    private static func elements(
        _ route: Route,
        of reference: ArrayReference,
        _ parameters: RequestParameters,
        accept: String?
    ) throws(ArrayServiceError) -> ArrayRequest {
        switch route {
        case .gather:
            let format = try parameters.format(accept: nil)
            guard format == .npy || format == .raw else {
                throw .parameterInvalid("format", expected: "npy or raw")
            }
            return .gather(GatherRequest(reference: reference, format: format))
        case .preview: return .preview(try parameters.previewRequest(of: reference))
        case .occupancy: return .occupancy(try parameters.occupancyRequest(of: reference))
        case .stats:
            return .statistics(try parameters.statisticsRequest(of: reference, accept: accept))
        default:
            return .data(
                DataRequest(
                    reference: reference,
                    slice: parameters.text("slice") ?? "",
                    format: try parameters.format(accept: accept)
                )
            )
        }
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
