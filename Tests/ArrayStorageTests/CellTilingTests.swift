import ArrayModel
import SeededRandom
import Testing

@testable import ArrayStorage

/// Checks that blocks hold every cell once, are no larger than allowed, and follow chunks.
///
/// Method: worked rows, then seeded random selections against the definitions.
@Suite struct CellTilingTests {
    struct Row: Sendable {
        let shape: [Int]
        let chunks: [Int]
        let slice: String
        let cellsMax: Int
        let blocks: Int
        let perChunk: Int
    }

    static let rows = [
        // As many as fit: everything at once, rows of chunks, one chunk, parts of one.
        Row(shape: [8, 8], chunks: [4, 4], slice: "", cellsMax: 64, blocks: 1, perChunk: 1),
        Row(shape: [8, 8], chunks: [4, 4], slice: "", cellsMax: 32, blocks: 2, perChunk: 1),
        Row(shape: [8, 8], chunks: [4, 4], slice: "", cellsMax: 31, blocks: 4, perChunk: 1),
        Row(shape: [8, 8], chunks: [4, 4], slice: "", cellsMax: 8, blocks: 8, perChunk: 2),
        Row(shape: [8, 8], chunks: [4, 4], slice: "", cellsMax: 1, blocks: 64, perChunk: 16),
        // Borders count from the array's beginning, whatever the selection's.
        Row(shape: [9], chunks: [4], slice: "3:", cellsMax: 4, blocks: 3, perChunk: 1),
        Row(shape: [9], chunks: [4], slice: "::-1", cellsMax: 8, blocks: 2, perChunk: 1),
        Row(shape: [9], chunks: [4], slice: "::2", cellsMax: 2, blocks: 3, perChunk: 1),
        Row(shape: [9], chunks: [4], slice: "::5", cellsMax: 9, blocks: 1, perChunk: 1),
        // A list may come back to a chunk.
        Row(shape: [9], chunks: [4], slice: "[0,8,1,8]", cellsMax: 2, blocks: 2, perChunk: 2),
        Row(shape: [], chunks: [], slice: "", cellsMax: 1, blocks: 1, perChunk: 1),
    ]

    @Test(arguments: rows)
    func `blocks are those of the worked rows`(_ row: Row) throws {
        let selection = try Selection(row.slice, shape: row.shape, indexing: .orthogonal)
        let tiling = CellTiling(selection, chunkShape: row.chunks, cellsMax: row.cellsMax)
        #expect(tiling.blockCount == row.blocks)
        #expect(tiling.blocksPerChunk == row.perChunk)
    }

    @Test func `every cell is in one block, and a chunk in as many as is said`() throws {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<300 {
            let rank = Int.random(in: 1...3, using: &random)
            let shape = (0..<rank).map { _ in Int.random(in: 1...9, using: &random) }
            let chunks = (0..<rank).map { _ in Int.random(in: 1...5, using: &random) }
            let selection = try Selection(selectionText(shape, random: &random), shape: shape)
            guard selection.elementCount > 0 else { continue }
            let cellsMax = Int.random(in: 1...40, using: &random)
            let tiling = CellTiling(selection, chunkShape: chunks, cellsMax: cellsMax)
            var seen: [[Int]: Int] = [:]
            var blocksOfChunk: [[Int]: Set<Int>] = [:]
            for number in 0..<tiling.blockCount {
                let box = tiling.box(number)
                let cells = box.counts.reduce(1, *)
                #expect(cells <= cellsMax && cells <= tiling.blockCells)
                forEachIndex(box.counts) { offset in
                    let index = zip(box.lower, offset).map { $0 + $1 }
                    seen[index, default: 0] += 1
                    let chunk = index.indices.map { axis in
                        let taken = selection.axes[axis]
                        return (taken.start + index[axis] * taken.step) / chunks[axis]
                    }
                    blocksOfChunk[chunk, default: []].insert(number)
                }
            }
            #expect(seen.count == selection.elementCount && seen.values.allSatisfy { $0 == 1 })
            let most = blocksOfChunk.values.map(\.count).max() ?? 0
            #expect(most <= tiling.blocksPerChunk)
        }
    }
}
