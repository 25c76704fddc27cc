import ArrayModel
import NIOCore

/// Reads a region of an array as slabs: its elements in C order, little-endian, some megabytes at a
/// time.
///
/// Memory is bounded by two slabs, the one being sent and the next, and the chunks being decoded,
/// whatever the region; it is set aside until the last copy of the reader goes.
///
/// The chunks of a slab are of one state of the array, if they are no more than
/// ``ArrayReaderLimits/lookUpsMax``: a slab of which a chunk is replaced before it is read is begun
/// anew. So a region of one slab never shows a part of a change. What it shows of one
/// chunk is always of one of its states.
public struct RegionReader: Sendable {
    /// How many bytes all slabs together have.
    public let byteCount: Int

    private let array: StoredArray
    private let engine: ReadEngine
    private let reservation: SlabBudget.Reservation
    private let plan: ReadPlan
    private var slabs: SlabSequence.Iterator
    private let retention: ChunkLoader.Retention
    private var stored: StoredChunks = .notListed

    /// What is known about which chunks are stored.
    private enum StoredChunks {
        case notListed
        /// So many that they are looked up one by one.
        case many
        case listed([[Int]])
    }

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - selection: What to read of it.
    ///   - elements: Which elements of the result are wanted, in its C order; nil for all. The first
    ///     slab may begin before them, by less than one run of the innermost axes, and the last may
    ///     end behind them.
    ///   - engine: What runs it.
    ///   - budget: Where memory is set aside.
    init(
        _ array: StoredArray,
        selection: Selection,
        elements: Range<Int>? = nil,
        engine: ReadEngine,
        budget: SlabBudget
    ) {
        self.array = array
        self.engine = engine
        byteCount = selection.elementCount * array.itemBytes
        retention = byteCount <= engine.limits.cacheBytesMax / 4 ? .keep : .pass
        let wanted = Self.slabBytes(array, selection: selection, limits: engine.limits)
        // While a client takes one slab the next is made, and waits if the client is slow.
        let (twice, overflow) = wanted.multipliedReportingOverflow(by: 2)
        let reach = min(elements.map { max($0.count, 1) * array.itemBytes } ?? byteCount, byteCount)
        let preferred = overflow ? reach : min(twice, reach)
        reservation = budget.reserve(
            preferred: preferred,
            otherwise: min(engine.limits.slabBytesPreferred * 2, reach),
            minimum: engine.limits.slabBytesMin * 2
        )
        let slabBytes = reservation.bytes == preferred ? wanted : reservation.bytes / 2
        let slabElements = max(slabBytes / array.itemBytes, 1)
        plan = ReadPlan(
            selection: selection,
            grid: array.grid,
            slabElementsMax: elements.map { min(slabElements, max($0.count, 1)) } ?? slabElements
        )
        slabs = plan.slabs.makeIterator()
        if let elements { slabs.skip(elements.lowerBound) }
    }

    /// The next slab, or `nil` after the last; never an empty one.
    ///
    /// - Throws: ``ArrayReadError``, any case that tells of chunks or of the store.
    public mutating func next() async throws(ArrayReadError) -> ByteBuffer? {
        try await nextPlaced()?.bytes
    }

    /// The next slab with the place of its first element in the result, or `nil` after the last.
    ///
    /// - Throws: ``ArrayReadError``, any case that tells of chunks or of the store.
    public mutating func nextPlaced() async throws(ArrayReadError) -> PlacedSlab? {
        guard let slab = slabs.next() else { return nil }
        return PlacedSlab(firstElement: slab.firstElement, bytes: try await bytes(of: slab))
    }

    private mutating func bytes(of slab: Slab) async throws(ArrayReadError) -> ByteBuffer {
        let touched = slab.touchedChunkCount
        guard touched > engine.limits.lookUpsMax else {
            let memory = SlabMemory(elements: slab.elementCount, array: array, content: .undefined)
            let reading = SnapshotReading(array: array, engine: engine, retention: retention)
            try await reading.read(into: memory, chunkCount: touched) {
                Array(TouchedChunkSequence(slab))
            }
            return memory.take()
        }
        if case .notListed = stored { stored = try await listed() }
        if case .listed(let chunks) = stored { return try await read(slab, stored: chunks) }
        let memory = SlabMemory(elements: slab.elementCount, array: array, content: .undefined)
        let batches = TouchedChunks(slab, size: BatchSize(array, limits: engine.limits))
        try await fill(memory, batches)
        return memory.take()
    }

    /// Reads a slab of which few chunks are stored.
    private func read(
        _ slab: Slab,
        stored: [[Int]]
    ) async throws(ArrayReadError) -> ByteBuffer {
        let memory = SlabMemory(elements: slab.elementCount, array: array, content: .fillValue)
        let batches = KnownChunks(
            slab,
            stored: stored,
            size: BatchSize(array, limits: engine.limits)
        )
        try await fill(memory, batches)
        return memory.take()
    }

    private func fill(
        _ memory: SlabMemory,
        _ batches: some PartSource<ChunkBatch>
    ) async throws(ArrayReadError) {
        let (array, loader, retention) = (array, engine.loader, retention)
        try await engine.process(batches, merge: { (_: Void) in }) {
            batch throws(ArrayReadError) -> Void in
            let snapshot = try ChunkSnapshot(batch.chunks, of: array, loader: loader)
            for chunk in snapshot.chunks {
                let isStored =
                    if let entry = chunk.entry {
                        try loader.withChunk(
                            chunk.key,
                            entry: entry,
                            of: array,
                            retention: retention
                        ) { bytes, _ in
                            for piece in chunk.pieces { memory.put(piece, of: bytes) }
                        }
                    } else {
                        false
                    }
                if !isStored { for piece in chunk.pieces { memory.putFillValue(piece) } }
            }
        }
    }

    /// The stored chunks of the array, if they are few.
    private func listed() async throws(ArrayReadError) -> StoredChunks {
        let (array, loader, limit) = (array, engine.loader, engine.limits.lookUpsMax)
        let prefix = array.listingPrefix(plan.selection)
        return try await engine.blocking { () throws(ArrayReadError) -> StoredChunks in
            let keys = try loader.keys(
                prefix: prefix,
                of: array,
                after: nil,
                limit: limit
            )
            return keys.count < limit ? .listed(keys.compactMap(array.coordinates)) : .many
        }
    }

    /// How thick a slab should be: a row of chunks, if that is not too much, so that every chunk is
    /// decoded once; as much as may be for a list that comes back to chunks, such as random samples.
    private static func slabBytes(
        _ array: StoredArray,
        selection: Selection,
        limits: ArrayReaderLimits
    ) -> Int {
        if let bytes = scatteredBytes(array, selection, limits) { return bytes }
        var inner = array.itemBytes
        for (axis, taken) in selection.axes.enumerated().reversed() {
            let (whole, overflow) = inner.multipliedReportingOverflow(by: taken.count)
            if overflow || whole > limits.slabBytesPreferred {
                let run =
                    (array.grid.chunkShape[axis] - 1) / Int(clamping: taken.step.magnitude) + 1
                let row = inner.multipliedReportingOverflow(by: min(run, taken.count))
                let wanted = row.overflow ? limits.slabBytesMax : row.partialValue
                return min(max(wanted, limits.slabBytesPreferred), limits.slabBytesMax)
            }
            inner = whole
        }
        return limits.slabBytesPreferred
    }

    /// How much of a list that comes back to chunks is read together; nil for anything that gains nothing
    /// by more than a slab of the usual length.
    private static func scatteredBytes(
        _ array: StoredArray,
        _ selection: Selection,
        _ limits: ArrayReaderLimits
    ) -> Int? {
        guard let list = selection.list, selection.elementCount > 0, !array.decoder.isIdentity
        else {
            return nil
        }
        let indexBytes = selection.elementCount / list.indices.count * array.itemBytes
        // A slab has no more pieces, and of listed indices each may be one.
        let reach = min(list.indices.count, ArrayLimits.slabPiecesMax)
            .multipliedReportingOverflow(by: indexBytes)
        let bytes =
            reach.overflow ? limits.slabBytesMax : min(reach.partialValue, limits.slabBytesMax)
        guard bytes > limits.slabBytesPreferred, indexBytes <= limits.slabBytesMax / 2,
            selection.returnsToChunks(of: array.grid)
        else { return nil }
        return bytes
    }
}

/// A slab and where it belongs.
public struct PlacedSlab: Sendable {
    /// The place of its first element in the result, counted in C order.
    public let firstElement: Int
    /// Its elements, little-endian.
    public let bytes: ByteBuffer
}
