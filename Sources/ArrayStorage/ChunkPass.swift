import ArrayModel
import ObjectStorage
import StorageModel

/// One visit of every stored chunk that a selection touches, several at a time.
///
/// Chunks that are not stored are not visited: what they hold is for the caller to add. Time is in
/// proportion to the stored chunks.
struct ChunkPass: Sendable {
    let array: StoredArray
    let engine: ReadEngine
    private let selection: Selection
    private let slab: Slab

    init(_ array: StoredArray, _ selection: Selection, engine: ReadEngine) {
        self.array = array
        self.engine = engine
        self.selection = selection
        slab = ReadPlan(selection: selection, grid: array.grid, slabElementsMax: 1).everything
    }

    /// Visits the chunks.
    ///
    /// - Parameters:
    ///   - chunks: The chunks to visit, each once; nil for all that the selection touches.
    ///   - empty: What a part begins with.
    ///   - merge: Takes in the parts, in the order of the chunks.
    ///   - visit: Takes a stored chunk into a part, on a thread that may wait.
    /// - Throws: ``ArrayReadError``, any case.
    func run<Part: Sendable>(
        over chunks: [[Int]]? = nil,
        empty: Part,
        merge: (Part) -> Void,
        visit:
            @escaping @Sendable (ChunkSnapshot.Chunk, ObjectEntry, inout Part)
            throws(ArrayReadError)
            -> Void
    ) async throws(ArrayReadError) {
        guard selection.elementCount > 0 else { return }
        let size = BatchSize(array, limits: engine.limits)
        if let chunks {
            return try await process(
                KnownChunks(slab, stored: chunks, size: size),
                empty,
                merge,
                visit
            )
        }
        let touched = slab.touchedChunkCount
        if touched <= engine.limits.lookUpsMax || touched <= array.storedChunkCount ?? 0 {
            try await process(TouchedChunks(slab, size: size), empty, merge, visit)
        } else {
            let prefix = array.listingPrefix(selection)
            let listed = ListedChunks(
                slab,
                prefix: prefix,
                array: array,
                engine: engine,
                size: size
            )
            try await process(listed, empty, merge, visit)
        }
    }

    private func process<Part: Sendable>(
        _ batches: some PartSource<ChunkBatch>,
        _ empty: Part,
        _ merge: (Part) -> Void,
        _ visit:
            @escaping @Sendable (ChunkSnapshot.Chunk, ObjectEntry, inout Part)
            throws(ArrayReadError)
            -> Void
    ) async throws(ArrayReadError) {
        let (array, loader) = (array, engine.loader)
        try await engine.process(batches, merge: merge) {
            batch throws(ArrayReadError) -> Part in
            var part = empty
            let snapshot = try ChunkSnapshot(batch.chunks, of: array, loader: loader)
            for chunk in snapshot.chunks {
                if let entry = chunk.entry { try visit(chunk, entry, &part) }
            }
            return part
        }
    }

    /// Uses the decoded bytes of a chunk as it is now, with the entry that it is of; not if it was
    /// deleted meanwhile.
    func withBytes(
        of chunk: ChunkSnapshot.Chunk,
        _ entry: ObjectEntry,
        use: (UnsafeRawBufferPointer, ObjectEntry) -> Void
    ) throws(ArrayReadError) {
        _ = try engine.loader.withChunk(
            chunk.key,
            entry: entry,
            of: array,
            retention: .pass
        ) { bytes, present in
            bytes.withUnsafeReadableBytes { use($0, present) }
        }
    }
}
