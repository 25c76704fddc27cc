import ArrayModel

extension ArrayReader {
    /// The tag of a region's content, without reading a chunk.
    ///
    /// Chunks that change after this have another tag; what is read later may be newer than the tag.
    ///
    /// - Throws: As ``region(_:_:elements:)``, and ``ArrayReadError/store(_:)``.
    public func contentTag(
        _ array: ResolvedArray,
        _ selection: Selection
    ) async throws(ArrayReadError) -> ContentTag? {
        let stored = try StoredArray(array, limits: engine.limits)
        let slab = ReadPlan(
            selection: selection,
            grid: stored.grid,
            slabElementsMax: max(selection.elementCount, 1)
        ).everything
        guard
            slab.touchedChunkCount <= engine.limits.taggedChunksMax,
            slab.pieceCount <= ArrayLimits.slabPiecesMax
        else {
            return array.node.tally.map { ContentTag(array, selection, tally: $0) }
        }
        let loader = engine.loader
        return try await engine.blocking { () throws(ArrayReadError) -> ContentTag in
            let chunks = Array(TouchedChunkSequence(slab))
            return ContentTag(
                array,
                selection,
                chunks: try ChunkSnapshot(chunks, of: stored, loader: loader)
            )
        }
    }
}

extension ArrayReader {
    /// Runs work that computes, such as compressing, on one of the threads that decode.
    ///
    /// - Throws: What the work throws, and ``ArrayReadError/cancelled`` or
    ///   ``ArrayReadError/shutDown``.
    public func compute<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let result = try await engine.blocking {
            () throws(ArrayReadError) -> Result<Value, any Error>
            in Result { try work() }
        }
        return try result.get()
    }
}
