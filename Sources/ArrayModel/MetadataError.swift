/// Why array metadata cannot be understood.
public enum MetadataError: Error, Hashable, Sendable {
    /// Not JSON, or beyond the bounds of a document.
    case json(JSONError)
    /// The document is not a JSON object.
    case documentNotObject
    /// A required member is not there.
    case memberMissing(String)
    /// A member's value has the wrong kind or is out of its range.
    case memberInvalid(String)
    /// `zarr_format` or `node_type` names something else.
    case formatUnsupported(String)
    /// More axes than ``ArrayLimits/rankMax``.
    case rankTooLarge(Int)
    /// Shape, chunk shape, dimension names or a permutation have different lengths.
    case rankMismatch(member: String, expected: Int, found: Int)
    /// An extent is negative or too large to count with.
    case extentInvalid(member: String, axis: Int)
    /// The array or one chunk has more bytes than a 64-bit number can say.
    case sizeOverflow
    /// The chunk grid, key encoding or another extension that must be understood is unknown.
    case extensionUnsupported(kind: String, name: String)
    /// The data type's name is malformed.
    case dataTypeInvalid(String)
    /// The fill value does not fit the data type.
    case fillValueInvalid(dataType: String)
    /// The chain of codecs has no or several steps to bytes, or steps out of order.
    case codecChainInvalid
}

extension MetadataError: CustomStringConvertible {
    /// The error as a sentence for a listing.
    public var description: String {
        switch self {
        case .json(let error): "The metadata is not valid JSON: \(error.description)"
        case .documentNotObject: "The metadata is not a JSON object."
        case .memberMissing(let name): "The member \"\(name)\" is missing."
        case .memberInvalid(let name): "The member \"\(name)\" has a value that is not allowed."
        case .formatUnsupported(let what): "The format \(what) is not known."
        case .rankTooLarge(let rank):
            "The array has \(rank) axes; at most \(ArrayLimits.rankMax) are supported."
        case .rankMismatch(let member, let expected, let found):
            "The member \"\(member)\" has \(found) entries for \(expected) axes."
        case .extentInvalid(let member, let axis):
            "The extent of axis \(axis) in \"\(member)\" is not allowed."
        case .sizeOverflow: "The array or one chunk of it is too large to address."
        case .extensionUnsupported(let kind, let name): "The \(kind) \"\(name)\" is not supported."
        case .dataTypeInvalid(let name): "The data type \"\(name)\" is not valid."
        case .fillValueInvalid(let dataType): "The fill value does not fit the type \(dataType)."
        case .codecChainInvalid: "The codecs do not form a chain from an array to bytes."
        }
    }
}
