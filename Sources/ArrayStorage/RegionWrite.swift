import ArrayModel

/// A block on its way to a region: checked, and small whatever the number of chunks.
///
/// It says what the write locks and how much memory its chunks take before any of them is looked at, so that
/// many writes can wait.
struct RegionWrite: Sendable {
    /// How many chunks it changes.
    let chunkCount: Int
    /// The memory that ``chunks(_:)`` takes.
    let planBytes: Int
    /// What nobody else may hold meanwhile.
    let claims: [ChunkLockTable.Claim]
    private let writer: ArrayWriter
    private let resolved: ResolvedArray
    private let selection: Selection
    private let block: ElementBlock
    private let source: RegionSource

    /// Checks a write of a block to a region.
    ///
    /// - Throws: ``ArrayWriteError``, the cases about types, shapes, sizes and codecs.
    init(
        _ writer: ArrayWriter,
        _ resolved: ResolvedArray,
        _ selection: Selection,
        _ block: ElementBlock
    ) throws(ArrayWriteError) {
        guard let source = RegionSource(block, selection: selection) else {
            throw .shapeMismatch(region: selection.shape, given: block.shape)
        }
        let limits = writer.limits
        let array = try writer.stored(resolved)
        // Before elements of others are waited for.
        _ = try writer.encoder(of: resolved)
        let region = Self.region(selection, array.grid)
        chunkCount = selection.elementCount > 0 ? region.touchedChunkCount : 0
        // Of a list there may be many pieces in one chunk, and as much is known of each.
        let pieceCount = selection.elementCount > 0 ? region.pieceCount : 0
        guard max(chunkCount, pieceCount) <= limits.chunksMax else {
            throw .chunksTooMany(count: max(chunkCount, pieceCount), limit: limits.chunksMax)
        }
        // A chunk is bounded, and so is their number: the product fits.
        let bytes = chunkCount * array.decoder.chunkBytes
        guard bytes <= limits.chunkBytesMax else {
            throw .chunksTooLong(bytes: bytes, limitBytes: limits.chunkBytesMax)
        }
        planBytes = ChunkRewrite.planBytes(chunks: max(chunkCount, pieceCount), of: array)
        let keys = ArrayKeys(resolved.node, in: resolved.namespace)
        claims =
            [.chunks(keys.chunksLock, ChunkBox(touchedBy: selection, grid: array.grid))]
            + keys.sharedLocks.map { .shared($0) }
        self.writer = writer
        self.resolved = resolved
        self.selection = selection
        self.block = block
        self.source = source
    }

    /// The same write to an array of another shape, whose chunks have the same places.
    ///
    /// - Throws: As ``init(_:_:_:_:)``.
    func again(in now: ResolvedArray) throws(ArrayWriteError) -> RegionWrite {
        try RegionWrite(writer, now, selection, block)
    }

    /// What is to be done to each chunk; as many bytes as ``planBytes`` are to be reserved for it.
    ///
    /// - Throws: ``ArrayWriteError``, the cases about types and codecs.
    func chunks(_ memory: MemoryGate.Reservation) throws(ArrayWriteError) -> ChunkRewrite {
        try ChunkRewrite(writer, resolved, memory) { array in
            guard chunkCount > 0 else { return [] }
            return Self.changes(Self.region(selection, array.grid), source, array)
        }
    }

    /// One change for each chunk of a region, whose pieces follow one another.
    private static func changes(
        _ region: Slab,
        _ source: RegionSource,
        _ array: StoredArray
    ) -> [ChunkChange] {
        var changes: [ChunkChange] = []
        var pieces: [ChunkPiece] = []
        for piece in region.pieces {
            if let last = pieces.last, last.chunk != piece.chunk {
                changes.append(ChunkChange(last.chunk, pieces, of: source, in: array))
                pieces = []
            }
            pieces.append(piece)
        }
        if let last = pieces.last {
            changes.append(ChunkChange(last.chunk, pieces, of: source, in: array))
        }
        return changes
    }

    private static func region(_ selection: Selection, _ grid: ChunkGrid) -> Slab {
        ReadPlan(selection: selection, grid: grid, slabElementsMax: 1).everything
    }
}
