/// The slabs of a plan, made one at a time.
public struct SlabSequence: Sequence, Sendable {
    let plan: ReadPlan

    /// Begins at the first element of the result.
    public func makeIterator() -> Iterator { Iterator(plan: plan) }

    /// Steps through the result: single indices on the axes before `splitAxis`, runs along it,
    /// whole axes after it.
    public struct Iterator: IteratorProtocol, Sendable {
        private let plan: ReadPlan
        private let counts: [Int]
        /// The first axis along which a run of whole inner boxes fits in a slab.
        private let splitAxis: Int
        /// The elements of one index along `splitAxis`: all of the axes after it.
        private let innerElements: Int
        /// The most indices along `splitAxis` in one slab.
        private let runMax: Int
        /// The first index of the next slab on the axes up to `splitAxis`.
        private var position: [Int]
        private var nextElement = 0
        private var isDone: Bool

        init(plan: ReadPlan) {
            self.plan = plan
            self.counts = plan.selection.counts
            isDone = counts.contains(0)
            var axis = Swift.max(counts.count - 1, 0)
            var inner = 1
            var innerPieces = 1
            while !isDone, axis > 0 {
                // Stop where one index of this axis' outer neighbour no longer fits.
                let outer = inner.multipliedReportingOverflow(by: counts[axis])
                let pieces = Self.pieces(plan, axis, of: innerPieces)
                guard
                    !outer.overflow, outer.partialValue <= plan.slabElementsMax,
                    pieces <= ArrayLimits.slabPiecesMax
                else { break }
                inner = outer.partialValue
                innerPieces = pieces
                axis -= 1
            }
            splitAxis = axis
            innerElements = inner
            runMax = Self.runMax(plan, axis, innerElements: inner, innerPieces: innerPieces)
            position = Array(repeating: 0, count: counts.isEmpty ? 0 : axis + 1)
        }

        /// The next slab, or `nil` after the last.
        public mutating func next() -> Slab? {
            guard !isDone else { return nil }
            guard !counts.isEmpty else {
                isDone = true
                return Slab(plan: plan, lower: [], counts: [], firstElement: 0)
            }
            let run = runLength()
            var lower = position
            var slabCounts = Array(repeating: 1, count: splitAxis)
            slabCounts.append(run)
            lower.append(contentsOf: repeatElement(0, count: counts.count - splitAxis - 1))
            slabCounts.append(contentsOf: counts[(splitAxis + 1)...])
            let slab = Slab(
                plan: plan,
                lower: lower,
                counts: slabCounts,
                firstElement: nextElement
            )
            nextElement += run * innerElements
            advance(by: run)
            return slab
        }

        /// Passes over elements, as far as whole runs of the innermost axes go.
        ///
        /// - Parameter elements: How many elements of the result are not wanted; at most all.
        public mutating func skip(_ elements: Int) {
            guard !isDone, !counts.isEmpty else { return }
            var rest = elements / innerElements
            nextElement = rest * innerElements
            for axis in position.indices.reversed() {
                let extent = counts[axis]
                position[axis] = rest % extent
                rest /= extent
            }
            // All of them: the odometer has gone round.
            if rest > 0 { isDone = true }
        }

        /// How many indices along the split axis the next slab takes: as many as fit, cut back to
        /// the last boundary between chunks if one is passed.
        private func runLength() -> Int {
            let first = position[splitAxis]
            let fitting = runMax
            let remaining = counts[splitAxis] - first
            guard fitting < remaining else { return remaining }
            if plan.selection.list?.axis == splitAxis { return fitting }
            let cursor = AxisCursor(
                axis: plan.selection.axes[splitAxis],
                chunkExtent: plan.grid.chunkShape[splitAxis]
            )
            let chunkBegin = cursor.firstIndex(inChunkOf: first + fitting)
            return chunkBegin > first ? chunkBegin - first : fitting
        }

        /// How many pieces there are at most once a whole axis is taken in; only those of a list count,
        /// as others are bounded by the chunks that are looked up.
        private static func pieces(_ plan: ReadPlan, _ axis: Int, of inner: Int) -> Int {
            guard let list = plan.selection.list else { return 1 }
            let cursor = AxisCursor(
                axis: plan.selection.axes[axis],
                chunkExtent: plan.grid.chunkShape[axis]
            )
            let count = plan.selection.axes[axis].count
            let (first, last) = (cursor.chunk(0), cursor.chunk(count - 1))
            let chunks = Swift.min(abs(first - last) + 1, count)
            let factor = list.axis == axis ? count : chunks
            let (product, overflow) = inner.multipliedReportingOverflow(by: factor)
            return overflow ? .max : product
        }

        private static func runMax(
            _ plan: ReadPlan,
            _ axis: Int,
            innerElements: Int,
            innerPieces: Int
        ) -> Int {
            let fitting = Swift.max(plan.slabElementsMax / innerElements, 1)
            guard let list = plan.selection.list, !plan.selection.axes.isEmpty else {
                return fitting
            }
            let chunks = Swift.max(ArrayLimits.slabPiecesMax / innerPieces, 1)
            guard list.axis != axis else { return Swift.min(fitting, chunks) }
            // So many chunks' worth of indices.
            let step = Int(clamping: plan.selection.axes[axis].step.magnitude)
            let perChunk = Swift.max(plan.grid.chunkShape[axis] / step, 1)
            let (run, overflow) = chunks.multipliedReportingOverflow(by: perChunk)
            return overflow ? fitting : Swift.min(fitting, run)
        }

        private mutating func advance(by run: Int) {
            position[splitAxis] += run
            var axis = splitAxis
            while position[axis] == counts[axis] {
                guard axis > 0 else {
                    isDone = true
                    return
                }
                position[axis] = 0
                axis -= 1
                position[axis] += 1
            }
        }
    }
}

/// The arithmetic of one axis: which chunk holds the k-th index taken.
struct AxisCursor {
    let axis: Selection.Axis
    let chunkExtent: Int

    /// The element that the `index`-th index taken names.
    func element(_ index: Int) -> Int { axis.start + index * axis.step }

    /// The chunk that holds the `index`-th index taken.
    func chunk(_ index: Int) -> Int { element(index) / chunkExtent }

    /// How many indices from the `index`-th on lie in the same chunk, at most `limit`.
    func run(from index: Int, limit: Int) -> Int {
        let within = element(index) % chunkExtent
        let distance = axis.step > 0 ? chunkExtent - 1 - within : within
        return min(Int(UInt(distance) / axis.step.magnitude) + 1, limit)
    }

    /// The first index taken that lies in the same chunk as the `index`-th.
    func firstIndex(inChunkOf index: Int) -> Int {
        let within = element(index) % chunkExtent
        let distance = axis.step > 0 ? within : chunkExtent - 1 - within
        return index - min(Int(UInt(distance) / axis.step.magnitude), index)
    }
}
