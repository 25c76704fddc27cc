/// A region of an array in NumPy's basic indexing: one start, step and count per axis; and, where
/// ``Indexing/orthogonal`` is taken, a list of indices along one axis.
///
/// Invariants:
/// - `axes.count` is the array's rank.
/// - Every index `start + k * step` with `0 <= k < count` lies within the array, and so does every
///   index of `list`, which counts instead on its axis.
/// - `step != 0`, and `count == 1` where `isSqueezed`.
/// - `newAxes` ascends and lies within the result's axes, of which there are at most
///   ``ArrayLimits/rankMax``.
public struct Selection: Hashable, Sendable {
    /// What a text may ask for.
    public enum Indexing: Hashable, Sendable {
        /// NumPy's basic indexing of the axes that there are: what can be assigned to.
        case basic
        /// Also `newaxis`, and a list of numbers or a mask along one axis, which stays in its place.
        ///
        /// Source: NumPy enhancement proposal 21, "orthogonal indexing"; zarr-python's `oindex`.
        case orthogonal
    }

    /// The indices that are taken along one axis, in any order, any of them any number of times.
    public struct IndexList: Hashable, Sendable {
        /// The axis of the array.
        public let axis: Int
        /// The indices, none negative.
        public let indices: [Int]
    }

    /// What is taken along one axis.
    public struct Axis: Hashable, Sendable {
        /// The first index taken; 0 if none is.
        public let start: Int
        /// The distance to the next index; may be negative, never 0.
        public let step: Int
        /// How many indices are taken.
        public let count: Int
        /// Whether the axis was indexed by a number and is left out of the result.
        public let isSqueezed: Bool

        /// Makes an axis of parts that hold the invariants.
        init(start: Int, step: Int, count: Int, isSqueezed: Bool) {
            self.start = count == 0 ? 0 : start
            self.step = count <= 1 ? 1 : step
            self.count = count
            self.isSqueezed = isSqueezed
        }
    }

    /// What is taken along each axis of the array; where there is a list, `start` is its least index
    /// and `step` is 1.
    public let axes: [Axis]
    /// The axis whose indices are listed, if there is one.
    public let list: IndexList?
    /// The places, in the shape of the result, of axes that the array does not have.
    public let newAxes: [Int]

    init(axes: [Axis], list: IndexList? = nil, newAxes: [Int] = []) {
        self.axes = axes
        self.list = list
        self.newAxes = newAxes
    }

    /// The whole of an array.
    public static func whole(shape: [Int]) -> Selection {
        Selection(axes: shape.map { Axis(start: 0, step: 1, count: $0, isSqueezed: false) })
    }

    /// Reads indexing text such as `0:10,100:200,...,::-1`.
    ///
    /// Whole numbers, slices, and one `...` separated by commas; white space and one pair of
    /// surrounding brackets are ignored; axes that are not named are taken whole, so the empty text
    /// takes everything. Slices are clipped as Python clips them. In orthogonal indexing also
    /// `newaxis` or `None`, and one list such as `[1,5,-1]` or mask such as `[true,false]`: brackets
    /// around nothing but numbers or truth values are a list.
    ///
    /// - Parameters:
    ///   - text: The text, at most ``ArrayLimits/selectionTextBytesMax`` long.
    ///   - shape: The array's extents.
    ///   - indexing: What the text may ask for.
    /// - Throws: ``SelectionError``, any case.
    ///
    /// Source: NumPy reference, "Indexing on ndarrays", section "Basic indexing"; Python library
    /// reference, `slice.indices`.
    public init(
        _ text: String,
        shape: [Int],
        indexing: Indexing = .basic
    ) throws(SelectionError) {
        var parser = SelectionParser(text: Array(text.utf8), indexing: indexing)
        var builder = SelectionBuilder(shape: shape)
        let indices = try parser.indices()
        try builder.add(indices)
        self = try builder.selection()
    }

    /// Takes whole samples: indices along the first axis, and the other axes whole.
    ///
    /// - Parameters:
    ///   - samples: At most ``ArrayLimits/listEntriesMax`` indices; negative ones count from the end.
    ///   - shape: The array's extents.
    /// - Throws: ``SelectionError/tooManyIndices(axes:found:)`` for an array without axes,
    ///   ``SelectionError/indexOutOfRange(axis:index:extent:)``,
    ///   ``SelectionError/listTooLong(entries:)`` or ``SelectionError/tooManyElements``.
    public init(samples: [Int], shape: [Int]) throws(SelectionError) {
        var builder = SelectionBuilder(shape: shape)
        try builder.add([.list(samples)])
        self = try builder.selection()
    }

    /// The shape of the result, without squeezed axes and with new ones.
    public var shape: [Int] {
        var result = axes.filter { !$0.isSqueezed }.map(\.count)
        for position in newAxes { result.insert(1, at: position) }
        return result
    }

    /// How many indices are taken per axis, squeezed axes included.
    public var counts: [Int] { axes.map(\.count) }

    /// How many elements are taken; never more than the array has, or than
    /// ``ArrayLimits/listElementsMax`` if there is a list.
    public var elementCount: Int {
        counts.contains(0) ? 0 : counts.reduce(1, *)
    }

    /// Whether no element is taken twice, so that it can be assigned to: no index is listed twice.
    ///
    /// Takes time for a list alone.
    public var isUnrepeated: Bool {
        guard let list, elementCount > 0 else { return true }
        return Set(list.indices).count == list.indices.count
    }

    /// For every axis of the result, the axis of the array that it comes from; nil for a new one.
    public var resultAxes: [Int?] {
        var result: [Int?] = axes.indices.filter { !axes[$0].isSqueezed }
        for position in newAxes { result.insert(nil, at: position) }
        return result
    }
}
