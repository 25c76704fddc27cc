import ArrayModel
import CKernels
import NIOCore

/// The computation of statistics over a selection, chunk by chunk.
struct SelectionReduction: Sendable {
    private let array: StoredArray
    private let selection: Selection
    private let slab: Slab
    private let elements: Int
    private let wanted: Set<Statistic>
    private let engine: ReadEngine
    private let empty: Reduction
    /// How many chunks of the array are stored, as the catalog last counted them.
    private let storedChunkCount: Int?

    /// Prepares a computation.
    ///
    /// - Throws: ``ArrayReadError/statisticUnsupported(_:dataType:)``.
    init(
        _ array: StoredArray,
        selection: Selection,
        statistics: Set<Statistic>,
        engine: ReadEngine
    ) throws(ArrayReadError) {
        self.array = array
        self.engine = engine
        wanted = statistics
        self.selection = selection
        elements = selection.elementCount
        slab = ReadPlan(selection: selection, grid: array.grid, slabElementsMax: 1).everything
        empty = try Reduction(array.metadata.dataType, wanted: statistics)
        storedChunkCount = array.storedChunkCount
    }

    /// Computes the statistics.
    func result() async throws(ArrayReadError) -> ArrayStatistics {
        var total = empty
        if elements > 0 {
            let touched = slab.touchedChunkCount
            if touched <= engine.limits.lookUpsMax || touched <= storedChunkCount ?? 0 {
                let size = BatchSize(array, limits: engine.limits)
                try await reduce(TouchedChunks(slab, size: size), into: &total)
            } else {
                let prefix = array.listingPrefix(selection)
                let listed = ListedChunks(slab, prefix: prefix, array: array, engine: engine)
                try await reduce(listed, into: &total)
            }
            // What no stored chunk holds is the fill value, however much that is.
            total.add(array.metadata.fillValue.bytes, repeated: elements - total.count)
        }
        var values: [Statistic: StatisticValue] = [:]
        for statistic in wanted { values[statistic] = total.value(statistic) }
        return ArrayStatistics(count: elements, values: values)
    }

    private func reduce(
        _ batches: some ChunkBatchSource,
        into total: inout Reduction
    ) async throws(ArrayReadError) {
        try await engine.process(batches, merge: { total.merge($0) }) {
            batch throws(ArrayReadError) -> Reduction in try part(of: batch)
        }
    }

    /// The statistics of the stored chunks of one batch.
    private func part(of batch: ChunkBatch) throws(ArrayReadError) -> Reduction {
        var result = empty
        let keys = batch.pieces.map { array.key($0.chunk) }
        let entries = try engine.loader.entries(keys, of: array)
        for ((piece, key), entry) in zip(zip(batch.pieces, keys), entries) {
            guard let entry else { continue }
            _ = try engine.loader.withChunk(key, entry: entry, of: array, retention: .pass) {
                chunk in
                chunk.withUnsafeReadableBytes { add(piece, of: $0, to: &result) }
            }
        }
        return result
    }

    private func add(
        _ piece: ChunkPiece,
        of chunk: UnsafeRawBufferPointer,
        to result: inout Reduction
    ) {
        guard let start = chunk.baseAddress else { return }
        let itemBytes = array.itemBytes
        let items = start + piece.sourceOffset * itemBytes
        let count = piece.elementCount
        if Self.isContiguous(piece), Int(bitPattern: items) % 8 == 0 || itemBytes == 1 {
            result.add(items, count: count, itemBytes: itemBytes)
            return
        }
        let gathered = UnsafeMutableRawPointer.allocate(
            byteCount: max(count * itemBytes, 1),
            alignment: 64
        )
        defer { gathered.deallocate() }
        nave_copy_box(
            gathered,
            StoredArray.strides(of: piece.counts, itemBytes: itemBytes),
            items,
            piece.sourceStrides.map { $0 * itemBytes },
            piece.counts,
            piece.counts.count,
            itemBytes
        )
        result.add(gathered, count: count, itemBytes: itemBytes)
    }

    /// Whether the elements of a piece are neighbours in the chunk, in C order.
    private static func isContiguous(_ piece: ChunkPiece) -> Bool {
        var expected = 1
        for axis in piece.counts.indices.reversed() where piece.counts[axis] > 1 {
            guard piece.sourceStrides[axis] == expected else { return false }
            expected *= piece.counts[axis]
        }
        return true
    }
}
