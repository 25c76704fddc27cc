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
    let viewMemory: ViewMemory
    /// The memory for percentiles and histograms along axes.
    let cellGate: MemoryGate
    /// Levels of large planes.
    let tiles: PlaneTileCache
    /// The most chunks that ``regionNow(_:_:)`` looks up.
    private static let chunksNowMax = 16
    /// The most pieces of them, and the longest list.
    private static let piecesNowMax = 256
    private static let listNowMax = 256
    /// The most bytes that ``regionNow(_:_:)`` copies.
    private static let bytesNowMax = 256 << 10

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - store: Where the chunks are.
    ///   - pool: The threads that read and decode; their number bounds how many chunks are decoded at
    ///     once, for all requests together.
    ///   - limits: The bounds on memory and work.
    ///   - summaries: Says in which file statistics of chunks are kept over a restart, which may change;
    ///     nil keeps them in memory alone. It is derived and may be deleted while no reader uses it.
    ///   - fileSystem: Where that file is.
    public init(
        store: ObjectStore,
        pool: BlockingPool,
        limits: ArrayReaderLimits = .init(),
        summaries: (@Sendable () -> String)? = nil,
        fileSystem: any FileSystem = PosixFileSystem()
    ) {
        engine = ReadEngine(
            loader: ChunkLoader(store: store, limits: limits),
            pool: pool,
            limits: limits,
            summaries: SummaryStore(
                file: summaries.map { SummaryFile(at: $0, fileSystem: fileSystem) },
                entriesMax: limits.summariesMax
            )
        )
        budget = SlabBudget(bytesMax: limits.slabsBytesMax)
        viewMemory = ViewMemory(bytesMax: limits.viewBytesMax)
        cellGate = MemoryGate(bytesMax: limits.cellsBytesMax)
        tiles = PlaneTileCache(bytesMax: limits.tilesBytesMax)
    }

    /// Begins to read a region.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - selection: What to read of it; made for the array's shape.
    ///   - elements: Which elements of the result are wanted, in its C order, within its elements; nil
    ///     for all. The first slab may begin before them and the last may end behind them.
    /// - Returns: A reader at the first slab.
    /// - Throws: ``ArrayReadError/dataTypeNotSliceable(_:)`` or ``ArrayReadError/notDecodable(_:)``.
    public func region(
        _ array: ResolvedArray,
        _ selection: Selection,
        elements: Range<Int>? = nil
    ) throws(ArrayReadError) -> RegionReader {
        RegionReader(
            try StoredArray(array, limits: engine.limits),
            selection: selection,
            elements: elements,
            engine: engine,
            budget: budget
        )
    }

    /// The whole of a small region, if all of its chunks are decoded in memory or not stored.
    ///
    /// Takes some microseconds per chunk and never waits, so it may be called on an event loop.
    ///
    /// - Returns: The elements and their tag, or `nil`: then use ``region(_:_:elements:)``.
    /// - Throws: As ``region(_:_:elements:)``, and ``ArrayReadError/store(_:)``.
    public func regionNow(
        _ array: ResolvedArray,
        _ selection: Selection
    ) throws(ArrayReadError) -> RegionNow? {
        let resolved = array
        let array = try StoredArray(resolved, limits: engine.limits)
        let elements = selection.elementCount
        guard elements > 0 else { return nil }
        guard
            elements <= Self.bytesNowMax / array.itemBytes,
            selection.list.map({ $0.indices.count <= Self.listNowMax }) ?? true
        else { return nil }
        let slab = ReadPlan(selection: selection, grid: array.grid, slabElementsMax: elements)
            .everything
        guard
            slab.touchedChunkCount <= Self.chunksNowMax, slab.pieceCount <= Self.piecesNowMax
        else { return nil }
        let snapshot = try ChunkSnapshot(
            Array(TouchedChunkSequence(slab)),
            of: array,
            loader: engine.loader
        )
        var decoded: [ByteBuffer?] = []
        for chunk in snapshot.chunks {
            guard let entry = chunk.entry else {
                decoded.append(nil)
                continue
            }
            guard let bytes = engine.loader.cached(chunk.key, entry: entry, of: array) else {
                return nil
            }
            decoded.append(bytes)
        }
        let memory = SlabMemory(elements: elements, array: array, content: .undefined)
        for (chunk, bytes) in zip(snapshot.chunks, decoded) {
            for piece in chunk.pieces {
                if let bytes { memory.put(piece, of: bytes) } else { memory.putFillValue(piece) }
            }
        }
        return RegionNow(
            elements: memory.take(),
            tag: ContentTag(resolved, selection, chunks: snapshot)
        )
    }
}

/// A small region that was in memory.
public struct RegionNow: Sendable {
    /// The elements in C order, little-endian.
    public let elements: ByteBuffer
    /// The tag of their content.
    public let tag: ContentTag
}
