import SeededRandom
import Testing

@testable import ArrayModel

/// Checks the chunk shapes that are chosen: worked rows, then the promises on random shapes.
@Suite struct ChunkShapeChoiceTests {
    static let rows: [([Int], Int, [Int])] = [
        ([], 4, []),
        ([100, 200], 4, [100, 200]),
        ([10_000_000_000, 512, 512, 3], 1, [64, 128, 128, 3]),
        ([1000, 1000, 1000], 4, [64, 125, 125]),
        ([1 << 40], 8, [524_288]),
        ([0, 3], 1, [1_048_576, 3]),
        ([0, 1024, 1024], 2, [128, 128, 128]),
        ([60_000, 28, 28], 1, [4096, 28, 28]),
        ([3, 100_000, 100_000], 1, [3, 1024, 1024]),
        ([2, 2], 4 << 20, [1, 1]),
    ]

    @Test(arguments: rows)
    func `worked rows`(_ shape: [Int], _ itemBytes: Int, _ expected: [Int]) {
        #expect(ChunkShapeChoice.chunkShape(for: shape, itemBytes: itemBytes) == expected)
    }

    @Test func `chunks are as large as promised`() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let rank = Int.random(in: 0...6, using: &random)
            let shape = (0..<rank).map { _ in
                Int.random(in: 0...(1 << Int.random(in: 0...14, using: &random)), using: &random)
            }
            let itemBytes = [1, 2, 4, 8, 16].randomElement(using: &random) ?? 1
            let chunk = ChunkShapeChoice.chunkShape(for: shape, itemBytes: itemBytes)
            #expect(chunk.count == rank)
            for (extent, edge) in zip(shape, chunk) {
                #expect(edge >= 1)
                #expect(extent == 0 || edge <= extent)
            }
            let bytes = chunk.reduce(itemBytes, *)
            #expect(bytes <= ChunkShapeChoice.chunkBytesMax)
            let whole = shape.map { Double(max($0, 1)) }.reduce(Double(itemBytes), *)
            if !shape.contains(0), whole >= Double(ChunkShapeChoice.chunkBytesMax) {
                #expect(bytes >= ChunkShapeChoice.chunkBytesMax / 4, "\(shape) \(chunk)")
            }
        }
    }
}
