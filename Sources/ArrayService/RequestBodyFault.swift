import ArrayModel
import NIOHTTP1

/// What is wrong with the body of a request.
enum RequestBodyFault: Error, Hashable, Sendable {
    /// It is longer than the resource takes.
    case tooLarge(limitBytes: Int)
    /// The connection broke off or stalled, or the framing is broken.
    case incomplete
    /// It comes more slowly than memory can be kept for it.
    case tooSlow
    /// It is not the bytes that were signed.
    case digestMismatch
    /// It is framed as `aws-chunked`, which is for objects.
    case chunked
    /// It is no JSON.
    case malformed(JSONError)
    /// It is not a JSON object, or there is none where one is needed.
    case notObject
    /// It has another length than it should.
    case length(expectedBytes: Int, foundBytes: Int)
    /// It is no `.npy` file that can be read.
    case npy(NPYError)
    /// It is JSON, but describes no array or group.
    case specification(ArraySpecificationError)
    /// It is JSON, but of another form.
    case form(expected: String)
    /// A member that the resource does not take.
    case memberUnknown(String, allowed: [String])
    /// A member that is needed.
    case memberMissing(String)
    /// A member with a value that is not allowed.
    case memberInvalid(String, expected: String)
}

extension RequestBodyFault {
    /// The problem that is reported.
    var problem: Problem {
        switch self {
        case .tooLarge(let limitBytes):
            Problem(
                .payloadTooLarge,
                "body_too_large",
                "The body has more than \(limitBytes) bytes, which is the most that is taken here."
            ).adding("limit_bytes", .integer(limitBytes))
        case .length(let expected, let found):
            Problem(
                .badRequest,
                "body_length",
                "The body has \(found) bytes of elements where \(expected) belong."
            ).adding("expected_bytes", .integer(expected)).adding("found_bytes", .integer(found))
        case .npy(let error): Problem(.badRequest, "npy_invalid", error.description)
        case .specification(let error):
            Problem(.badRequest, "specification_invalid", error.description)
        case .incomplete: Problem(.badRequest, "body_incomplete", "The body broke off.")
        case .tooSlow:
            Problem(
                .requestTimeout,
                "body_too_slow",
                "The body comes more slowly than \(ArrayServiceLimits.bodyBytesPerSecondMin) bytes a"
                    + " second; write smaller regions."
            )
        case .digestMismatch:
            Problem(
                .badRequest,
                "body_digest_mismatch",
                "The body is not the one that x-amz-content-sha256 states."
            )
        case .chunked:
            Problem(
                .badRequest,
                "body_framed",
                "Bodies of this API are not in chunks of aws-chunked: x-amz-content-sha256 must be"
                    + " their SHA-256 or UNSIGNED-PAYLOAD."
            )
        case .malformed(let error):
            Problem(.badRequest, "body_invalid", "The body is not JSON: \(error.description)")
        case .notObject: Problem(.badRequest, "body_invalid", "The body must be a JSON object.")
        case .form(let expected):
            Problem(.badRequest, "body_invalid", "The body must be \(expected).")
        case .memberUnknown(let name, let allowed):
            Problem(
                .badRequest,
                "member_unknown",
                "The member \"\(name)\" is not known here; there are"
                    + " \(allowed.joined(separator: ", "))."
            ).adding("member", .string(name))
        case .memberMissing(let name):
            Problem(.badRequest, "member_missing", "The member \"\(name)\" is missing.")
                .adding("member", .string(name))
        case .memberInvalid(let name, let expected):
            Problem(.badRequest, "member_invalid", "The member \"\(name)\" must be \(expected).")
                .adding("member", .string(name))
        }
    }
}
