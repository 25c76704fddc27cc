import ArrayModel

/// What is taken from one chunk.
struct TouchedChunk: Sendable {
    /// The chunk's coordinates in the grid.
    let coordinates: [Int]
    /// One piece, or several if the selection has a list.
    var pieces: [ChunkPiece]
}

/// Chunks that are read in one go on one thread.
struct ChunkBatch: Sendable {
    let chunks: [TouchedChunk]
}

/// Where pieces of work come from.
protocol PartSource<Work> {
    /// What is done in one go on one thread.
    associatedtype Work: Sendable

    /// The next piece of work, or `nil` after the last; never an empty one.
    mutating func next() async throws(ArrayReadError) -> Work?
}

/// Pieces of work that are known.
struct ListedParts<Work: Sendable>: PartSource {
    private var remaining: ArraySlice<Work>

    init(_ parts: [Work]) {
        remaining = parts[...]
    }

    mutating func next() -> Work? { remaining.popFirst() }
}

/// The bounds of one batch.
struct BatchSize: Sendable {
    /// The pieces from which on a batch takes no further chunk; a selection with a list has many.
    static let piecesMax = 1024

    let chunksMax: Int

    /// As many chunks of an array as the limits allow in one piece of work, at least one.
    init(_ array: StoredArray, limits: ArrayReaderLimits) {
        let byBytes = limits.batchBytesMax / max(array.decoder.chunkBytes, 1)
        chunksMax = min(limits.batchChunksMax, max(byBytes, 1))
    }
}

/// All pieces of a slab, whether their chunks are stored or not.
struct TouchedChunks: PartSource {
    private var chunks: TouchedChunkSequence
    private let size: BatchSize

    init(_ slab: Slab, size: BatchSize) {
        chunks = TouchedChunkSequence(slab)
        self.size = size
    }

    mutating func next() -> ChunkBatch? {
        var batch: [TouchedChunk] = []
        var pieces = 0
        while batch.count < size.chunksMax, pieces < BatchSize.piecesMax,
            let chunk = chunks.next()
        {
            batch.append(chunk)
            pieces += chunk.pieces.count
        }
        return batch.isEmpty ? nil : ChunkBatch(chunks: batch)
    }
}

/// The chunks of a slab, each with all of its pieces.
struct TouchedChunkSequence: Sequence, IteratorProtocol {
    private var pieces: PieceSequence.Iterator
    private var pending: ChunkPiece?

    init(_ slab: Slab) {
        pieces = slab.pieces.makeIterator()
        pending = pieces.next()
    }

    mutating func next() -> TouchedChunk? {
        guard let first = pending else { return nil }
        var chunk = TouchedChunk(coordinates: first.chunk, pieces: [first])
        pending = pieces.next()
        while let piece = pending, piece.chunk == chunk.coordinates {
            chunk.pieces.append(piece)
            pending = pieces.next()
        }
        return chunk
    }
}

/// The pieces of a slab whose chunks are among those that are known to be stored.
struct KnownChunks: PartSource {
    private let slab: Slab
    private var remaining: ArraySlice<[Int]>
    private let size: BatchSize

    init(_ slab: Slab, stored: [[Int]], size: BatchSize) {
        self.slab = slab
        remaining = stored[...]
        self.size = size
    }

    mutating func next() -> ChunkBatch? {
        var batch: [TouchedChunk] = []
        var count = 0
        while batch.count < size.chunksMax, count < BatchSize.piecesMax,
            let coordinates = remaining.popFirst()
        {
            let pieces = slab.pieces(ofChunk: coordinates)
            guard !pieces.isEmpty else { continue }
            count += pieces.count
            batch.append(TouchedChunk(coordinates: coordinates, pieces: pieces))
        }
        return batch.isEmpty ? nil : ChunkBatch(chunks: batch)
    }
}

/// The pieces of a slab whose chunks a listing of the line finds, page by page.
struct ListedChunks: PartSource {
    private static let pageKeys = 1000

    private let slab: Slab
    private let array: StoredArray
    private let engine: ReadEngine
    private let size: BatchSize
    private let prefix: String
    private var page: ArraySlice<String> = []
    private var marker: String?
    private var isLastPage = false

    init(
        _ slab: Slab,
        prefix: String,
        array: StoredArray,
        engine: ReadEngine,
        size: BatchSize
    ) {
        self.prefix = prefix
        self.slab = slab
        self.array = array
        self.engine = engine
        self.size = size
    }

    mutating func next() async throws(ArrayReadError) -> ChunkBatch? {
        var batch: [TouchedChunk] = []
        var count = 0
        while batch.count < size.chunksMax, count < BatchSize.piecesMax {
            if page.isEmpty {
                guard !isLastPage else { break }
                try await turnPage()
            } else if let coordinates = array.coordinates(page.removeFirst()) {
                let pieces = slab.pieces(ofChunk: coordinates)
                guard !pieces.isEmpty else { continue }
                count += pieces.count
                batch.append(TouchedChunk(coordinates: coordinates, pieces: pieces))
            }
        }
        return batch.isEmpty ? nil : ChunkBatch(chunks: batch)
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
