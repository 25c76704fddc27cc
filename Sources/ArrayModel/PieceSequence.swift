/// The pieces of chunks that fill a slab, made one at a time, in the order in which the selection
/// meets the chunks.
public struct PieceSequence: Sequence, Sendable {
    let slab: Slab

    /// Begins at the slab's first element.
    public func makeIterator() -> Iterator { Iterator(slab: slab) }

    /// Steps through the chunks like an odometer, one segment per axis at a time.
    public struct Iterator: IteratorProtocol, Sendable {
        /// The part of one axis that lies in one chunk.
        private struct Segment: Sendable {
            /// The element of the first index.
            var element: Int
            /// The distance to the next element.
            var elementStep: Int
            /// The first index, counted from the slab's lower bound.
            var first: Int
            var count: Int
            /// The distance to the next index.
            var placeStep = 1
        }

        private let slab: Slab
        private let chunkStrides: [Int]
        private let slabStrides: [Int]
        private var segments: [Segment] = []
        /// The run of the list that is next, and the first run of its chunk.
        private var run = 0
        private var firstRun = 0
        private var lastRun = 0
        private var isDone: Bool

        init(slab: Slab) {
            self.slab = slab
            chunkStrides = Self.strides(slab.plan.grid.chunkShape)
            slabStrides = Self.strides(slab.counts)
            isDone = slab.counts.contains(0)
            guard !isDone else { return }
            for axis in slab.counts.indices { segments.append(segment(axis, from: 0)) }
        }

        /// The next piece, or `nil` after the last.
        public mutating func next() -> ChunkPiece? {
            guard !isDone else { return nil }
            let piece = piece()
            advance()
            return piece
        }

        private func piece() -> ChunkPiece {
            var chunk: [Int] = []
            var sourceOffset = 0
            var sourceStrides: [Int] = []
            var targetOffset = 0
            var targetStrides = slabStrides
            for (axis, segment) in segments.enumerated() {
                let chunkExtent = slab.plan.grid.chunkShape[axis]
                chunk.append(segment.element / chunkExtent)
                sourceOffset += segment.element % chunkExtent * chunkStrides[axis]
                // A step may be longer than any chunk; where one element is taken it is not used.
                sourceStrides.append(
                    segment.count == 1
                        ? chunkStrides[axis] : segment.elementStep * chunkStrides[axis]
                )
                targetOffset += segment.first * slabStrides[axis]
                targetStrides[axis] *= segment.placeStep
            }
            return ChunkPiece(
                chunk: chunk,
                counts: segments.map(\.count),
                sourceOffset: sourceOffset,
                sourceStrides: sourceStrides,
                targetOffset: targetOffset,
                targetStrides: targetStrides
            )
        }

        private mutating func advance() {
            if advanceWithinChunk() { return }
            var axis = segments.count - 1
            while axis >= 0 {
                if axis == slab.listedRuns?.axis {
                    if advanceToNextListedChunk() { return }
                    axis -= 1
                    continue
                }
                let next = segments[axis].first + segments[axis].count
                if next < slab.counts[axis] {
                    segments[axis] = segment(axis, from: next)
                    return
                }
                segments[axis] = segment(axis, from: 0)
                axis -= 1
            }
            isDone = true
        }

        /// Goes on to the next run of the list in the same chunk, or back to the first and fails.
        private mutating func advanceWithinChunk() -> Bool {
            guard let listed = slab.listedRuns else { return false }
            let isFollowed = listed.isFollowedInChunk(run)
            lastRun = run
            run = isFollowed ? run + 1 : firstRun
            segments[listed.axis] = Self.segment(listed.runs[run])
            return isFollowed
        }

        /// Goes on to the first run of the next chunk along the list's axis, or back to the first of
        /// all and fails.
        private mutating func advanceToNextListedChunk() -> Bool {
            guard let listed = slab.listedRuns else { return false }
            let hasNext = lastRun + 1 < listed.runs.count
            firstRun = hasNext ? lastRun + 1 : 0
            run = firstRun
            segments[listed.axis] = Self.segment(listed.runs[run])
            return hasNext
        }

        private func segment(_ axis: Int, from first: Int) -> Segment {
            if let listed = slab.listedRuns, listed.axis == axis {
                return Self.segment(listed.runs[firstRun])
            }
            let cursor = AxisCursor(
                axis: slab.plan.selection.axes[axis],
                chunkExtent: slab.plan.grid.chunkShape[axis]
            )
            let index = slab.lower[axis] + first
            return Segment(
                element: cursor.element(index),
                elementStep: cursor.axis.step,
                first: first,
                count: cursor.run(from: index, limit: slab.counts[axis] - first)
            )
        }

        private static func segment(_ run: ListedRuns.Run) -> Segment {
            Segment(
                element: run.element,
                elementStep: run.elementStep,
                first: run.first,
                count: run.count,
                placeStep: run.placeStep
            )
        }

        /// C-order strides of a box, in elements.
        private static func strides(_ shape: [Int]) -> [Int] {
            var strides = Array(repeating: 1, count: shape.count)
            for axis in shape.indices.dropLast().reversed() {
                strides[axis] =
                    strides[axis + 1].multipliedReportingOverflow(
                        by: shape[axis + 1]
                    ).partialValue
            }
            return strides
        }
    }
}
