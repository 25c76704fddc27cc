/// Pieces by chunk, for readers that know which chunks are stored.
extension Slab {
    /// How many chunks the slab takes elements from; `Int.max` if that does not fit.
    public var touchedChunkCount: Int { product(touchedChunks) }

    /// How many pieces the slab has: as many as it touches chunks, or more if there is a list; `Int.max`
    /// if that does not fit.
    public var pieceCount: Int {
        product { axis in
            if let listedRuns, listedRuns.axis == axis { return listedRuns.runs.count }
            return touchedChunks(axis)
        }
    }

    private func product(_ factor: (Int) -> Int) -> Int {
        var total = 1
        for axis in counts.indices {
            guard counts[axis] > 0 else { return 0 }
            let (product, overflow) = total.multipliedReportingOverflow(by: factor(axis))
            guard !overflow else { return .max }
            total = product
        }
        return total
    }

    /// What the slab takes from one chunk.
    ///
    /// - Parameter coordinates: The chunk's coordinates, within the grid.
    /// - Returns: The pieces that ``pieces`` has for this chunk; more than one only if there is a list.
    public func pieces(ofChunk coordinates: [Int]) -> [ChunkPiece] {
        guard let listedRuns else {
            return piece(ofChunk: coordinates, run: nil).map { [$0] } ?? []
        }
        return listedRuns.runs(inChunk: coordinates[listedRuns.axis]).compactMap {
            piece(ofChunk: coordinates, run: $0)
        }
    }

    private func piece(ofChunk coordinates: [Int], run: ListedRuns.Run?) -> ChunkPiece? {
        var pieceCounts = counts
        var sourceStrides = counts
        var targetStrides = counts
        var sourceOffset = 0
        var targetOffset = 0
        var chunkStride = 1
        var slabStride = 1
        for axis in counts.indices.reversed() {
            guard let taken = taken(fromChunk: coordinates[axis], axis: axis, run: run) else {
                return nil
            }
            let chunkExtent = plan.grid.chunkShape[axis]
            pieceCounts[axis] = taken.count
            // A step may be longer than any chunk; where one element is taken it is not used.
            sourceStrides[axis] = taken.count == 1 ? chunkStride : taken.elementStep * chunkStride
            targetStrides[axis] = slabStride * taken.placeStep
            sourceOffset += taken.element % chunkExtent * chunkStride
            targetOffset += taken.first * slabStride
            chunkStride = chunkStride.multipliedReportingOverflow(by: chunkExtent).partialValue
            slabStride = slabStride.multipliedReportingOverflow(by: counts[axis]).partialValue
        }
        return ChunkPiece(
            chunk: coordinates,
            counts: pieceCounts,
            sourceOffset: sourceOffset,
            sourceStrides: sourceStrides,
            targetOffset: targetOffset,
            targetStrides: targetStrides
        )
    }

    /// What is taken from a chunk along one axis, or `nil` if nothing is.
    private func taken(
        fromChunk coordinate: Int,
        axis: Int,
        run: ListedRuns.Run?
    ) -> ListedRuns.Run? {
        if let run, axis == plan.selection.list?.axis { return run }
        let taken = indices(inChunk: coordinate, axis: axis)
        guard !taken.isEmpty else { return nil }
        let selected = plan.selection.axes[axis]
        return ListedRuns.Run(
            chunk: coordinate,
            element: selected.start + taken.lowerBound * selected.step,
            first: taken.lowerBound - lower[axis],
            count: taken.count,
            elementStep: selected.step
        )
    }

    /// The indices of the selection, within the slab, that lie in a chunk along one axis.
    private func indices(inChunk coordinate: Int, axis: Int) -> Range<Int> {
        let selected = plan.selection.axes[axis]
        let chunkExtent = plan.grid.chunkShape[axis]
        let first = coordinate * chunkExtent
        let last = first + (chunkExtent - 1)
        // Index k takes start + k * step; solve for the elements first...last.
        let bounds =
            selected.step > 0
            ? (Self.ceiling(first - selected.start, selected.step), last - selected.start)
            : (Self.ceiling(selected.start - last, -selected.step), selected.start - first)
        guard bounds.1 >= 0 else { return 0..<0 }
        let magnitude = Int(clamping: selected.step.magnitude)
        let from = max(bounds.0, lower[axis])
        let to = min(bounds.1 / magnitude, lower[axis] + counts[axis] - 1)
        return from <= to ? from..<(to + 1) : 0..<0
    }

    /// The quotient of a number and a positive one, rounded up.
    private static func ceiling(_ number: Int, _ divisor: Int) -> Int {
        number <= 0 ? number / divisor : (number - 1) / divisor + 1
    }

    private func touchedChunks(_ axis: Int) -> Int {
        if let listedRuns, listedRuns.axis == axis { return listedRuns.chunkCount }
        let cursor = AxisCursor(
            axis: plan.selection.axes[axis],
            chunkExtent: plan.grid.chunkShape[axis]
        )
        let first = cursor.chunk(lower[axis])
        let last = cursor.chunk(lower[axis] + counts[axis] - 1)
        // Steps shorter than a chunk pass over none; longer ones never meet a chunk twice.
        let span = (first > last ? first - last : last - first) + 1
        return min(span, counts[axis])
    }
}
