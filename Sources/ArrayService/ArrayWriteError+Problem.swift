import ArrayCodecs
import ArrayModel
import ArrayStorage
import NIOHTTP1

extension ArrayServiceError {
    /// The problem of a write that failed.
    static func problem(_ error: ArrayWriteError) -> Problem {
        switch error {
        case .catalog(let error): problem(error)
        case .read(let error): problem(error)
        case .notEncodable(let error): problem(error, key: nil)
        case .store(let error): problem(error)
        case .dataTypeMismatch(let array, let given):
            misfit(
                "dtype_mismatch",
                "The array has elements of type \(array), and the body of type \(given);"
                    + " convert them before they are sent."
            ).adding("dtype", .string(array)).adding("given", .string(given))
        case .shapeMismatch(let region, let given):
            misfit(region, given, "Elements of shape \(given) do not fit into shape \(region).")
        case .axisInvalid(let axis, let axes): axisInvalid(axis, axes)
        case .axesMismatch(let array, let given):
            misfit(
                array,
                given,
                "The array has \(array.count) axes (shape \(array)), and what was sent"
                    + " \(given.count) (shape \(given))."
            )
        case .extentMismatch(let axis, let array, let given):
            misfit(
                "shape_mismatch",
                "Along axis \(axis) the array has \(array) elements, and what is to be appended"
                    + " \(given)."
            ).adding("axis", .integer(axis)).adding("extent", .integer(array))
        case .regionTooLarge(let bytes, let limit):
            tooLarge("The elements have \(bytes) bytes", "limit_bytes", limit)
        case .chunksTooMany(let count, let limit):
            tooLarge("That changes \(count) chunks or parts of them", "limit_chunks", limit)
        case .chunksTooLong(let bytes, let limit):
            tooLarge("The chunks have \(bytes) bytes decoded", "limit_chunk_bytes", limit)
        case .arrayChanged:
            conflict(
                "array_changed",
                "The array was deleted, made anew or shrunk meanwhile; look at it again."
            )
        case .stateChanged: ZarrViewError.preconditionFailed(header: "If-Match").problem
        case .contended: contendedProblem
        case .overloaded:
            Problem(.serviceUnavailable, "overloaded", "The server is busy; try again.")
        case .keyInvalid(let key): keyInvalid(key)
        case .arrayExists(let reference):
            conflict("array_exists", "There is an array or group \(reference.text) already.")
        case .insideArray(let reference, let array):
            conflict(
                "inside_array",
                "\(array) is an array and can have no members, so there can be no \(reference.text)."
            )
        case .membersInside(let reference):
            conflict(
                "members_inside",
                "There are arrays or groups below \(reference.text), so it can be a group alone."
            )
        case .codecUnknown(let name): codecUnknown(name)
        case .attributesUnreadable(let key): attributesUnreadable(key)
        case .specificationInvalid(let error):
            Problem(.badRequest, "specification_invalid", error.description)
        case .dialectUnsupported(let dialect, let operation):
            misfit(
                "dialect_unsupported",
                "The layout \(dialect.rawValue) has no way to \(operation.rawValue)."
            ).adding("dialect", .string(dialect.rawValue))
        }
    }

    private static let contendedProblem = Problem(
        .serviceUnavailable,
        "array_changing",
        "Other writers were faster again and again; try again."
    )

    private static func keyInvalid(_ key: String) -> Problem {
        Problem(
            .badRequest,
            "reference_invalid",
            "\(key) cannot be a key: keys have at most 1024 bytes."
        )
    }

    private static func attributesUnreadable(_ key: String) -> Problem {
        Problem(
            .unprocessableEntity,
            "attributes_unreadable",
            "The attributes in \(key) are no JSON object of at most"
                + " \(ArrayLimits.metadataBytesMax) bytes, so nothing can be merged with them; with"
                + " the attribute_policy \"replace\" they go."
        ).adding("key", .string(key))
    }

    private static func conflict(_ code: String, _ sentence: String) -> Problem {
        Problem(.conflict, code, sentence)
    }

    private static func codecUnknown(_ name: String) -> Problem {
        let list = ChunkEncoder.codecNames.joined(separator: ", ")
        return Problem(
            .unprocessableEntity,
            "codec_missing",
            "This server has no codec \(name), so the array was not created; there are \(list)."
        ).adding("codec", .string(name))
    }

    private static func misfit(_ code: String, _ sentence: String) -> Problem {
        Problem(.unprocessableEntity, code, sentence)
    }

    private static func misfit(_ shape: [Int], _ given: [Int], _ sentence: String) -> Problem {
        misfit("shape_mismatch", sentence)
            .adding("shape", .integers(shape)).adding("given", .integers(given))
    }

    private static func axisInvalid(_ axis: Int, _ axes: Int) -> Problem {
        Problem(
            .badRequest,
            "parameter_invalid",
            "axis=\(axis) is not there: the array has \(axes) axes, counted from 0 or, from the last,"
                + " from -1."
        ).adding("parameter", .string("axis"))
    }

    private static func tooLarge(_ sentence: String, _ member: String, _ limit: Int) -> Problem {
        Problem(
            .payloadTooLarge,
            "region_too_large",
            "\(sentence); one write takes at most \(limit). Write smaller regions."
        ).adding(member, .integer(limit))
    }
}
