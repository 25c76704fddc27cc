import ArrayModel
import NIOHTTP1

/// What is wrong with the body of a request.
enum BodyError: Error, Hashable, Sendable {
    /// It is framed as `aws-chunked`, which only S3 requests are.
    case framed
    /// Its SHA-256 is not the one that was signed.
    case digestMismatch
    /// It has more bytes than are taken.
    case tooLong(limitBytes: Int)
    /// It has another length than it should.
    case length(expectedBytes: Int, foundBytes: Int)
    /// The client left before it was complete.
    case incomplete
    /// It is no `.npy` file that can be read.
    case npy(NPYError)
    /// It is a JSON document, but not one that says something here.
    case document(ArraySpecificationError)
}

extension BodyError {
    /// The problem that is reported.
    var problem: Problem {
        switch self {
        case .framed:
            Problem(
                .badRequest,
                "body_framed",
                "The body is framed as aws-chunked; send it as it is, with its SHA-256 or"
                    + " UNSIGNED-PAYLOAD in x-amz-content-sha256."
            )
        case .digestMismatch:
            Problem(
                .badRequest,
                "body_digest_mismatch",
                "The SHA-256 of the body is not the one that was signed."
            )
        case .tooLong(let limit):
            Problem(
                .payloadTooLarge,
                "body_too_large",
                "The body has more than \(limit) bytes, which is the most that is taken here."
            ).adding("limit_bytes", .integer(limit))
        case .length(let expected, let found):
            Problem(
                .badRequest,
                "body_length",
                "The body has \(found) bytes of elements where \(expected) belong."
            ).adding("expected_bytes", .integer(expected)).adding("found_bytes", .integer(found))
        case .incomplete:
            Problem(.badRequest, "body_incomplete", "The body ended before it was complete.")
        case .npy(let error): Problem(.badRequest, "npy_invalid", error.description)
        case .document(let error):
            Problem(.badRequest, "specification_invalid", error.description)
        }
    }
}
