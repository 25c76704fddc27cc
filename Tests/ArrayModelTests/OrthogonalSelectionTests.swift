import ArrayModel
import SeededRandom
import Testing

/// Holds lists, masks and new axes against NumPy.
///
/// Method: rows that NumPy answered (`Fixtures/arrays/model/orthogonal.json`), the places of errors,
/// and random texts that must not trap.
@Suite struct OrthogonalSelectionTests {
    @Test func `texts select what NumPy selects`() throws {
        let rows = try Fixture.rows("orthogonal.json")
        #expect(rows.count > 20)
        for row in rows {
            let shape = try Fixture.integers(row["shape"])
            let text = try #require(row["text"]?.string)
            guard row["error"] == nil else {
                #expect(throws: SelectionError.self, "\(text) of \(shape)") {
                    try Selection(text, shape: shape, indexing: .orthogonal)
                }
                continue
            }
            let selection = try Selection(text, shape: shape, indexing: .orthogonal)
            #expect(selection.shape == (try Fixture.integers(row["result"])), "\(text)")
            #expect(
                flatElements(selection, shape: shape) == (try Fixture.integers(row["elements"])),
                "\(text) of \(shape)"
            )
        }
    }

    @Test func `a list comes back to a chunk that it left`() throws {
        let grid = ChunkGrid(shape: [12, 7], chunkShape: [4, 7])
        let rows: [(String, Bool)] = [
            ("[0,4,8]", false), ("[0,1,0,3]", false), ("[8,9,4,5,0]", false), ("[0,4,1]", true),
            ("[3,4,3]", true), ("[]", false), ("3:9", false), (":,[0,6,0]", false),
            ("[0,4,1],0:0", false),
        ]
        for (text, expected) in rows {
            let selection = try Selection(text, shape: grid.shape, indexing: .orthogonal)
            #expect(selection.returnsToChunks(of: grid) == expected, "\(text)")
        }
    }

    @Test func `errors say where`() {
        let rows: [(String, [Int], SelectionError)] = [
            ("[1,5,7]", [7], .indexOutOfRange(axis: 0, index: 7, extent: 7)),
            (":,[0,-8]", [5, 7], .indexOutOfRange(axis: 1, index: -8, extent: 7)),
            ("[true]", [2], .maskLength(axis: 0, extent: 2, found: 1)),
            ("[0],[1]", [5, 7], .severalLists(offset: 4)),
            (":,[0,true]", [5, 7], .listMixed(offset: 2)),
            (":,[0,,1]", [5, 7], .indexMissing(offset: 5)),
            (":,[0", [5, 7], .unexpectedCharacter(offset: 2)),
            (":,[0;1]", [5, 7], .unexpectedCharacter(offset: 4)),
            ("[99999999999999999999]", [5], .numberTooLarge(offset: 1)),
            ("[0],0,0", [5, 7], .tooManyIndices(axes: 2, found: 3)),
            (String(repeating: "None,", count: 31) + ":", [5, 7], .tooManyAxes(found: 33)),
        ]
        for (text, shape, expected) in rows {
            #expect(throws: expected, "\(text)") {
                try Selection(text, shape: shape, indexing: .orthogonal)
            }
        }
        #expect(throws: SelectionError.listUnsupported(offset: 2)) {
            try Selection(":,[0]", shape: [5, 7])
        }
    }

    @Test func `lists of a petabyte cannot overflow`() throws {
        let shape = [10_000_000_000, 512, 512, 3]
        #expect(throws: SelectionError.tooManyElements) {
            try Selection(
                ":,[\(String(repeating: "0,", count: 5000))]",
                shape: shape,
                indexing: .orthogonal
            )
        }
        let few = try Selection(samples: [9_999_999_999, -1, 0], shape: shape)
        #expect(few.shape == [3, 512, 512, 3])
        #expect(throws: SelectionError.listTooLong(entries: 1_000_001)) {
            try Selection(samples: Array(repeating: 0, count: 1_000_001), shape: shape)
        }
        #expect(throws: SelectionError.tooManyIndices(axes: 0, found: 1)) {
            try Selection(samples: [0], shape: [])
        }
    }

    @Test func `no text traps`() {
        var random = SeededGenerator(seed: 5)
        let scraps = [
            "0", "1", "-", ":", ",", "...", "[", "]", " ", "None", "newaxis", "true", "False",
            "[0,1]",
            "9223372036854775807", "\0",
        ]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...9, using: &random)
            let text = (0..<count).map { _ in scraps.randomElement(using: &random) ?? "" }.joined()
            for shape in [[], [0], [2], [4, 2], [Int.max - 1, 1, 0]] {
                guard
                    let selection = try? Selection(text, shape: shape, indexing: .orthogonal)
                else { continue }
                #expect(selection.axes.count == shape.count)
                #expect(selection.resultAxes.count == selection.shape.count)
            }
        }
    }
}
