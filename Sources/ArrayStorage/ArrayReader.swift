import ArrayModel
import DiskIO
import NIOCore
import ObjectStorage
import StorageModel

/// Reads and reduces the elements of arrays that the catalog resolved.
public final class ArrayReader: Sendable {
    let engine: ReadEngine
    let budget: SlabBudget
    /// The memory for what the Zarr view makes, until it is sent.
    let viewGate: MemoryGate
    /// The most chunks that ``regionNow(_:_:)`` looks up.
    private static let chunksNowMax = 16
    /// The most bytes that ``regionNow(_:_:)`` copies.
    private static let bytesNowMax = 256 << 10

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - store: Where the chunks are.
    ///   - pool: The threads that read and decode; their number bounds how many chunks are decoded at
    ///     once, for all requests together.
    ///   - limits: The bounds on memory and work.
    public init(store: ObjectStore, pool: BlockingPool, limits: ArrayReaderLimits = .init()) {
        engine = ReadEngine(
            loader: ChunkLoader(store: store, limits: limits),
            pool: pool,
            limits: limits
        )
        budget = SlabBudget(bytesMax: limits.slabsBytesMax)
        viewGate = MemoryGate(bytesMax: limits.viewBytesMax)
    }

    /// Begins to read a region.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - selection: What to read of it; made for the array's shape.
    /// - Returns: A reader at the first slab.
    /// - Throws: ``ArrayReadError/dataTypeNotSliceable(_:)`` or ``ArrayReadError/notDecodable(_:)``.
    public func region(
        _ array: ResolvedArray,
        _ selection: Selection
    ) throws(ArrayReadError) -> RegionReader {
        RegionReader(
            try StoredArray(array, limits: engine.limits),
            selection: selection,
            engine: engine,
            budget: budget
        )
    }

    /// The whole of a small region, if all of its chunks are decoded in memory or not stored.
    ///
    /// Takes some microseconds per chunk and never waits, so it may be called on an event loop.
    ///
    /// - Returns: The elements in C order, little-endian, or `nil`: then use ``region(_:_:)``.
    /// - Throws: As ``region(_:_:)``, and ``ArrayReadError/store(_:)``.
    public func regionNow(
        _ array: ResolvedArray,
        _ selection: Selection
    ) throws(ArrayReadError) -> ByteBuffer? {
        let array = try StoredArray(array, limits: engine.limits)
        let elements = selection.elementCount
        guard elements > 0 else { return ByteBuffer() }
        guard elements <= Self.bytesNowMax / array.itemBytes else { return nil }
        let slab = ReadPlan(selection: selection, grid: array.grid, slabElementsMax: elements)
            .everything
        guard slab.touchedChunkCount <= Self.chunksNowMax else { return nil }
        let pieces = Array(slab.pieces)
        let keys = pieces.map { array.key($0.chunk) }
        let entries = try engine.loader.entries(keys, of: array)
        var chunks: [ByteBuffer?] = []
        for (key, entry) in zip(keys, entries) {
            guard let entry else {
                chunks.append(nil)
                continue
            }
            guard let chunk = engine.loader.cached(key, entry: entry, of: array) else { return nil }
            chunks.append(chunk)
        }
        let memory = SlabMemory(elements: elements, array: array, content: .undefined)
        for (piece, chunk) in zip(pieces, chunks) {
            if let chunk { memory.put(piece, of: chunk) } else { memory.putFillValue(piece) }
        }
        return memory.take()
    }

    /// Computes statistics of a selection without holding it in memory.
    ///
    /// Time is in proportion to the stored chunks that the selection touches; chunks that are not
    /// stored count through the fill value, however many they are.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - selection: What to reduce; made for the array's shape.
    ///   - statistics: Which statistics.
    /// - Returns: A value for each of them.
    /// - Throws: ``ArrayReadError``, any case.
    public func statistics(
        _ array: ResolvedArray,
        _ selection: Selection,
        _ statistics: Set<Statistic>
    ) async throws(ArrayReadError) -> ArrayStatistics {
        let reduction = try SelectionReduction(
            try StoredArray(array, limits: engine.limits),
            selection: selection,
            statistics: statistics,
            engine: engine
        )
        return try await reduction.result()
    }
}
