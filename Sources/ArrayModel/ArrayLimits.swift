/// The bounds within which array metadata and selections are understood.
public enum ArrayLimits {
    /// The most axes an array may have.
    ///
    /// Source: NumPy before 2.0, `NPY_MAXDIMS`; what every client can read.
    public static let rankMax = 32
    /// The longest metadata document that is parsed, in bytes.
    public static let metadataBytesMax = 4 << 20
    /// How deep a JSON document may nest.
    public static let jsonDepthMax = 64
    /// The longest text of a selection, in bytes of UTF-8.
    public static let selectionTextBytesMax = 16 << 10
    /// The most indices that a list takes along one axis.
    public static let listEntriesMax = 1_000_000
    /// The most elements that a selection with a list takes.
    ///
    /// A list may take the same element many times. In bytes this fits in 63 bits with the longest item.
    public static let listElementsMax = 1 << 42
    /// The most pieces of chunks in a slab of a selection with a list, of which every run of indices
    /// is a piece of its own.
    public static let slabPiecesMax = 65_536
    /// The longest reference to an array, in bytes of UTF-8.
    public static let referenceTextBytesMax = 2048
    /// The most codecs in one chain.
    public static let codecCountMax = 32
    /// The largest item of a data type, in bytes.
    public static let itemBytesMax = 1 << 20
}
