import ArrayModel
import ObjectStorage
import StorageModel

extension ArrayWriter {
    /// Commits a batch that makes an array smaller, with all that follows for its chunks.
    ///
    /// - Returns: Nil if what the batch expects does not hold; chunks outside may be gone already.
    func shrink(
        _ array: ResolvedArray,
        to smaller: ChunkGrid,
        with batch: WriteBatch
    ) async throws(ArrayWriteError) -> WriteReceipt? {
        let stored = try stored(array)
        let names = ArrayKeys(array.node, in: array.namespace)
        // Nobody writes a chunk between the walk and the change.
        return try await locks.withLocks([names.folderLock]) {
            () async throws(ArrayWriteError) -> WriteReceipt? in
            let outside = try await outsideChunks(stored, smaller, names, array.namespace)
            var trimming = try ChunkRewrite(self, array) { _ throws(ArrayWriteError) in
                outside.clipped.map { ChunkChange(trimming: $0, to: smaller) }
            }
            try await trimming.stage()
            var batch = batch
            batch.puts += try trimming.puts()
            for chunk in outside.gone { batch.deletions.append(try names.key(chunk.key)) }
            guard let sequence = try await commit(batch, in: array.namespace) else { return nil }
            return WriteReceipt(
                chunks: outside.deletedBefore + outside.gone.count + outside.clipped.count,
                sequence: sequence
            )
        }
    }

    /// Stored chunks that a smaller shape concerns.
    private struct OutsideChunks: Sendable {
        /// Wholly outside.
        var gone: [StoredChunk] = []
        /// Partly outside.
        var clipped: [StoredChunk] = []
        /// How many were deleted already, being too many for one change.
        var deletedBefore = 0
    }

    private func outsideChunks(
        _ array: StoredArray,
        _ smaller: ChunkGrid,
        _ names: ArrayKeys,
        _ namespace: Namespace
    ) async throws(ArrayWriteError) -> OutsideChunks {
        let half = limits.chunksMax / 2
        var outside = OutsideChunks()
        var walk = StoredKeys(array, engine: engine, pageKeys: limits.listedKeysMax)
        while let page = try await walk.next() {
            for chunk in page {
                if !smaller.contains(chunk.coordinates) {
                    outside.gone.append(chunk)
                } else if Self.isCut(chunk.coordinates, array.grid, smaller) {
                    outside.clipped.append(chunk)
                }
            }
            guard outside.clipped.count <= half else {
                throw .chunksTooMany(count: outside.clipped.count, limit: half)
            }
            if outside.gone.count > half {
                // The walk goes on behind them.
                try await delete(outside.gone, names, namespace)
                outside.deletedBefore += outside.gone.count
                outside.gone = []
            }
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

    private func delete(
        _ chunks: [StoredChunk],
        _ names: ArrayKeys,
        _ namespace: Namespace
    ) async throws(ArrayWriteError) {
        guard !chunks.isEmpty else { return }
        var keys: [ObjectKey] = []
        for chunk in chunks { keys.append(try names.key(chunk.key)) }
        do throws(StoreError) {
            try await store.deleteAll(keys, in: namespace, actor: actor)
        } catch {
            throw .store(error)
        }
    }
}
