import ArrayModel
import CKernels
import ObjectStorage
import StorageModel

/// The computation of a smaller plane, chunk by chunk.
struct PlaneReduction: Sendable {
    private let array: StoredArray
    private let plane: Plane
    private let shape: PlaneShape
    private let pass: ChunkPass
    private let kind: nave_item_kind
    private let keys: SummaryKeys
    private let tiles: PlaneTileCache
    private let gathering: PieceGathering

    /// Prepares a computation.
    ///
    /// - Throws: ``ArrayReadError/statisticUnsupported(_:dataType:)`` for elements without an order.
    init(
        _ array: StoredArray,
        _ plane: Plane,
        _ shape: PlaneShape,
        engine: ReadEngine,
        tiles: PlaneTileCache
    ) throws(ArrayReadError) {
        let dataType = array.metadata.dataType
        guard
            dataType != .complex64, dataType != .complex128, let kind = nave_item_kind(dataType)
        else { throw .statisticUnsupported("preview", dataType: dataType.name) }
        self.array = array
        self.plane = plane
        self.shape = shape
        self.kind = kind
        self.tiles = tiles
        pass = ChunkPass(array, plane.selection, engine: engine)
        keys = SummaryKeys(array)
        gathering = PieceGathering(itemBytes: array.itemBytes)
    }

    /// Adds up the cells and divides.
    ///
    /// - Parameter chunks: The chunks to look at; nil for all.
    /// - Returns: The means, row by row.
    /// - Throws: ``ArrayReadError``, any case.
    func means(of chunks: [[Int]]? = nil) async throws(ArrayReadError) -> [Float] {
        let items = shape.height * shape.width * plane.channels
        var sums = [Double](repeating: 0, count: items)
        var counts = [UInt32](repeating: 0, count: items)
        // Elements of stored chunks, NaN included; what is missing is the fill value.
        var seen = counts
        try await pass.run(
            over: chunks,
            empty: [Found](),
            merge: { found in
                for part in found { add(part, &sums, &counts, &seen) }
            },
            visit: { chunk, entry, found throws(ArrayReadError) in
                try visit(chunk, entry, &found)
            }
        )
        return means(sums, counts, seen, isSampled: chunks != nil)
    }

    /// A tile and the box of the plane that it is made of.
    private struct Found: Sendable {
        let tile: PlaneTile
        let rows: Range<Int>
        let columns: Range<Int>
        let channels: Range<Int>
    }

    private func visit(
        _ chunk: ChunkSnapshot.Chunk,
        _ entry: ObjectEntry,
        _ found: inout [Found]
    ) throws(ArrayReadError) {
        // One piece, as only a list would make more of a chunk, and a plane has none.
        guard let piece = chunk.pieces.first else { return }
        let (rows, columns) = (range(piece, plane.axes.row), range(piece, plane.axes.column))
        let channels = plane.axes.channel.map { range(piece, $0) } ?? 0..<1
        let key = key(of: piece, chunk.key, entry)
        if let tile = tiles.tile(key) {
            found.append(
                Found(tile: tile, rows: rows, columns: columns, channels: channels)
            )
            return
        }
        let last = [plane.axes.row, plane.axes.column] + (plane.axes.channel.map { [$0] } ?? [])
        let axes = piece.counts.indices.filter { !last.contains($0) } + last
        var made: (tile: PlaneTile, entry: ObjectEntry)?
        try pass.withBytes(of: chunk, entry) { bytes, present in
            gathering.with(piece, of: bytes, axes: axes) { items, _ in
                let tile = PlaneTile(
                    items,
                    kind: kind,
                    rows: rows,
                    columns: columns,
                    shape: shape,
                    channels: channels.count,
                    itemBytes: array.itemBytes
                )
                made = (tile, present)
            }
        }
        guard let made else { return }
        found.append(
            Found(tile: made.tile, rows: rows, columns: columns, channels: channels)
        )
        // A tile as large as its chunk is better read again.
        guard shape.rowFactor > 1 || shape.columnFactor > 1 else { return }
        tiles.keep(made.tile, self.key(of: piece, chunk.key, made.entry))
    }

    /// What the tile of a piece is kept under.
    private func key(
        of piece: ChunkPiece,
        _ key: String,
        _ entry: ObjectEntry
    ) -> PlaneTileCache.Key {
        // Which place along the other axes, and which box.
        let place = [piece.sourceOffset] + piece.counts
        return PlaneTileCache.Key(
            chunk: keys.key(key, entry, place),
            axes: plane.axes,
            shape: shape
        )
    }

    /// Where a piece lies in the plane along an axis that is taken whole and in steps of one.
    private func range(_ piece: ChunkPiece, _ axis: Int) -> Range<Int> {
        let lower = array.grid.elements(ofChunk: piece.chunk[axis], axis: axis).lowerBound
        return lower..<(lower + piece.counts[axis])
    }

    /// Adds a tile to the cells, and notes how many elements its box has in each.
    private func add(
        _ found: Found,
        _ sums: inout [Double],
        _ counts: inout [UInt32],
        _ seen: inout [UInt32]
    ) {
        let (tile, channels) = (found.tile, found.channels)
        var source = 0
        for row in tile.rows {
            let rows = overlap(row, shape.rowFactor, found.rows)
            for column in tile.columns {
                let columns = overlap(column, shape.columnFactor, found.columns)
                let elements = UInt32(truncatingIfNeeded: rows &* columns)
                let cell = (row * shape.width + column) * plane.channels
                for channel in channels {
                    sums[cell + channel] += tile.sums[source]
                    counts[cell + channel] &+= tile.counts[source]
                    seen[cell + channel] &+= elements
                    source += 1
                }
            }
        }
    }

    private func overlap(_ cell: Int, _ factor: Int, _ box: Range<Int>) -> Int {
        let lower = cell * factor
        // The end of the last cell of an axis may lie beyond 64 bits.
        let upper = lower.addingReportingOverflow(factor)
        return min(upper.overflow ? .max : upper.partialValue, box.upperBound)
            - max(lower, box.lowerBound)
    }

    private func means(
        _ sums: [Double],
        _ counts: [UInt32],
        _ seen: [UInt32],
        isSampled: Bool
    ) -> [Float] {
        let fill = fillValue
        var means = [Float](repeating: .nan, count: sums.count)
        for row in 0..<shape.height {
            let rows = overlap(row, shape.rowFactor, 0..<plane.height)
            for column in 0..<shape.width {
                let columns = overlap(column, shape.columnFactor, 0..<plane.width)
                let cell = row * shape.width + column
                let area = Double(rows) * Double(columns)
                for channel in 0..<plane.channels {
                    let item = cell * plane.channels + channel
                    // Of a sampled cell one chunk stands for all.
                    let missing =
                        isSampled && seen[item] > 0 ? 0 : max(area - Double(seen[item]), 0)
                    let weight = fill[channel].isNaN ? 0 : missing
                    let count = Double(counts[item]) + weight
                    guard count > 0 else { continue }
                    let sum = sums[item] + (weight > 0 ? fill[channel] * weight : 0)
                    means[item] = Float(sum / count)
                }
            }
        }
        return means
    }

    /// The fill value of every channel.
    private var fillValue: [Double] {
        var sums: [Double] = [0]
        var counts: [UInt32] = [0]
        array.metadata.fillValue.bytes.withUnsafeBytes { bytes in
            nave_shrink_row(kind, bytes.baseAddress, 1, 1, 0, 1, &sums, &counts)
        }
        return Array(repeating: counts[0] == 0 ? .nan : sums[0], count: plane.channels)
    }
}
