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
            /// The first index, counted from the slab's lower bound.
            var first: Int
            var count: Int
        }

        private let slab: Slab
        private let chunkStrides: [Int]
        private let slabStrides: [Int]
        private var segments: [Segment] = []
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
            for (axis, segment) in segments.enumerated() {
                let cursor = cursor(axis)
                let element = cursor.element(slab.lower[axis] + segment.first)
                chunk.append(element / cursor.chunkExtent)
                sourceOffset += element % cursor.chunkExtent * chunkStrides[axis]
                // A step may be longer than any chunk; where one element is taken it is not used.
                sourceStrides.append(
                    segment.count == 1 ? chunkStrides[axis] : cursor.axis.step * chunkStrides[axis]
                )
                targetOffset += segment.first * slabStrides[axis]
            }
            return ChunkPiece(
                chunk: chunk,
                counts: segments.map(\.count),
                sourceOffset: sourceOffset,
                sourceStrides: sourceStrides,
                targetOffset: targetOffset,
                targetStrides: slabStrides
            )
        }

        private mutating func advance() {
            var axis = segments.count - 1
            while axis >= 0 {
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

        private func segment(_ axis: Int, from first: Int) -> Segment {
            let count = cursor(axis).run(
                from: slab.lower[axis] + first,
                limit: slab.counts[axis] - first
            )
            return Segment(first: first, count: count)
        }

        private func cursor(_ axis: Int) -> AxisCursor {
            AxisCursor(
                axis: slab.plan.selection.axes[axis],
                chunkExtent: slab.plan.grid.chunkShape[axis]
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
