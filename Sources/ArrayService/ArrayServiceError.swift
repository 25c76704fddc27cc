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
    /// The resource takes other methods.
    case methodNotAllowed(allowed: [String])
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
    /// A slice that can be read and not written to.
    case sliceNotWritable
    /// Who asks is not known, or may not.
    case refused(ProblemDocument)
    /// The array cannot be found or described.
    case catalog(ArrayCatalogError)
    /// The elements cannot be read.
    case read(ArrayReadError)
    /// The array, or its elements, cannot be written.
    case write(ArrayWriteError)
    /// The Zarr view has no such key, or cannot give it as it was asked for.
    case view(ZarrViewError)
    /// The namespace cannot be created or changed so.
    case namespace(NamespaceProblem)
    /// A condition on a change that the server cannot hold it to, by the header field that states it.
    case conditionUnsupported(header: String)
    /// The body comes in a coding that is not taken.
    case codingUnsupported(String)
    /// What is asked of a version is not one thing to do.
    case version(VersionServiceError)
    /// The body of the request is not what it should be.
    case body(RequestBodyFault)
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
