import ArrayModel
import ObjectStorage
import StorageModel

extension ArrayWriter {
    /// Makes an array smaller, with all that follows for its chunks.
    ///
    /// One change writes the document and the chunks that are cut, and deletes those outside. If they are too
    /// many for one change they are deleted after it; until that is done the document remembers the former
    /// extents, so that whoever changes the array next goes on (``finishShrink(of:)``). Before the change nothing
    /// is touched: what is refused or fails leaves the array as it was.
    ///
    /// - Parameters:
    ///   - array: The array as it is.
    ///   - document: Its document with the smaller shape.
    ///   - attributes: What the change has to do with the attributes beside it.
    /// - Returns: Nil, and nothing is changed, if somebody else replaced the document.
    /// - Throws: ``ArrayWriteError/chunksTooMany(count:limit:)`` if more chunks are cut than one change writes,
    ///   and the cases about codecs, damaged chunks and the engine.
    func shrink(
        _ array: ResolvedArray,
        to document: MetadataDocument,
        _ attributes: AttributesChange
    ) async throws(ArrayWriteError) -> WriteReceipt? {
        let smaller = try document.metadata().grid
        let stored = try stored(array)
        let names = ArrayKeys(array.node, in: array.namespace)
        // Nobody writes a chunk between the walk and the change.
        return try await locks.withLocks([.alone(names.folderLock)]) {
            () async throws(ArrayWriteError) -> WriteReceipt? in
            let planned = try await reserve(planBytes: planBytes(ofStored: stored))
            defer { withExtendedLifetime(planned) {} }
            let outside = try await outsideChunks(stored, smaller)
            var trimming = try ChunkRewrite(self, array, planned) { _ in
                outside.clipped.map { ChunkChange(trimming: $0, to: smaller) }
            }
            try await trimming.stage()
            var document = document
            if outside.goneIsTooLong { document.formerShape = array.metadata.shape }
            var batch = try await batch(document)
            attributes.add(to: &batch)
            batch.puts += try trimming.puts()
            for chunk in outside.gone { batch.deletions.append(try names.key(chunk.key)) }
            guard let sequence = try await commit(batch, in: array.namespace) else { return nil }
            let receipt = WriteReceipt(
                chunks: outside.goneCount + outside.clipped.count,
                sequence: sequence
            )
            guard outside.goneIsTooLong else { return receipt }
            document.sequence = sequence
            try await deleteOutside(stored, smaller, names, array.namespace)
            _ = try await forgetShrink(document)
            return receipt
        }
    }

    /// Deletes the chunks that an interrupted shrink left outside of an array.
    func finishShrink(of document: MetadataDocument) async throws(ArrayWriteError) {
        let now = try document.metadata()
        var former = document
        if let shape = document.formerShape, shape.count == now.rank {
            former.set("shape", .integers(zip(shape, now.shape).map(max)))
        }
        // What is no shape was not written by this server.
        let metadata = (try? former.metadata()) ?? now
        let names = ArrayKeys(document.node, in: document.namespace)
        let larger = try stored(
            ResolvedArray(
                namespace: document.namespace,
                node: document.node,
                metadata: metadata
            )
        )
        try await locks.withLocks([.alone(names.folderLock)]) {
            () async throws(ArrayWriteError) in
            try await deleteOutside(larger, now.grid, names, document.namespace)
            _ = try await forgetShrink(document)
        }
    }

    /// Stored chunks that a smaller shape concerns.
    private struct OutsideChunks: Sendable {
        /// Wholly outside; none if they are too many for one change.
        var gone: [StoredChunk] = []
        /// How many are wholly outside.
        var goneCount = 0
        /// Partly outside.
        var clipped: [StoredChunk] = []

        var goneIsTooLong: Bool { gone.count < goneCount }
    }

    private func outsideChunks(
        _ array: StoredArray,
        _ smaller: ChunkGrid
    ) async throws(ArrayWriteError) -> OutsideChunks {
        var outside = OutsideChunks()
        var walk = StoredKeys(array, engine: engine, pageKeys: limits.listedKeysMax)
        while let page = try await walk.next() {
            for chunk in page {
                if !smaller.contains(chunk.coordinates) {
                    if !outside.goneIsTooLong { outside.gone.append(chunk) }
                    outside.goneCount += 1
                } else if Self.isCut(chunk.coordinates, array.grid, smaller) {
                    outside.clipped.append(chunk)
                }
            }
            guard outside.clipped.count <= limits.chunksMax else {
                throw .chunksTooMany(count: outside.clipped.count, limit: limits.chunksMax)
            }
            if outside.gone.count + outside.clipped.count > limits.chunksMax { outside.gone = [] }
        }
        return outside
    }

    /// Whether a chunk has elements within the larger grid that the smaller one cuts off.
    private static func isCut(
        _ coordinates: [Int],
        _ larger: ChunkGrid,
        _ smaller: ChunkGrid
    ) -> Bool {
        coordinates.indices.contains { axis in
            smaller.elements(ofChunk: coordinates[axis], axis: axis).count
                < larger.elements(ofChunk: coordinates[axis], axis: axis).count
        }
    }

    /// Deletes the chunks of a larger grid that lie outside of a smaller one, page by page.
    private func deleteOutside(
        _ larger: StoredArray,
        _ smaller: ChunkGrid,
        _ names: ArrayKeys,
        _ namespace: Namespace
    ) async throws(ArrayWriteError) {
        var walk = StoredKeys(larger, engine: engine, pageKeys: limits.listedKeysMax)
        while let page = try await walk.next() {
            var keys: [ObjectKey] = []
            for chunk in page where !smaller.contains(chunk.coordinates) {
                keys.append(try names.key(chunk.key))
            }
            guard !keys.isEmpty else { continue }
            do throws(StoreError) {
                try await store.deleteAll(keys, in: namespace, actor: actor)
            } catch {
                throw .store(error)
            }
        }
    }

    /// Writes that nothing is left to delete; nil if somebody else replaced the document.
    private func forgetShrink(
        _ document: MetadataDocument
    ) async throws(ArrayWriteError) -> Int64? {
        var document = document
        document.formerShape = nil
        return try await commit(try await batch(document), in: document.namespace)
    }

    /// What the walk and the rewriting of a shrink may take.
    private func planBytes(ofStored array: StoredArray) -> Int {
        let count = min(array.storedChunkCount ?? limits.chunksMax, limits.chunksMax)
        return ChunkRewrite.planBytes(chunks: count, of: array)
    }
}
