import NIOHTTP1
import StorageModel

/// A failure of the Zarr view.
enum ZarrViewError: Error, Hashable, Sendable {
    /// The path ends with no key that Zarr v3 knows.
    case keyUnknown(path: String)
    /// No array or group is at the path.
    case nodeMissing(path: String)
    /// The chunk is not stored; a reader takes the fill value.
    case chunkMissing(path: String)
    /// Zarr v3 has no word for the data type.
    case untranslatable(path: String)
    /// A condition of the request does not hold.
    case preconditionFailed(header: String)
    /// A range that touches none of the bytes.
    case rangeUnsatisfiable(bytes: Int64)
}

extension ZarrViewError {
    /// The problem that is reported.
    var problem: Problem {
        switch self {
        case .keyUnknown(let path):
            Problem(
                .notFound,
                "key_missing",
                "\(path) is no key of the Zarr view: below an array or a group there is zarr.json,"
                    + " and below an array its chunks."
            )
        case .nodeMissing(let path):
            Problem(.notFound, "array_missing", "There is no array or group at \(path).")
                .adding("tags", .array([]))
        case .chunkMissing(let path):
            Problem(
                .notFound,
                "chunk_missing",
                "The chunk \(path) is not stored: its elements are the fill value."
            )
        case .untranslatable(let path):
            Problem(
                .unprocessableEntity,
                "dtype_unsupported",
                "The data type of \(path) has no name in Zarr v3; read its keys in the bucket."
            )
        case .preconditionFailed(let header):
            Problem(
                .preconditionFailed,
                "precondition_failed",
                "The condition of \(header) does not hold."
            )
        case .rangeUnsatisfiable(let bytes):
            Problem(
                .rangeNotSatisfiable,
                "range_unsatisfiable",
                "The range touches none of the \(bytes) bytes."
            ).adding(header: "Content-Range", "bytes */\(bytes)")
        }
    }
}
