import ArrayModel

/// Pieces of chunks that are read in one go on one thread.
struct ChunkBatch: Sendable {
    let pieces: [ChunkPiece]
}

/// Where batches come from.
protocol ChunkBatchSource {
    /// The next batch, or `nil` after the last; never an empty one.
    mutating func next() async throws(ArrayReadError) -> ChunkBatch?
}

/// The bounds of one batch.
struct BatchSize: Sendable {
    let chunksMax: Int

    /// As many chunks of an array as the limits allow in one piece of work, at least one.
    init(_ array: StoredArray, limits: ArrayReaderLimits) {
        let byBytes = limits.batchBytesMax / max(array.decoder.chunkBytes, 1)
        chunksMax = min(limits.batchChunksMax, max(byBytes, 1))
    }
}

/// All pieces of a slab, whether their chunks are stored or not.
struct TouchedChunks: ChunkBatchSource {
    private var pieces: PieceSequence.Iterator
    private let size: BatchSize

    init(_ slab: Slab, size: BatchSize) {
        pieces = slab.pieces.makeIterator()
        self.size = size
    }

    mutating func next() -> ChunkBatch? {
        var batch: [ChunkPiece] = []
        while batch.count < size.chunksMax, let piece = pieces.next() { batch.append(piece) }
        return batch.isEmpty ? nil : ChunkBatch(pieces: batch)
    }
}

/// The pieces of a slab whose chunks are among those that are known to be stored.
struct KnownChunks: ChunkBatchSource {
    private let slab: Slab
    private var remaining: ArraySlice<[Int]>
    private let size: BatchSize

    init(_ slab: Slab, stored: [[Int]], size: BatchSize) {
        self.slab = slab
        remaining = stored[...]
        self.size = size
    }

    mutating func next() -> ChunkBatch? {
        var batch: [ChunkPiece] = []
        while batch.count < size.chunksMax, let coordinates = remaining.popFirst() {
            if let piece = slab.piece(ofChunk: coordinates) { batch.append(piece) }
        }
        return batch.isEmpty ? nil : ChunkBatch(pieces: batch)
    }
}

/// The pieces of a slab whose chunks a listing of the line finds, page by page.
struct ListedChunks: ChunkBatchSource {
    private static let pageKeys = 1000

    private let slab: Slab
    private let array: StoredArray
    private let engine: ReadEngine
    private let size: BatchSize
    private let prefix: String
    private var page: ArraySlice<String> = []
    private var marker: String?
    private var isLastPage = false

    init(_ slab: Slab, prefix: String, array: StoredArray, engine: ReadEngine) {
        self.prefix = prefix
        self.slab = slab
        self.array = array
        self.engine = engine
        size = BatchSize(array, limits: engine.limits)
    }

    mutating func next() async throws(ArrayReadError) -> ChunkBatch? {
        var batch: [ChunkPiece] = []
        while batch.count < size.chunksMax {
            if page.isEmpty {
                guard !isLastPage else { break }
                try await turnPage()
            } else if let coordinates = array.coordinates(page.removeFirst()),
                let piece = slab.piece(ofChunk: coordinates)
            {
                batch.append(piece)
            }
        }
        return batch.isEmpty ? nil : ChunkBatch(pieces: batch)
    }

    private mutating func turnPage() async throws(ArrayReadError) {
        let (array, prefix, marker, loader) = (array, prefix, marker, engine.loader)
        let keys = try await engine.blocking { () throws(ArrayReadError) -> [String] in
            try loader.keys(
                prefix: prefix,
                of: array,
                after: marker,
                limit: Self.pageKeys
            )
        }
        page = keys[...]
        self.marker = keys.last
        isLastPage = keys.count < Self.pageKeys
    }
}
