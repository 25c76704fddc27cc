import ArrayModel
import SeededRandom
import Testing

/// Holds selections against NumPy and against Python's definition of a slice.
///
/// Method: rows that NumPy answered, then every slice of small extents compared with the definition,
/// then the bounds that no client may pass.
@Suite struct SelectionTests {
    @Test func `texts select what NumPy selects`() throws {
        for row in try Fixture.rows("selections.json") {
            let shape = try Fixture.integers(row["shape"])
            let text = try #require(row["text"]?.string)
            guard row["error"] == nil else {
                #expect(throws: SelectionError.self, "\(text) of \(shape)") {
                    try Selection(text, shape: shape)
                }
                continue
            }
            let selection = try Selection(text, shape: shape)
            #expect(selection.shape == (try Fixture.integers(row["result"])), "\(text)")
            #expect(
                flatElements(selection, shape: shape) == (try Fixture.integers(row["elements"])),
                "\(text) of \(shape)"
            )
        }
    }

    @Test func `every slice of extents to 6 is Python's`() throws {
        let bounds: [Int?] = [nil] + (-8...8).map { $0 }
        for extent in 0...6 {
            for start in bounds {
                for stop in bounds {
                    for step in [nil, -7, -3, -2, -1, 1, 2, 3, 7] as [Int?] {
                        let text = [start, stop, step].map { $0.map(String.init) ?? "" }
                            .joined(separator: ":")
                        let selection = try Selection(text, shape: [extent])
                        let expected = Self.definition(start, stop, step ?? 1, extent: extent)
                        #expect(
                            flatElements(selection, shape: [extent]) == expected,
                            "\(text) of \(extent)"
                        )
                    }
                }
            }
        }
    }

    /// `range(*slice(start, stop, step).indices(extent))`, word for word from the language
    /// reference: walk from the start while the stop is not reached.
    static func definition(_ start: Int?, _ stop: Int?, _ step: Int, extent: Int) -> [Int] {
        func clip(_ index: Int, _ low: Int, _ high: Int) -> Int {
            let wrapped = index < 0 ? index + extent : index
            return wrapped < low ? low : wrapped > high ? high : wrapped
        }
        var result: [Int] = []
        if step > 0 {
            var index = clip(start ?? 0, 0, extent)
            let end = clip(stop ?? extent, 0, extent)
            while index < end { result.append(index); index += step }
        } else {
            var index = start.map { clip($0, -1, extent - 1) } ?? extent - 1
            let end = stop.map { clip($0, -1, extent - 1) } ?? -1
            while index > end { result.append(index); index += step }
        }
        return result
    }

    @Test func `errors say where`() {
        let rows: [(String, [Int], SelectionError)] = [
            ("10", [10], .indexOutOfRange(axis: 0, index: 10, extent: 10)),
            ("0,-8", [5, 7], .indexOutOfRange(axis: 1, index: -8, extent: 7)),
            ("...,7", [5, 7], .indexOutOfRange(axis: 1, index: 7, extent: 7)),
            ("1,2,3", [5, 7], .tooManyIndices(axes: 2, found: 3)),
            ("1, 99999999999999999999", [5, 7], .numberTooLarge(offset: 3)),
            ("1:2:0", [5], .stepZero(offset: 4)),
            ("..., ...", [5], .severalEllipses(offset: 5)),
            (":,newaxis", [5], .newAxis(offset: 2)),
            (":,np.newaxis", [5], .newAxis(offset: 2)),
            ("None", [5], .newAxis(offset: 0)),
            ("1,,2", [5, 5], .indexMissing(offset: 2)),
            ("1;2", [5, 5], .unexpectedCharacter(offset: 1)),
            ("[1", [5], .unexpectedCharacter(offset: 0)),
            ("1_0", [50], .unexpectedCharacter(offset: 1)),
            ("-", [5], .unexpectedCharacter(offset: 1)),
            ("é", [5], .unexpectedCharacter(offset: 0)),
        ]
        for (text, shape, expected) in rows {
            #expect(throws: expected, "\(text)") { try Selection(text, shape: shape) }
        }
        let bytes = ArrayLimits.selectionTextBytesMax + 1
        let long = String(repeating: " ", count: bytes)
        #expect(throws: SelectionError.tooLong(bytes: bytes)) { try Selection(long, shape: [1]) }
    }

    @Test func `extents of 64 bits do not overflow`() throws {
        let extent = Int.max - 1
        let everySecond = try Selection("::2", shape: [extent])
        #expect(everySecond.axes[0].count == extent / 2)
        let backwards = try Selection("::-1", shape: [extent])
        #expect(backwards.axes[0].start == extent - 1)
        #expect(backwards.axes[0].count == extent)
        let far = try Selection("\(Int.max):\(Int.min):\(Int.min)", shape: [extent])
        #expect(far.axes[0].count == 1)
        #expect(far.axes[0].start == extent - 1)
        let last = try Selection("9999999999,511", shape: [10_000_000_000, 512, 512, 3])
        #expect(last.shape == [512, 3])
    }

    @Test func `no text traps`() {
        var random = SeededGenerator(seed: 3)
        let scraps = [
            "0", "1", "-", "+", ":", "::", ",", "...", ".", "[", "]", " ", "None", "newaxis", "x",
            "é",
            "9223372036854775807", "-9223372036854775808", "18446744073709551616", "\t", "\0",
        ]
        for _ in 0..<5000 {
            let count = Int.random(in: 0...8, using: &random)
            let text = (0..<count).map { _ in scraps.randomElement(using: &random) ?? "" }.joined()
            for shape in [[], [0], [3], [4, 5], [Int.max - 1, 1, 0]] {
                guard let selection = try? Selection(text, shape: shape) else { continue }
                #expect(selection.axes.count == shape.count)
                for (axis, extent) in zip(selection.axes, shape) where axis.count > 0 {
                    let last = axis.start + (axis.count - 1) * axis.step
                    #expect((0..<extent).contains(axis.start) && (0..<extent).contains(last))
                }
            }
        }
    }
}

/// The flat numbers of the elements taken, in the C order of the result.
func flatElements(_ selection: Selection, shape: [Int]) -> [Int] {
    var flat = [0]
    for (axis, taken) in selection.axes.enumerated() {
        let indices =
            selection.list?.axis == axis
            ? selection.list?.indices ?? []
            : (0..<taken.count).map { taken.start + $0 * taken.step }
        flat = flat.flatMap { outer in indices.map { outer * shape[axis] + $0 } }
    }
    return flat
}
