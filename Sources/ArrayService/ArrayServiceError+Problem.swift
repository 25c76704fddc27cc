import ArrayCodecs
import ArrayModel
import ArrayStorage
import NIOHTTP1
import ObjectStorage

extension ArrayServiceError {
    /// The problem that is reported.
    var problem: Problem {
        switch self {
        case .routeMissing(let path):
            Problem(.notFound, "route_missing", "There is nothing at \(path).")
        case .methodNotAllowed(let allowed):
            Problem(
                .methodNotAllowed,
                "method_not_allowed",
                "This resource takes \(allowed.joined(separator: ", "))."
            ).adding(header: "Allow", allowed.joined(separator: ", "))
        case .targetInvalid:
            Problem(
                .badRequest,
                "target_invalid",
                "The request target is not percent-encoded UTF-8."
            )
        case .parameterUnknown(let name, let allowed):
            Problem(
                .badRequest,
                "parameter_unknown",
                "The parameter \"\(name)\" is not known here; "
                    + (allowed.isEmpty
                        ? "there are none." : "there are \(allowed.joined(separator: ", ")).")
            )
        case .parameterRepeated(let name):
            Problem(
                .badRequest,
                "parameter_repeated",
                "The parameter \"\(name)\" is given twice."
            )
        case .parameterInvalid(let name, let expected):
            Problem(
                .badRequest,
                "parameter_invalid",
                "The parameter \"\(name)\" must be \(expected)."
            )
        case .referenceInvalid(let error):
            Problem(.badRequest, "reference_invalid", error.description)
        case .selection(let error): Self.problem(error)
        case .sliceNotWritable: Self.sliceNotWritableProblem
        case .refused(let document):
            Problem(
                HTTPResponseStatus(statusCode: document.status),
                document.code,
                document.detail
            )
        case .catalog(let error): Self.problem(error)
        case .read(let error): Self.problem(error)
        case .view(let error): error.problem
        case .namespace(let error): error.problem
        case .version(let error): error.problem
        case .write(let error): Self.problem(error)
        case .body(let error): error.problem
        case .conditionUnsupported(let header): Self.conditionProblem(header)
        case .codingUnsupported(let coding): Self.codingProblem(coding)
        case .formatUnsuitable(let format, let needed):
            Problem(
                .badRequest,
                "format_unsuitable",
                "The format \(format.rawValue) needs \(needed)."
            )
        case .rangeUnsatisfiable(let byteCount):
            Problem(
                .rangeNotSatisfiable,
                "range_unsatisfiable",
                "The range lies behind the end of the answer, which has \(byteCount) bytes."
            ).adding("bytes", .integer(byteCount))
        case .planeInvalid(let failure): Self.problem(failure)
        case .compression, .pictureFailed:
            Problem(.internalServerError, "internal_error", "The server failed; see its log.")
        case .resultTooLarge(let elements):
            Problem(
                .badRequest,
                "result_too_large",
                "The result has \(elements) elements; JSON takes at most"
                    + " \(ArrayServiceLimits.jsonElementsMax), of"
                    + " \(ArrayServiceLimits.jsonElementBytesMax) bytes together. Ask for format=npy"
                    + " or a smaller slice."
            )
        }
    }

    private static let sliceNotWritableProblem = Problem(
        .badRequest,
        "slice_invalid",
        "New axes, and lists that name an index twice, are for reading: write each element once."
    )

    private static func conditionProblem(_ header: String) -> Problem {
        Problem(
            .badRequest,
            "condition_unsupported",
            "This change cannot be made to depend on \(header), so it was not made; leave the header"
                + " field out, or write the keys over S3, which takes it."
        ).adding("header", .string(header))
    }

    private static func codingProblem(_ coding: String) -> Problem {
        Problem(
            .unsupportedMediaType,
            "content_encoding_unsupported",
            "Bodies are taken as they are, not with Content-Encoding: \(coding)."
        ).adding(header: "Accept-Encoding", "identity")
    }

    private static func problem(_ error: SelectionError) -> Problem {
        switch error {
        case .indexOutOfRange(let axis, let index, let extent):
            Problem(.badRequest, "index_out_of_range", error.description)
                .adding("axis", .integer(axis)).adding("index", .integer(index))
                .adding("extent", .integer(extent))
        case .tooLong, .unexpectedCharacter, .indexMissing, .numberTooLarge, .stepZero,
            .severalEllipses, .newAxis, .tooManyIndices, .listUnsupported, .severalLists,
            .listMixed, .listTooLong, .tooManyAxes, .tooManyElements:
            Problem(.badRequest, "slice_invalid", error.description)
        case .maskLength(let axis, let extent, let found):
            Problem(.badRequest, "slice_invalid", error.description)
                .adding("axis", .integer(axis)).adding("extent", .integer(extent))
                .adding("found", .integer(found))
        }
    }

    /// What is said of an array that is not there, whose name has versions of some tags.
    private static func missing(_ reference: ArrayReference, _ tags: [String]) -> String {
        let sentence = "There is no array \(reference.text)"
        if tags.isEmpty { return sentence + "." }
        guard !reference.member.isEmpty, tags.contains(reference.tag) else {
            return sentence
                + "; \(reference.name) has the versions \(tags.joined(separator: ", "))."
        }
        let version = "\(reference.namespace)/\(reference.name):\(reference.tag)"
        return sentence + ": the version has no member \"\(reference.member)\"; what it has is at"
            + " /v1/arrays/\(version)."
    }

    static func problem(_ error: ArrayCatalogError) -> Problem {
        switch error {
        case .namespaceMissing(let name):
            Problem(.notFound, "namespace_missing", "There is no namespace \(name).")
        case .arrayMissing(let reference, let tags):
            Problem(.notFound, "array_missing", missing(reference, tags))
                .adding("tags", .array(tags.map { .string($0) }))
        case .groupNotSliceable(let reference):
            Problem(
                .unprocessableEntity,
                "group_not_sliceable",
                "\(reference.text) is a group; its arrays are listed at"
                    + " /v1/arrays/\(reference.text)."
            )
        case .metadataUnreadable(let reference, let note):
            Problem(
                .unprocessableEntity,
                "metadata_unreadable",
                "The metadata of \(reference.text) cannot be understood: \(note)"
            )
        case .metadataReplaced(let reference):
            Problem(
                .serviceUnavailable,
                "array_changing",
                "The metadata of \(reference.text) changed while it was read; try again."
            )
        case .store(let error): problem(error)
        }
    }

    static func problem(_ error: ArrayReadError) -> Problem {
        switch error {
        case .dataTypeNotSliceable(let name):
            Problem(
                .unprocessableEntity,
                "dtype_unsupported",
                "Arrays of type \(name) are stored and listed, but cannot be sliced."
            ).adding("dtype", .string(name))
        case .notDecodable(let error): problem(error, key: nil)
        case .chunkUnreadable(let key, let error): problem(error, key: key)
        case .chunkUnstable(let key):
            Problem(
                .serviceUnavailable,
                "array_changing",
                "The chunk \(key) changed again and again while it was read; try again."
            )
        case .statisticUnsupported(let statistic, let dataType):
            Problem(
                .unprocessableEntity,
                "statistic_unsupported",
                "\(statistic) has no meaning for the type \(dataType)."
            )
        case .statisticUndefined(let obstacle): problem(obstacle)
        case .store(let error): problem(error)
        case .cancelled, .shutDown:
            Problem(.serviceUnavailable, "unavailable", "The server is stopping.")
        }
    }

    private static func problem(_ failure: Plane.Failure) -> Problem {
        switch failure {
        case .axesInvalid(let rank):
            Problem(
                .badRequest,
                "plane_invalid",
                "A picture needs two different axes of an array of at least two; this one has"
                    + " \(rank)."
            )
        case .indexCount(let count):
            Problem(
                .badRequest,
                "plane_invalid",
                "The parameter \"index\" must have one number for each of the \(count) other axes."
            )
        case .indexOutOfRange(let axis, let index, let extent):
            problem(SelectionError.indexOutOfRange(axis: axis, index: index, extent: extent))
        case .empty:
            Problem(.badRequest, "plane_invalid", "The array has no elements.")
        }
    }

    private static func problem(_ obstacle: StatisticObstacle) -> Problem {
        switch obstacle {
        case .noElements:
            Problem(.badRequest, "statistic_undefined", "No elements have no extrema.")
        case .rangeNotFinite:
            Problem(
                .badRequest,
                "statistic_undefined",
                "The elements, or the range, are not finite; give a range that is."
            )
        case .binsTooNarrow(let bins):
            Problem(
                .badRequest,
                "statistic_undefined",
                """
                Numbers of double precision are too far apart for \(bins) bins in this range; ask for \
                fewer, or for a wider range.
                """
            )
        case .tooManyCells(let limit):
            Problem(
                .badRequest,
                "result_too_large",
                "The result has more than \(limit) cells; reduce more axes or a smaller slice."
            ).adding("limit", .integer(limit))
        case .changing:
            Problem(
                .serviceUnavailable,
                "array_changing",
                "The elements changed while they were counted; try again."
            )
        }
    }

    static func problem(_ error: ArrayCodecError, key: String?) -> Problem {
        switch error {
        case .codecMissing(let name):
            Problem(
                .unprocessableEntity,
                "codec_missing",
                "The chunks are written with the codec \(name), which this server lacks; they are"
                    + " stored and served as objects."
            ).adding("codec", .string(name))
        case .codecConfigurationInvalid(let name):
            Problem(
                .unprocessableEntity,
                "codec_unsupported",
                "The codec \(name) has a configuration that this server cannot work with."
            ).adding("codec", .string(name))
        case .dataTypeUnsupported(let name):
            Problem(
                .unprocessableEntity,
                "dtype_unsupported",
                "Arrays of type \(name) are stored and listed, but cannot be sliced."
            ).adding("dtype", .string(name))
        case .chunkTooLarge(let bytes):
            Problem(
                .unprocessableEntity,
                "chunk_too_large",
                "A chunk of this array has \(bytes) bytes, which is more than this server decodes."
            )
        case .encodingFailed:
            Problem(.internalServerError, "internal_error", "The server failed; see its log.")
        case .chunkCorrupt, .checksumMismatch, .chunkLength:
            // Clients write chunks and metadata; our own storage has checksums of its own.
            Problem(
                .unprocessableEntity,
                "chunk_corrupt",
                "The chunk \(key ?? "") does not hold what the array's metadata says."
            ).adding("key", .string(key ?? ""))
        }
    }

    static func problem(_ error: StoreError) -> Problem {
        switch error {
        case .checksumMismatch:
            Problem(
                .internalServerError,
                "storage_corrupt",
                "Stored bytes fail their checksum; nothing of them is sent."
            )
        case .overloaded:
            Problem(.serviceUnavailable, "overloaded", "The server is busy; try again.")
        case .closed:
            Problem(.serviceUnavailable, "unavailable", "The server is stopping.")
        case .namespaceMissing(let name):
            Problem(.notFound, "namespace_missing", "There is no namespace \(name).")
        case .version(let error): problem(error)
        case .objectReplaced, .objectMissing:
            Problem(.serviceUnavailable, "array_changing", "The array is changing; try again.")
        case .outOfSpace:
            Problem(
                .insufficientStorage,
                "out_of_space",
                "The disk is full; delete something, or give the server more room."
            )
        case .namespaceTaken, .namespaceNotEmpty, .principalTaken, .principalMissing,
            .preconditionFailed, .keyRepeated, .uploadMissing, .partInvalid, .partOrderInvalid,
            .partTooSmall,
            .partNumberInvalid, .partsEmpty, .rangeInvalid, .payloadTooLarge, .digestMismatch,
            .inputOutputFailed, .volumeFailed, .indexFailed, .openFailed:
            Problem(.internalServerError, "internal_error", "The server failed; see its log.")
        }
    }
}
