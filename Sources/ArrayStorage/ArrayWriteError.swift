import ArrayCodecs
import ArrayModel
import ObjectStorage

/// Why elements of an array, or an array itself, cannot be written.
public enum ArrayWriteError: Error, Hashable, Sendable {
    /// The array cannot be found or understood.
    case catalog(ArrayCatalogError)
    /// Stored chunks, of which a part is to stay, cannot be read.
    case read(ArrayReadError)
    /// Chunks cannot be encoded as the metadata says; says which codec.
    case notEncodable(ArrayCodecError)
    /// The elements are of another type than the array's.
    case dataTypeMismatch(array: String, given: String)
    /// The elements cannot be broadcast to the region.
    case shapeMismatch(region: [Int], given: [Int])
    /// An array does not have the axis.
    case axisInvalid(axis: Int, axes: Int)
    /// As many extents as the array has axes are needed.
    case axesMismatch(array: [Int], given: [Int])
    /// Elements cannot be appended: along another axis they are not as many as the array's.
    case extentMismatch(axis: Int, array: Int, given: Int)
    /// More bytes of elements than one write takes.
    case regionTooLarge(bytes: Int, limitBytes: Int)
    /// More chunks than one write changes at once.
    case chunksTooMany(count: Int, limit: Int)
    /// More bytes of chunks than one write decodes and encodes.
    case chunksTooLong(bytes: Int, limitBytes: Int)
    /// The array was deleted, made anew, or shrunk meanwhile.
    case arrayChanged
    /// The metadata is in none of the states that a change of it was made for.
    case stateChanged
    /// Other writers were faster again and again; try again.
    case contended
    /// More writes wait than the server takes; try again later.
    case overloaded
    /// A key would break the rules of S3 keys.
    case keyInvalid(String)
    /// An array or group of this name exists.
    case arrayExists(ArrayReference)
    /// Something was to be created inside an array, which the text names.
    case insideArray(ArrayReference, String)
    /// An array was to be created around arrays or groups that are there.
    case membersInside(ArrayReference)
    /// An array was to be created with a codec that this server lacks.
    case codecUnknown(String)
    /// Attributes that are to stay cannot be read: the document of the key is no JSON object, or is too long.
    case attributesUnreadable(key: String)
    /// The description of the array to be is not one.
    case specificationInvalid(ArraySpecificationError)
    /// What is asked for does not exist for the array's dialect.
    case dialectUnsupported(ArrayMetadata.Dialect, ArrayOperation)
    /// The storage engine failed.
    case store(StoreError)
}

/// What can be done to an array and not in every dialect.
public enum ArrayOperation: String, Hashable, Sendable {
    case resize
    case setAttributes = "set attributes"
    case createGroup = "create a group"
}
