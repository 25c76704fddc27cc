import ArrayModel
import NIOCore

/// Reads boxes of one array one after the other: the elements of every box in C order, little-endian.
///
/// As many boxes as fit in a slab are read together, so that a chunk that several of them touch is
/// decoded once, and all of their chunks are of one state. A box that is larger than a slab is read as
/// a region of its own.
public struct BoxReader: Sendable {
    /// How many bytes all boxes together have; nil if that cannot be counted.
    public let byteCount: Int?

    private let resolved: ResolvedArray
    private let array: StoredArray
    private let boxes: [Selection]
    private let engine: ReadEngine
    private let budget: SlabBudget
    private let reservation: SlabBudget.Reservation
    private var nextBox = 0
    /// The reader of a large box that has begun.
    private var region: RegionReader?

    init(
        _ resolved: ResolvedArray,
        boxes: [Selection],
        engine: ReadEngine,
        budget: SlabBudget
    ) throws(ArrayReadError) {
        let array = try StoredArray(resolved, limits: engine.limits)
        self.resolved = resolved
        self.array = array
        self.boxes = boxes
        self.engine = engine
        self.budget = budget
        byteCount = boxes.reduce(0 as Int?) { total, box in
            guard let total else { return nil }
            let (bytes, overflow) = box.elementCount.multipliedReportingOverflow(
                by: array.itemBytes
            )
            let (sum, sumOverflow) = total.addingReportingOverflow(bytes)
            return overflow || sumOverflow ? nil : sum
        }
        reservation = budget.reserve(
            preferred: min(byteCount ?? .max, engine.limits.slabBytesPreferred * 2),
            minimum: engine.limits.slabBytesMin * 2
        )
    }

    /// The next bytes, or nil after the last box; never none.
    ///
    /// - Throws: ``ArrayReadError``, any case that tells of chunks or of the store.
    public mutating func next() async throws(ArrayReadError) -> ByteBuffer? {
        while true {
            if let slab = try await region?.next() { return slab }
            region = nil
            guard nextBox < boxes.count else { return nil }
            let window = window()
            guard window.boxes.isEmpty else {
                nextBox = window.boxes.upperBound
                if window.elements > 0 { return try await read(window) }
                continue
            }
            region = RegionReader(
                array,
                selection: boxes[nextBox],
                engine: engine,
                budget: budget
            )
            nextBox += 1
        }
    }

    /// Boxes that are read together.
    private struct Window: Sendable {
        var boxes: Range<Int>
        var elements = 0
        var chunks = 0
        var pieces = 0
    }

    /// The next boxes, as many as fit; none if not even one does.
    private func window() -> Window {
        let elementsMax = max(reservation.bytes / 2 / array.itemBytes, 1)
        var window = Window(boxes: nextBox..<nextBox)
        while window.boxes.upperBound < boxes.count,
            window.boxes.count < ArrayLimits.slabPiecesMax
        {
            let box = boxes[window.boxes.upperBound]
            guard box.elementCount <= elementsMax - window.elements else { break }
            let slab = slab(box)
            let (chunks, pieces) = (slab.touchedChunkCount, slab.pieceCount)
            guard
                chunks <= engine.limits.lookUpsMax - window.chunks,
                pieces <= ArrayLimits.slabPiecesMax - window.pieces
            else { break }
            window.elements += box.elementCount
            window.chunks += chunks
            window.pieces += pieces
            window.boxes = window.boxes.lowerBound..<(window.boxes.upperBound + 1)
        }
        return window
    }

    private func slab(_ box: Selection) -> Slab {
        ReadPlan(selection: box, grid: array.grid, slabElementsMax: max(box.elementCount, 1))
            .everything
    }

    private func read(_ window: Window) async throws(ArrayReadError) -> ByteBuffer {
        let memory = SlabMemory(elements: window.elements, array: array, content: .undefined)
        let reading = SnapshotReading(array: array, engine: engine, retention: .keep)
        try await reading.read(into: memory, chunkCount: window.chunks) { touchedChunks(window) }
        return memory.take()
    }

    /// The chunks of a window, each with its pieces for all boxes.
    private func touchedChunks(_ window: Window) -> [TouchedChunk] {
        var chunks: [TouchedChunk] = []
        var places: [[Int]: Int] = [:]
        var offset = 0
        for box in boxes[window.boxes] where box.elementCount > 0 {
            for piece in slab(box).pieces {
                let moved = piece.moved(by: offset)
                if let place = places[piece.chunk] {
                    chunks[place].pieces.append(moved)
                } else {
                    places[piece.chunk] = chunks.count
                    chunks.append(TouchedChunk(coordinates: piece.chunk, pieces: [moved]))
                }
            }
            offset += box.elementCount
        }
        return chunks
    }
}

extension ArrayReader {
    /// Begins to read boxes of an array, one after the other.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - boxes: Selections made for the array's shape.
    /// - Returns: A reader at the first box.
    /// - Throws: ``ArrayReadError/dataTypeNotSliceable(_:)`` or ``ArrayReadError/notDecodable(_:)``.
    public func boxes(
        _ array: ResolvedArray,
        _ boxes: [Selection]
    ) throws(ArrayReadError) -> BoxReader {
        try BoxReader(array, boxes: boxes, engine: engine, budget: budget)
    }
}
