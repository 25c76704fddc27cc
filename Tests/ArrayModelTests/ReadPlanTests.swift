import ArrayModel
import SeededRandom
import Testing

/// Holds read plans against the definition: element by element, what the selection names.
///
/// Method: arrays whose elements are their own flat numbers are cut into chunks, read through the
/// plan as a reader would, and compared. All small cases on one axis, then seeded random ones.
@Suite struct ReadPlanTests {
    @Test func `one axis is read right for every small extent, chunk, step and slab`() throws {
        for extent in 0...7 {
            for chunk in 1...8 {
                for text in ["", "::-1", "1:6:2", "6:1:-3", "2:3", "0:0", "::5", "-1::-2"] {
                    let selection = try Selection(text, shape: [extent])
                    for slab in [1, 2, 3, 100] {
                        check(selection, [extent], [chunk], slab)
                    }
                }
            }
        }
    }

    @Test func `random boxes are read right`() throws {
        var random = SeededGenerator(seed: 20_261_122)
        for _ in 0..<3000 {
            let rank = Int.random(in: 0...4, using: &random)
            let shape = (0..<rank).map { _ in Int.random(in: 0...6, using: &random) }
            let chunkShape = (0..<rank).map { _ in Int.random(in: 1...7, using: &random) }
            let text = shape.map { Self.randomIndex(extent: $0, &random) }.joined(separator: ",")
            let selection = try Selection(text, shape: shape)
            check(selection, shape, chunkShape, Int.random(in: 1...80, using: &random))
        }
    }

    @Test func `random lists are read right`() throws {
        var random = SeededGenerator(seed: 20_261_126)
        for _ in 0..<3000 {
            let rank = Int.random(in: 1...4, using: &random)
            let shape = (0..<rank).map { _ in Int.random(in: 1...6, using: &random) }
            let chunkShape = (0..<rank).map { _ in Int.random(in: 1...7, using: &random) }
            var indices = shape.map { Self.randomIndex(extent: $0, &random) }
            let axis = Int.random(in: 0..<rank, using: &random)
            let listed = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                Int.random(in: -shape[axis]..<shape[axis], using: &random)
            }
            indices[axis] = "\(listed)"
            let selection = try Selection(
                indices.joined(separator: ",") + ",",
                shape: shape,
                indexing: .orthogonal
            )
            check(selection, shape, chunkShape, Int.random(in: 1...80, using: &random))
        }
    }

    @Test func `a slab of a list has a bounded number of pieces`() throws {
        // Every other entry is a run of its own, in each of many chunks.
        let list = "[\(Array(repeating: "0,5", count: 1500).joined(separator: ","))]"
        for (text, shape, chunks) in [
            ("\(list)", [10, 4000], [10, 1]), (":,\(list)", [4000, 10], [1, 10]),
            (":,\(list)", [3, 10, 4000], [1, 10, 1]), (":,:,\(list)", [50, 90, 10], [1, 1, 10]),
        ] {
            let selection = try Selection(text, shape: shape, indexing: .orthogonal)
            let plan = ReadPlan(
                selection: selection,
                grid: ChunkGrid(shape: shape, chunkShape: chunks),
                slabElementsMax: 8 << 20
            )
            var elements = 0
            for slab in plan.slabs {
                #expect(slab.pieceCount <= ArrayLimits.slabPiecesMax)
                #expect(slab.firstElement == elements)
                elements += slab.elementCount
            }
            #expect(elements == selection.elementCount)
            #expect(plan.everything.pieceCount > ArrayLimits.slabPiecesMax)
        }
    }

    private static func randomIndex(extent: Int, _ random: inout SeededGenerator) -> String {
        if extent > 0, Int.random(in: 0..<4, using: &random) == 0 {
            return String(Int.random(in: -extent..<extent, using: &random))
        }
        func bound(_ random: inout SeededGenerator) -> String {
            Bool.random(using: &random) ? "" : String(Int.random(in: -8...8, using: &random))
        }
        let step = [-7, -2, -1, 1, 1, 1, 2, 3, 9].randomElement(using: &random) ?? 1
        return "\(bound(&random)):\(bound(&random)):\(step)"
    }

    private func check(
        _ selection: Selection,
        _ shape: [Int],
        _ chunkShape: [Int],
        _ slabElementsMax: Int
    ) {
        let grid = ChunkGrid(shape: shape, chunkShape: chunkShape)
        let plan = ReadPlan(selection: selection, grid: grid, slabElementsMax: slabElementsMax)
        var result: [Int] = []
        for slab in plan.slabs {
            #expect(slab.firstElement == result.count)
            #expect(slab.elementCount >= 1 && slab.elementCount <= slabElementsMax)
            result += contents(of: slab, grid: grid)
        }
        let expected = flatElements(selection, shape: shape)
        #expect(
            result == expected,
            "\(selection.axes) of \(shape) in \(chunkShape), slabs of \(slabElementsMax)"
        )
        guard selection.elementCount > 0 else { return }
        #expect(contents(of: plan.everything, grid: grid) == expected)
        var chunks: [[Int]] = []
        for piece in plan.everything.pieces where piece.chunk != chunks.last {
            chunks.append(piece.chunk)
        }
        #expect(Set(chunks).count == chunks.count, "a chunk is visited twice")
        #expect(plan.everything.touchedChunkCount >= chunks.count)
        let again = chunks.flatMap { plan.everything.pieces(ofChunk: $0) }
        #expect(Set(again) == Set(plan.everything.pieces))
        for skipped in [0, 1, expected.count / 2, expected.count - 1] where skipped < expected.count
        {
            var slabs = plan.slabs.makeIterator()
            slabs.skip(skipped)
            let slab = slabs.next()
            #expect((slab?.firstElement ?? .max) <= skipped)
            #expect(slab.map { $0.firstElement + $0.elementCount } ?? 0 > skipped)
        }
    }

    /// Copies a slab out of chunks, one element at a time, and checks that every place is written
    /// exactly once.
    private func contents(of slab: Slab, grid: ChunkGrid) -> [Int] {
        var result = [Int](repeating: -1, count: slab.elementCount)
        for piece in slab.pieces {
            #expect(grid.contains(piece.chunk))
            for number in 0..<piece.elementCount {
                var (rest, source, target) = (number, piece.sourceOffset, piece.targetOffset)
                for axis in piece.counts.indices.reversed() {
                    let index = rest % piece.counts[axis]
                    rest /= piece.counts[axis]
                    source += index * piece.sourceStrides[axis]
                    target += index * piece.targetStrides[axis]
                }
                #expect(result[target] == -1, "written twice")
                result[target] = flatNumber(source, chunk: piece.chunk, grid: grid)
            }
        }
        #expect(!result.contains(-1), "a place was left out")
        return result
    }

    /// The flat number, in the array, of an element of a decoded chunk.
    private func flatNumber(_ offset: Int, chunk: [Int], grid: ChunkGrid) -> Int {
        var (rest, indices) = (offset, [Int](repeating: 0, count: grid.rank))
        for axis in (0..<grid.rank).reversed() {
            indices[axis] =
                rest % grid.chunkShape[axis] + chunk[axis] * grid.chunkShape[axis]
            rest /= grid.chunkShape[axis]
            #expect(indices[axis] < grid.shape[axis], "beyond the edge of the array")
        }
        #expect(rest == 0, "beyond the end of the chunk")
        return zip(indices, grid.shape).reduce(0) { $0 * $1.1 + $1.0 }
    }

    @Test func `a petabyte is planned without being walked`() throws {
        let grid = ChunkGrid(
            shape: [10_000_000_000, 512, 512, 3],
            chunkShape: [1, 512, 512, 3]
        )
        #expect(grid.chunkCount == 10_000_000_000)
        let plan = ReadPlan(
            selection: .whole(shape: grid.shape),
            grid: grid,
            slabElementsMax: 4 << 20
        )
        var slabs = plan.slabs.makeIterator()
        let begin = slabs.next()
        let first = try #require(begin)
        #expect(first.counts == [5, 512, 512, 3])
        #expect(Array(first.pieces.map { $0.chunk[0] }) == [0, 1, 2, 3, 4])
        #expect(slabs.next()?.firstElement == 5 * 786_432)
        var pieces = plan.everything.pieces.makeIterator()
        #expect(pieces.next()?.targetOffset == 0)
        #expect(pieces.next()?.targetOffset == 786_432)
        let sparse = try Selection("::-9999999999,0,0,0", shape: grid.shape)
        let ends = ReadPlan(selection: sparse, grid: grid, slabElementsMax: 100)
        #expect(ends.everything.pieces.map { $0.chunk[0] } == [9_999_999_999, 0])
    }

    @Test func `slabs end between chunks where they can`() {
        let grid = ChunkGrid(shape: [100, 10], chunkShape: [8, 10])
        let plan = ReadPlan(
            selection: .whole(shape: [100, 10]),
            grid: grid,
            slabElementsMax: 250
        )
        #expect(plan.slabs.map { $0.lower[0] } == [0, 24, 48, 72, 96])
    }

    @Test func `extents and steps of any size do not overflow`() throws {
        var random = SeededGenerator(seed: 64)
        let numbers = [0, 1, -1, 7, Int.max, Int.min, Int.max / 2, 1 << 32, -(1 << 62)]
        for _ in 0..<2000 {
            var room = UInt(Int.max) / 2
            let shape = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                let extent =
                    UInt.random(in: 0...room, using: &random)
                    >> UInt.random(in: 0..<64, using: &random)
                room /= max(extent, 1)
                return Int(extent)
            }
            room = UInt(Int.max) / 2
            let chunkShape = shape.map { _ in
                let extent = max(
                    UInt.random(in: 0...room, using: &random)
                        >> UInt.random(in: 0..<64, using: &random),
                    1
                )
                room /= extent
                return max(Int(extent), 1)
            }
            let text = shape.map { _ in
                (0..<3).map { position in
                    let number = numbers.randomElement(using: &random) ?? 0
                    return number == 0 && position == 2 ? "" : String(number)
                }.joined(separator: ":")
            }.joined(separator: ",")
            let selection = try Selection(text, shape: shape)
            let grid = ChunkGrid(shape: shape, chunkShape: chunkShape)
            let plan = ReadPlan(selection: selection, grid: grid, slabElementsMax: 1000)
            for slab in plan.slabs.prefix(3) {
                for piece in slab.pieces.prefix(3) { #expect(grid.contains(piece.chunk)) }
            }
            for piece in plan.everything.pieces.prefix(3) {
                #expect(grid.contains(piece.chunk))
                #expect(piece.elementCount <= selection.elementCount)
            }
        }
    }
}
