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
    /// `newaxis` or `None` where only basic indexing of existing axes is taken.
    case newAxis(offset: Int)
    /// A list or a mask where only basic indexing is taken.
    case listUnsupported(offset: Int)
    /// A second list or mask.
    case severalLists(offset: Int)
    /// Numbers and truth values in one list.
    case listMixed(offset: Int)
    /// More than ``ArrayLimits/listEntriesMax`` indices in a list.
    case listTooLong(entries: Int)
    /// A mask that is not as long as its axis.
    case maskLength(axis: Int, extent: Int, found: Int)
    /// More than ``ArrayLimits/rankMax`` axes in the result.
    case tooManyAxes(found: Int)
    /// A list that takes more than ``ArrayLimits/listElementsMax`` elements.
    case tooManyElements
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
            "newaxis at byte \(offset) of the selection is not supported here."
        case .listUnsupported(let offset):
            "The list at byte \(offset) of the selection is not supported here; it takes NumPy's"
                + " basic indexing."
        case .severalLists(let offset):
            "A second list at byte \(offset) of the selection; one axis may have a list."
        case .listMixed(let offset):
            "The list at byte \(offset) of the selection mixes numbers and truth values."
        case .listTooLong(let entries):
            "A list has \(entries) indices; at most \(ArrayLimits.listEntriesMax) are allowed."
        case .maskLength(let axis, let extent, let found):
            "The mask of axis \(axis) has \(found) entries, but the axis has size \(extent)."
        case .tooManyAxes(let found):
            "The result would have \(found) axes; at most \(ArrayLimits.rankMax) are allowed."
        case .tooManyElements:
            "The list takes more than \(ArrayLimits.listElementsMax) elements."
        case .tooManyIndices(let axes, let found):
            "Too many indices: the array has \(axes) axes, but \(found) were indexed."
        case .indexOutOfRange(let axis, let index, let extent):
            "Index \(index) is out of bounds for axis \(axis) with size \(extent)."
        }
    }
}
