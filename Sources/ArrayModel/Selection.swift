/// A region of an array in NumPy's basic indexing: one start, step and count per axis.
///
/// Invariants:
/// - `axes.count` is the array's rank.
/// - Every index `start + k * step` with `0 <= k < count` lies within the array.
/// - `step != 0`, and `count == 1` where `isSqueezed`.
public struct Selection: Hashable, Sendable {
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

    /// What is taken along each axis of the array.
    public let axes: [Axis]

    init(axes: [Axis]) {
        self.axes = axes
    }

    /// The whole of an array.
    public static func whole(shape: [Int]) -> Selection {
        Selection(axes: shape.map { Axis(start: 0, step: 1, count: $0, isSqueezed: false) })
    }

    /// Reads NumPy basic indexing text such as `0:10,100:200,...,::-1`.
    ///
    /// Whole numbers, slices, and one `...` separated by commas; white space and one pair of
    /// surrounding brackets are ignored; axes that are not named are taken whole, so the empty text
    /// takes everything. Slices are clipped as Python clips them.
    ///
    /// - Parameters:
    ///   - text: The text, at most ``ArrayLimits/selectionTextBytesMax`` long.
    ///   - shape: The array's extents.
    /// - Throws: ``SelectionError``, any case.
    ///
    /// Source: NumPy reference, "Indexing on ndarrays", section "Basic indexing"; Python library
    /// reference, `slice.indices`.
    public init(_ text: String, shape: [Int]) throws(SelectionError) {
        var parser = SelectionParser(text: Array(text.utf8))
        let indices = try parser.indices()
        self.axes = try Self.axes(of: indices, shape: shape)
    }

    /// The shape of the result, without squeezed axes.
    public var shape: [Int] { axes.filter { !$0.isSqueezed }.map(\.count) }

    /// How many indices are taken per axis, squeezed axes included.
    public var counts: [Int] { axes.map(\.count) }

    /// How many elements are taken; never more than the array has.
    public var elementCount: Int {
        counts.contains(0) ? 0 : counts.reduce(1, *)
    }

    private static func axes(
        of indices: [SelectionIndex],
        shape: [Int]
    ) throws(SelectionError) -> [Axis] {
        let named = indices.reduce(0) { $0 + ($1 == .ellipsis ? 0 : 1) }
        guard named <= shape.count else {
            throw .tooManyIndices(axes: shape.count, found: named)
        }
        var result: [Axis] = []
        for index in indices {
            let axis = result.count
            switch index {
            case .ellipsis:
                for _ in named..<shape.count { result.append(whole(extent: shape[result.count])) }
            case .number(let number):
                let extent = shape[axis]
                let wrapped = number < 0 ? number + extent : number
                guard (0..<extent).contains(wrapped) else {
                    throw .indexOutOfRange(axis: axis, index: number, extent: extent)
                }
                result.append(Axis(start: wrapped, step: 1, count: 1, isSqueezed: true))
            case .slice(let start, let stop, let step):
                result.append(sliced(start, stop, step, extent: shape[axis]))
            }
        }
        while result.count < shape.count { result.append(whole(extent: shape[result.count])) }
        return result
    }

    private static func whole(extent: Int) -> Axis {
        Axis(start: 0, step: 1, count: extent, isSqueezed: false)
    }

    /// Python's `slice.indices`, with the count of what it takes.
    private static func sliced(_ start: Int?, _ stop: Int?, _ step: Int, extent: Int) -> Axis {
        let isForward = step > 0
        // Where an index is clipped to: forward within 0...extent, backward within -1...extent-1.
        let lowest = isForward ? 0 : -1
        let highest = isForward ? extent : extent - 1
        func clipped(_ index: Int) -> Int {
            // A negative index plus an extent ≥ 0 cannot overflow.
            let wrapped = index < 0 ? index + extent : index
            return min(max(wrapped, lowest), highest)
        }
        let first = start.map(clipped) ?? (isForward ? lowest : highest)
        let last = stop.map(clipped) ?? (isForward ? highest : lowest)
        // Both lie within -1...extent, so the distance fits, and so does the magnitude of a step.
        let distance = isForward ? last - first : first - last
        let count = distance <= 0 ? 0 : (UInt(distance) - 1) / step.magnitude + 1
        return Axis(start: first, step: step, count: Int(count), isSqueezed: false)
    }
}
