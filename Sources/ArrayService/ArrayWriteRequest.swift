import ArrayModel
import ArrayStorage
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

    /// Reads a request; nil if it changes nothing.
    ///
    /// - Throws: ``ArrayServiceError``, the cases about parameters, and
    ///   ``VersionServiceError/tagNeeded(_:)`` for a commit.
    init?(
        _ route: ArrayRequest.Route,
        _ request: ArrayRequest.Head,
        _ reference: ArrayReference,
        _ parameters: RequestParameters
    ) throws(ArrayServiceError) {
        // What was committed stays as it is.
        guard reference.digest == nil else { throw .version(.tagNeeded(reference)) }
        switch (route, request.method) {
        case (.arrays, .PUT): self = .create(reference)
        case (.arrays, .PATCH): self = .update(reference)
        case (.arrays, .DELETE): self = .delete(reference)
        case (.data, .PUT):
            self = .region(
                RegionWriteRequest(
                    reference: reference,
                    slice: parameters.text("slice") ?? "",
                    format: try BodyFormat(parameters, contentType: request.contentType)
                )
            )
        case (.append, .POST):
            guard try BodyFormat(parameters, contentType: request.contentType) == .npy else {
                throw .parameterInvalid("format", expected: "npy, which says the shape")
            }
            self = .append(
                AppendRequest(reference: reference, axis: try Self.axis(parameters))
            )
        default: return nil
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
        contentType: String?
    ) throws(ArrayServiceError) {
        if let text = parameters.text("format") {
            guard let format = BodyFormat(rawValue: text) else {
                throw .parameterInvalid("format", expected: "npy or raw")
            }
            self = format
            return
        }
        let type = contentType?.lowercased() ?? ""
        self = type.hasPrefix("application/octet-stream") ? .raw : .npy
    }
}
