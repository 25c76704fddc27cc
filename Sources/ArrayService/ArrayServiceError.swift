import AdminService
import ArrayModel
import ArrayStorage
import Compression

/// A failure that the array API reports to its client.
///
/// Status, code and sentence derive from the case in one place (``problem``), so a new case does
/// not compile until it has all three.
enum ArrayServiceError: Error, Hashable, Sendable {
    /// The path is none of the API's.
    case routeMissing(String)
    /// The resource can only be read.
    case methodNotAllowed
    /// Broken percent-encoding, or not UTF-8.
    case targetInvalid
    /// A parameter that the resource does not take.
    case parameterUnknown(String, allowed: [String])
    /// A parameter that is given twice.
    case parameterRepeated(String)
    /// A parameter whose value is not allowed.
    case parameterInvalid(String, expected: String)
    /// A path that is no reference to an array.
    case referenceInvalid(ReferenceError)
    /// A slice that does not fit the array, or is none.
    case selection(SelectionError)
    /// Who asks is not known, or may not.
    case refused(ProblemDocument)
    /// The array cannot be found or described.
    case catalog(ArrayCatalogError)
    /// The elements cannot be read.
    case read(ArrayReadError)
    /// A resource that only takes POST.
    case postNeeded
    /// A body that is not what the resource takes.
    case bodyInvalid(expected: String)
    /// A body that is longer than the resource takes.
    case bodyTooLarge(limitBytes: Int)
    /// Axes or indices that make no plane of the array.
    case planeInvalid(Plane.Failure)
    /// A picture that could not be made.
    case pictureFailed
    /// A region that the format has no room for.
    case formatUnsuitable(DataFormat, needed: String)
    /// A range that lies behind the end of the answer.
    case rangeUnsatisfiable(byteCount: Int)
    /// The compressor failed.
    case compression(CompressionError)
    /// More elements, or empty lists, than an answer spells out as JSON.
    case resultTooLarge(elements: Int)
}
