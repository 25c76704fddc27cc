/// Fits the entries of a selection's text to an array.
struct SelectionBuilder {
    private let shape: [Int]
    private var axes: [Selection.Axis] = []
    private var list: Selection.IndexList?
    private var newAxes: [Int] = []
    /// How many axes the result has so far.
    private var resultRank = 0

    init(shape: [Int]) {
        self.shape = shape
    }

    /// Takes in all entries of a text.
    mutating func add(_ indices: [SelectionIndex]) throws(SelectionError) {
        let named = indices.reduce(0) { $0 + ($1.namesAxis ? 1 : 0) }
        guard named <= shape.count else {
            throw .tooManyIndices(axes: shape.count, found: named)
        }
        for index in indices {
            switch index {
            case .ellipsis:
                for _ in named..<shape.count { appendWhole() }
            case .newAxis:
                newAxes.append(resultRank)
                resultRank += 1
            case .number(let number):
                let index = try wrapped(number)
                axes.append(Selection.Axis(start: index, step: 1, count: 1, isSqueezed: true))
            case .slice(let start, let stop, let step):
                append(Self.sliced(start, stop, step, extent: shape[axes.count]))
            case .list(let numbers):
                try append(numbers)
            case .mask(let mask):
                try append(mask)
            }
        }
    }

    /// The selection, with the axes that no entry named taken whole.
    consuming func selection() throws(SelectionError) -> Selection {
        while axes.count < shape.count { appendWhole() }
        guard resultRank <= ArrayLimits.rankMax else { throw .tooManyAxes(found: resultRank) }
        if list != nil, !axes.contains(where: { $0.count == 0 }) {
            var elements = 1
            for axis in axes {
                let (product, overflow) = elements.multipliedReportingOverflow(by: axis.count)
                guard !overflow, product <= ArrayLimits.listElementsMax else {
                    throw .tooManyElements
                }
                elements = product
            }
        }
        return Selection(axes: axes, list: list, newAxes: newAxes)
    }

    private mutating func append(_ axis: Selection.Axis) {
        axes.append(axis)
        resultRank += 1
    }

    private mutating func append(_ numbers: [Int]) throws(SelectionError) {
        guard numbers.count <= ArrayLimits.listEntriesMax else {
            throw .listTooLong(entries: numbers.count)
        }
        var indices: [Int] = []
        indices.reserveCapacity(numbers.count)
        for number in numbers { indices.append(try wrapped(number)) }
        appendList(indices)
    }

    private mutating func append(_ mask: [Bool]) throws(SelectionError) {
        let axis = axes.count
        guard mask.count == shape[axis] else {
            throw .maskLength(axis: axis, extent: shape[axis], found: mask.count)
        }
        appendList(mask.indices.filter { mask[$0] })
    }

    private mutating func appendList(_ indices: [Int]) {
        list = Selection.IndexList(axis: axes.count, indices: indices)
        append(
            Selection.Axis(
                start: indices.min() ?? 0,
                step: 1,
                count: indices.count,
                isSqueezed: false
            )
        )
    }

    private mutating func appendWhole() {
        append(
            Selection.Axis(start: 0, step: 1, count: shape[axes.count], isSqueezed: false)
        )
    }

    /// An index of the next axis, counted from its beginning.
    private func wrapped(_ number: Int) throws(SelectionError) -> Int {
        let axis = axes.count
        let extent = shape[axis]
        let wrapped = number < 0 ? number + extent : number
        guard (0..<extent).contains(wrapped) else {
            throw .indexOutOfRange(axis: axis, index: number, extent: extent)
        }
        return wrapped
    }

    /// Python's `slice.indices`, with the count of what it takes.
    private static func sliced(
        _ start: Int?,
        _ stop: Int?,
        _ step: Int,
        extent: Int
    ) -> Selection.Axis {
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
        return Selection.Axis(start: first, step: step, count: Int(count), isSqueezed: false)
    }
}
