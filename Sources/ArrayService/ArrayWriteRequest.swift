import ArrayModel
import ArrayStorage
import HTTPServing
import NIOHTTP1

/// What a client asks the array API to change.
enum ArrayWriteRequest: Hashable, Sendable {
    /// `PUT /v1/arrays/{reference}`.
    case create(ArrayReference)
    /// `PATCH /v1/arrays/{reference}`.
    case update(ArrayReference)
    /// `DELETE /v1/arrays/{reference}`.
    case delete(ArrayReference)
    /// `PUT /v1/data/{reference}`.
    case region(RegionWriteRequest)
    /// `POST /v1/append/{reference}`.
    case append(AppendRequest)

    /// The resources that can be written.
    private enum Route: String, CaseIterable {
        case arrays
        case data
        case append

        var methods: [HTTPMethod] {
            switch self {
            case .arrays: [.GET, .HEAD, .PUT, .PATCH, .DELETE]
            case .data: [.GET, .HEAD, .PUT]
            case .append: [.POST]
            }
        }

        var parameters: [String] {
            switch self {
            case .arrays: []
            case .data: ["slice", "format"]
            case .append: ["axis", "format"]
            }
        }
    }

    /// Reads a request; nil if it changes nothing, or is none of these resources.
    ///
    /// - Throws: ``ArrayServiceError``, the cases about methods, parameters and references.
    init?(_ request: HTTPRequest) throws(ArrayServiceError) {
        let target = try RequestTarget(request.target)
        guard let (route, rest) = Self.route(target.path) else { return nil }
        guard route.methods.contains(request.method) else {
            throw .methodRefused(allowed: route.methods.map(\.rawValue))
        }
        guard request.method != .GET, request.method != .HEAD else { return nil }
        let parameters = try RequestParameters(target.parameters, allowed: route.parameters)
        let reference = try Self.reference(rest)
        switch route {
        case .arrays:
            switch request.method {
            case .PUT: self = .create(reference)
            case .PATCH: self = .update(reference)
            default: self = .delete(reference)
            }
        case .data:
            self = .region(
                RegionWriteRequest(
                    reference: reference,
                    slice: parameters.text("slice") ?? "",
                    format: try BodyFormat(parameters, request)
                )
            )
        case .append:
            guard try BodyFormat(parameters, request) == .npy else {
                throw .parameterInvalid("format", expected: "npy, which says the shape")
            }
            self = .append(
                AppendRequest(reference: reference, axis: try Self.axis(parameters))
            )
        }
    }

    /// What names the array.
    var reference: ArrayReference {
        switch self {
        case .create(let reference), .update(let reference), .delete(let reference): reference
        case .region(let wanted): wanted.reference
        case .append(let wanted): wanted.reference
        }
    }

    private static func route(_ path: String) -> (Route, String)? {
        for route in Route.allCases {
            let prefix = "/v1/\(route.rawValue)/"
            guard path.utf8.starts(with: prefix.utf8) else { continue }
            let rest = String(decoding: path.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
            return (route, rest.hasSuffix("/") ? String(rest.dropLast()) : rest)
        }
        return nil
    }

    private static func reference(_ text: String) throws(ArrayServiceError) -> ArrayReference {
        do {
            return try ArrayReference(text)
        } catch {
            throw .referenceInvalid(error)
        }
    }

    private static func axis(_ parameters: RequestParameters) throws(ArrayServiceError) -> Int {
        guard let text = parameters.text("axis") else { return 0 }
        let axes = -ArrayLimits.rankMax..<ArrayLimits.rankMax
        guard let axis = Int(text), axes.contains(axis) else {
            throw .parameterInvalid("axis", expected: "the number of an axis")
        }
        return axis
    }
}

/// A region to be written, and the form its elements come in.
struct RegionWriteRequest: Hashable, Sendable {
    let reference: ArrayReference
    let slice: String
    let format: BodyFormat
}

/// Elements to be put behind those that are there.
struct AppendRequest: Hashable, Sendable {
    let reference: ArrayReference
    let axis: Int
}

/// The form of elements in a request.
enum BodyFormat: String, Hashable, Sendable, CaseIterable {
    /// A `.npy` file.
    case npy
    /// The elements alone: C order, little-endian, the region's shape.
    case raw

    /// The form that a parameter names, or else the content type: only `application/octet-stream` is
    /// raw, because many clients name no type, or a wrong one.
    init(
        _ parameters: RequestParameters,
        _ request: HTTPRequest
    ) throws(ArrayServiceError) {
        if let text = parameters.text("format") {
            guard let format = BodyFormat(rawValue: text) else {
                throw .parameterInvalid("format", expected: "npy or raw")
            }
            self = format
            return
        }
        let type = request.headers.first(name: "content-type")?.lowercased() ?? ""
        self = type.hasPrefix("application/octet-stream") ? .raw : .npy
    }
}
