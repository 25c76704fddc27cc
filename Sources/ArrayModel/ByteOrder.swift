/// The order of the bytes of one number.
public enum ByteOrder: Hashable, Sendable {
    /// Least significant byte first; the order in which Nave computes and answers.
    case little
    /// Most significant byte first.
    case big
}

/// The order of the elements of a chunk in its stored bytes.
public enum MemoryOrder: Hashable, Sendable {
    /// The last index varies fastest: C order.
    case rowMajor
    /// The first index varies fastest: Fortran order.
    case columnMajor

    /// The letter that NumPy and Zarr use: `C` or `F`.
    public var letter: String {
        switch self {
        case .rowMajor: "C"
        case .columnMajor: "F"
        }
    }
}
