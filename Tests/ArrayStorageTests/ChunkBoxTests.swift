import ArrayModel
import SeededRandom
import StorageModel
import Testing

@testable import ArrayStorage

/// Checks that boxes of chunks meet exactly where they have a chunk in common, and hold what a write changes.
@Suite struct ChunkBoxTests {
    @Test func `boxes meet where they share a chunk, exhaustively on a grid of 3 × 3`() {
        let ranges = (0..<3).flatMap { lower in ((lower + 1)...3).map { lower..<$0 } }
        for (rows, columns) in ranges.flatMap({ row in ranges.map { (row, $0) } }) {
            for (otherRows, otherColumns) in ranges.flatMap({ row in ranges.map { (row, $0) } }) {
                let shares = rows.contains { row in
                    columns.contains { otherRows.contains(row) && otherColumns.contains($0) }
                }
                let meets = ChunkBox([rows, columns]).intersects(
                    ChunkBox([otherRows, otherColumns])
                )
                #expect(meets == shares)
            }
        }
    }

    @Test func `an array without axes has one chunk`() {
        #expect(ChunkBox([]).intersects(ChunkBox([])))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a box has all chunks that a selection touches`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let grid = plainMetadata([23, 17], chunks: [4, 5], .uint8).grid
        for _ in 0..<300 {
            let texts = grid.shape.map { extent in
                let bounds = [0, extent].map { _ in Int.random(in: 0..<extent, using: &random) }
                let step = Int.random(in: 1...9, using: &random)
                return Bool.random(using: &random)
                    ? "\(bounds.min() ?? 0):\((bounds.max() ?? 0) + 1):\(step)"
                    : "\(bounds.max() ?? 0):\(bounds.min() ?? 0):-\(step)"
            }
            let text = texts.joined(separator: ",")
            let selection = try Selection(text, shape: grid.shape)
            let box = ChunkBox(touchedBy: selection, grid: grid)
            let plan = ReadPlan(selection: selection, grid: grid, slabElementsMax: 1)
            guard selection.elementCount > 0 else { continue }
            for piece in plan.everything.pieces {
                let chunk = ChunkBox(piece.chunk.map { $0..<($0 + 1) })
                #expect(box.intersects(chunk), "\(text)")
            }
        }
    }

    @Test func `writers of boxes wait for those they meet alone`() {
        var queue = LockQueue()
        let row = { (index: Int) in LockQueue.Mode.chunks(ChunkBox([index..<(index + 1), 0..<9])) }
        let column = LockQueue.Mode.chunks(ChunkBox([0..<9, 3..<4]))
        let entered = [
            queue.enter(1, row(0)), queue.enter(2, row(1)), queue.enter(3, column),
            queue.enter(4, row(2)), queue.enter(5, row(0)),
        ]
        // The fourth meets the third, which waits.
        #expect(entered == [true, true, false, false, false])
        let served = [queue.leave(2), queue.leave(1), queue.leave(3)]
        #expect(served == [[], [3], [4, 5]])
        let left = [queue.leave(4), queue.leave(5)]
        #expect(left == [[], []])
        #expect(queue.isEmpty)
    }
}
