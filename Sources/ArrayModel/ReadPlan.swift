/// How a selection is read from chunks: slabs of the result in C order, and for each slab the
/// pieces of chunks that fill it.
///
/// Nothing is computed before it is asked for: a plan over a petabyte is as small as one over a
/// byte, and slabs and pieces are made one at a time.
///
/// Slabs cover the result without gaps or overlaps, in its C order, and end on the boundaries of
/// chunks where the bound allows it, so that most chunks are decoded once.
public struct ReadPlan: Sendable {
    /// What is read.
    public let selection: Selection
    /// How the array is cut into chunks.
    public let grid: ChunkGrid
    /// The most elements in a slab.
    public let slabElementsMax: Int

    /// Makes a plan.
    ///
    /// - Parameters:
    ///   - selection: The region, made for an array of `grid.shape`.
    ///   - grid: The array's grid.
    ///   - slabElementsMax: The most elements in a slab, at least 1.
    public init(selection: Selection, grid: ChunkGrid, slabElementsMax: Int) {
        precondition(selection.axes.count == grid.rank, "the selection is for this array")
        precondition(slabElementsMax >= 1, "a slab has room for an element")
        self.selection = selection
        self.grid = grid
        self.slabElementsMax = slabElementsMax
    }

    /// The slabs of the result, in its C order; none if the selection is empty.
    public var slabs: SlabSequence { SlabSequence(plan: self) }

    /// The result as one slab, however large: for reductions, which visit every chunk once and need
    /// no buffer of the whole.
    public var everything: Slab {
        Slab(
            plan: self,
            lower: selection.axes.map { _ in 0 },
            counts: selection.counts,
            firstElement: 0
        )
    }
}

/// A box of the result that is contiguous in the result's C order.
public struct Slab: Sendable {
    let plan: ReadPlan
    /// The first index taken along each axis of the selection, squeezed axes included.
    public let lower: [Int]
    /// How many indices are taken along each axis.
    public let counts: [Int]
    /// The place of the slab's first element in the result, counted in C order.
    public let firstElement: Int
    /// What is taken along the axis whose indices are listed, if there is one.
    let listedRuns: ListedRuns?

    init(plan: ReadPlan, lower: [Int], counts: [Int], firstElement: Int) {
        self.plan = plan
        self.lower = lower
        self.counts = counts
        self.firstElement = firstElement
        listedRuns = plan.selection.list.map { list in
            ListedRuns(
                list,
                places: lower[list.axis]..<(lower[list.axis] + counts[list.axis]),
                chunkExtent: plan.grid.chunkShape[list.axis]
            )
        }
    }

    /// How many elements the slab has.
    public var elementCount: Int { counts.contains(0) ? 0 : counts.reduce(1, *) }

    /// What to take from which chunk, in the C order of the chunks.
    ///
    /// A chunk is met once, but for a slab with a list, where it may have several pieces, which then
    /// follow one another.
    public var pieces: PieceSequence { PieceSequence(slab: self) }
}

/// The elements that one chunk contributes to a slab, as two strided boxes of equal counts.
///
/// Element `(k0, k1, …)` of the piece is at `sourceOffset + Σ ki * sourceStrides[i]` in the decoded
/// chunk (full chunk shape, C order) and goes to `targetOffset + Σ ki * targetStrides[i]` in the
/// slab (C order). All are counted in elements; source strides may be negative.
public struct ChunkPiece: Hashable, Sendable {
    /// The chunk's coordinates in the grid.
    public let chunk: [Int]
    /// How many elements along each axis of the array.
    public let counts: [Int]
    /// The first element in the decoded chunk.
    public let sourceOffset: Int
    /// The distance between neighbours in the decoded chunk, per axis.
    public let sourceStrides: [Int]
    /// The first element in the slab.
    public let targetOffset: Int
    /// The distance between neighbours in the slab, per axis.
    public let targetStrides: [Int]

    /// How many elements the piece has.
    public var elementCount: Int { counts.reduce(1, *) }

    /// From the first to the last of its elements in the decoded chunk, with what lies between them; empty
    /// for a piece without elements.
    public var sourceElements: Range<Int> {
        var first = sourceOffset
        var last = sourceOffset
        for (count, stride) in zip(counts, sourceStrides) {
            guard count > 0 else { return sourceOffset..<sourceOffset }
            let reach = (count - 1) * stride
            if reach < 0 { first += reach } else { last += reach }
        }
        return first..<(last + 1)
    }

    /// The parts of the piece at each place along its first axis, if others lie between them in the chunk;
    /// else the piece alone.
    public var separated: [ChunkPiece] {
        guard let count = counts.first, let stride = sourceStrides.first, count > 1,
            let targetStride = targetStrides.first
        else { return [self] }
        let part = { (place: Int) in
            ChunkPiece(
                chunk: chunk,
                counts: [1] + counts.dropFirst(),
                sourceOffset: sourceOffset + place * stride,
                sourceStrides: sourceStrides,
                targetOffset: targetOffset + place * targetStride,
                targetStrides: targetStrides
            )
        }
        guard stride.magnitude > part(0).sourceElements.count else { return [self] }
        return (0..<count).map(part)
    }

    /// The same piece at another place of the slab.
    ///
    /// - Parameter elements: How much further behind it goes; the sum must fit.
    /// - Returns: A piece of the same elements.
    public func moved(by elements: Int) -> ChunkPiece {
        ChunkPiece(
            chunk: chunk,
            counts: counts,
            sourceOffset: sourceOffset,
            sourceStrides: sourceStrides,
            targetOffset: targetOffset + elements,
            targetStrides: targetStrides
        )
    }
}
