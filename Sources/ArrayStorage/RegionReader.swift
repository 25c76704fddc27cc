import ArrayModel
import NIOCore

/// Reads a region of an array as slabs: its elements in C order, little-endian, some megabytes at a
/// time.
///
/// Memory is bounded by two slabs, the one being sent and the next, and the chunks being decoded,
/// whatever the region; it is set aside until the last copy of the reader goes. A chunk is always read
/// whole, so a slab never mixes two states of one chunk; two chunks may be of different states.
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

    init(_ array: StoredArray, selection: Selection, engine: ReadEngine, budget: SlabBudget) {
        self.array = array
        self.engine = engine
        byteCount = selection.elementCount * array.itemBytes
        retention = byteCount <= engine.limits.cacheBytesMax / 4 ? .keep : .pass
        let wanted = Self.slabBytes(array, selection: selection, limits: engine.limits)
        // While a client takes one slab the next is made, and waits if the client is slow.
        let (twice, overflow) = wanted.multipliedReportingOverflow(by: 2)
        let preferred = overflow ? byteCount : min(twice, byteCount)
        reservation = budget.reserve(
            preferred: preferred,
            minimum: engine.limits.slabBytesMin * 2
        )
        let slabBytes = reservation.bytes == preferred ? wanted : reservation.bytes / 2
        plan = ReadPlan(
            selection: selection,
            grid: array.grid,
            slabElementsMax: max(slabBytes / array.itemBytes, 1)
        )
        slabs = plan.slabs.makeIterator()
    }

    /// The next slab, or `nil` after the last; never an empty one.
    ///
    /// - Throws: ``ArrayReadError``, any case that tells of chunks or of the store.
    public mutating func next() async throws(ArrayReadError) -> ByteBuffer? {
        guard let slab = slabs.next() else { return nil }
        if slab.touchedChunkCount > engine.limits.lookUpsMax {
            if case .notListed = stored { stored = try await listed() }
            if case .listed(let chunks) = stored { return try await read(slab, stored: chunks) }
        }
        return try await read(slab)
    }

    /// Reads a slab by looking up every chunk that it touches.
    private func read(_ slab: Slab) async throws(ArrayReadError) -> ByteBuffer {
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
        _ batches: some ChunkBatchSource
    ) async throws(ArrayReadError) {
        let (array, loader, retention) = (array, engine.loader, retention)
        try await engine.process(batches, merge: { (_: Void) in }) {
            batch throws(ArrayReadError) -> Void in
            let keys = batch.pieces.map { array.key($0.chunk) }
            let entries = try loader.entries(keys, of: array)
            for ((piece, key), entry) in zip(zip(batch.pieces, keys), entries) {
                let isStored =
                    if let entry {
                        try loader.withChunk(key, entry: entry, of: array, retention: retention) {
                            memory.put(piece, of: $0)
                        }
                    } else {
                        false
                    }
                if !isStored { memory.putFillValue(piece) }
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
    /// decoded once.
    private static func slabBytes(
        _ array: StoredArray,
        selection: Selection,
        limits: ArrayReaderLimits
    ) -> Int {
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
}
