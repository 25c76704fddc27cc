/// Why a selection cannot be made; `offset` counts bytes from the beginning of its text.
public enum SelectionError: Error, Hashable, Sendable {
    /// Longer than ``ArrayLimits/selectionTextBytesMax``.
    case tooLong(bytes: Int)
    /// A character that does not belong there.
    case unexpectedCharacter(offset: Int)
    /// A comma or a bracket without an index.
    case indexMissing(offset: Int)
    /// A number beyond 64 bits.
    case numberTooLarge(offset: Int)
    /// A slice with a step of zero.
    case stepZero(offset: Int)
    /// More than one `...`.
    case severalEllipses(offset: Int)
    /// `newaxis` or `None`: adding axes is left to the caller.
    case newAxis(offset: Int)
    /// More indices than axes.
    case tooManyIndices(axes: Int, found: Int)
    /// An index outside of its axis.
    case indexOutOfRange(axis: Int, index: Int, extent: Int)
}

extension SelectionError: CustomStringConvertible {
    /// The error as a sentence.
    public var description: String {
        switch self {
        case .tooLong(let bytes):
            "The selection has \(bytes) bytes; at most \(ArrayLimits.selectionTextBytesMax)"
                + " are allowed."
        case .unexpectedCharacter(let offset):
            "Unexpected character at byte \(offset) of the selection; it takes NumPy's basic"
                + " indexing, for example 0:10,...,::-1."
        case .indexMissing(let offset): "An index is missing at byte \(offset) of the selection."
        case .numberTooLarge(let offset):
            "The number at byte \(offset) of the selection does not fit in 64 bits."
        case .stepZero(let offset): "The slice step at byte \(offset) of the selection is zero."
        case .severalEllipses(let offset):
            "A second \"...\" at byte \(offset) of the selection; only one is allowed."
        case .newAxis(let offset):
            "newaxis at byte \(offset) of the selection is not supported; reshape the result instead."
        case .tooManyIndices(let axes, let found):
            "Too many indices: the array has \(axes) axes, but \(found) were indexed."
        case .indexOutOfRange(let axis, let index, let extent):
            "Index \(index) is out of bounds for axis \(axis) with size \(extent)."
        }
    }
}
