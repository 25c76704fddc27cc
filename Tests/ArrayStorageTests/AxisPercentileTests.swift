import ArrayModel
import CKernels
import SeededRandom
import Testing

@testable import ArrayStorage

/// Checks percentiles and histograms along axes, whichever way they are computed.
///
/// Method: random arrays with limits that force each way, against a sort of every cell; the plans that
/// are chosen for layouts that are met in practice. What NumPy says is compared with over the wire.
@Suite struct AxisPercentileTests {
    static let percents: [Double] = [50, 0, 90, 100]

    /// Limits that make everything gathered, or counted, in blocks of some cells or of all.
    static let limits: [ArrayReaderLimits] = [
        (1 << 20, 1 << 26), (1 << 20, 64), (0, 1 << 26), (0, 1), (7, 9000),
    ]
    .map { (sorted: Int, block: Int) in
        var limits = ArrayReaderLimits()
        limits.sortedCellElementsMax = sorted
        limits.cellBlockBytesMax = block
        limits.cellsBytesMax = block * 2
        limits.lookUpsMax = sorted == 7 ? 1 : limits.lookUpsMax
        return limits
    }

    /// The cells of a selection of an array, each with its elements.
    private func cells(
        _ model: RandomArray,
        _ selection: Selection,
        kept: [Int]
    ) -> [[Int]] {
        let numbers = model.numbers(selection)
        let counts = selection.counts
        var cells: [[Int]: [Int]] = [:]
        var order: [[Int]] = []
        forEachIndex(kept.map { counts[$0] }) { order.append($0) }
        var element = 0
        forEachIndex(counts) { index in
            cells[kept.map { index[$0] }, default: []].append(numbers[element])
            element += 1
        }
        return order.map { cells[$0] ?? [] }
    }

    @Test func `random percentiles and histograms are those of sorted cells`() async throws {
        try await TestStore.with { store in
            var random = SeededGenerator(seed: 11)
            for number in 0..<60 {
                let model = try await RandomArray(number, store: store, random: &random)
                let selection = try Selection(
                    model.randomSelection(&random),
                    shape: model.metadata.shape
                )
                let result = selection.shape.indices.map { $0 }
                let axes = Set(result.filter { _ in Bool.random(using: &random) })
                let kept = KeptAxes(of: selection, reducing: axes)
                let cells = cells(model, selection, kept: kept.axes)
                for limits in Self.limits {
                    let reader = ArrayReader(store: store.store, pool: store.pool, limits: limits)
                    let found = try await reader.percentiles(
                        model.resolved,
                        selection,
                        along: axes,
                        Self.percents,
                        nan: .propagate
                    )
                    #expect(found.shape == [4] + kept.shape)
                    #expect(numbers(found.values) == percentiles(cells), "\(number) \(limits)")
                    let bins = try await reader.histogram(
                        model.resolved,
                        selection,
                        along: axes,
                        bins: 3,
                        range: 0...60_000
                    )
                    #expect(bins.counts.shape == kept.shape + [3])
                    #expect(bins.counts.values == StatisticArray(histograms(cells)))
                    #expect(reader.cellGate.takenBytes == 0)
                }
            }
        }
    }

    private func percentiles(_ cells: [[Int]]) -> [Double] {
        Self.percents.flatMap { percent in
            cells.map { cell in
                guard !cell.isEmpty else { return -1 }
                let sorted = cell.sorted()
                let place = percent / 100 * Double(cell.count - 1)
                let (low, high) = (sorted[Int(place)], sorted[min(Int(place) + 1, cell.count - 1)])
                let (share, distance) = (place - Double(Int(place)), Double(high - low))
                return share < 0.5
                    ? Double(low) + distance * share : Double(high) - distance * (1 - share)
            }
        }
    }

    private func histograms(_ cells: [[Int]]) -> [Int] {
        cells.flatMap { cell in
            (0..<3).map { bin in
                cell.count { $0 / 20_000 == bin || ($0 == 60_000 && bin == 2) }
            }
        }
    }

    /// The values of an array of floats, -1 for NaN.
    private func numbers(_ values: StatisticArray) -> [Double] {
        stride(from: 0, to: values.bytes.count, by: 8).map { first in
            let bits = values.bytes[first..<(first + 8)].reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64($1)
            }
            let value = Double(bitPattern: bits)
            return value.isNaN ? -1 : value
        }
    }

    @Test(arguments: [2, 4, 8])
    func `digits of any length find the same elements`(_ digitBits: Int) {
        var random = SeededGenerator(seed: UInt64(digitBits))
        let order = ElementOrder(dataType: .float32, kind: NAVE_ITEM_FLOAT32)
        let places = PercentilePlaces(percents: [75, 25, 50])
        let items = (0..<400).map { _ in Float(Int.random(in: -9...9, using: &random)) / 4 }
        // Two cells; of the second, 100 elements are not stored.
        var ranks = CellRanks(
            cellCount: 2,
            cellElements: 250,
            places: places,
            order: order,
            digitBits: digitBits
        )
        let fill = order.key(of: [0, 0, 0x80, 0x3F])
        for _ in 0..<(32 / digitBits) {
            items.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                ranks.count(CellRun(cells: [5], items: start, each: 250), firstCell: 5)
                ranks.count(CellRun(cells: [6], items: start + 1000, each: 150), firstCell: 5)
            }
            ranks.narrow(fill: fill)
        }
        #expect(ranks.isConsistent)
        func percentiles(_ items: [Float]) -> [Double] {
            let sorted = items.sorted().map { Double($0) }
            return [0.75, 0.25, 0.5].map { share in
                let place = share * 249
                let (low, high) = (sorted[Int(place)], sorted[Int(place) + 1])
                let rest = place - place.rounded(.down)
                return rest < 0.5 ? low + (high - low) * rest : high - (high - low) * (1 - rest)
            }
        }
        let second = items[250...] + [Float](repeating: 1, count: 100)
        #expect(
            ranks.percentiles(cellCount: 2, nan: .propagate)
                == percentiles(Array(items[..<250])) + percentiles(Array(second))
        )
    }

    @Test func `elements that change between passes are noticed`() {
        let order = ElementOrder(dataType: .uint16, kind: NAVE_ITEM_UINT16)
        var ranks = CellRanks(
            cellCount: 1,
            cellElements: 2,
            places: PercentilePlaces(percents: [50]),
            order: order,
            digitBits: 8
        )
        for items in [[1, 2], [300, 2]] as [[UInt16]] {
            items.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                ranks.count(CellRun(cells: [0], items: start, each: 2), firstCell: 0)
            }
            ranks.narrow(fill: 0)
        }
        #expect(!ranks.isConsistent)
    }

    struct PlanRow: Sendable {
        let shape: [Int]
        let chunks: [Int]
        let type: DataType
        let kept: [Int]
        let method: CellPlan.Method
        let decodings: Int
    }

    /// Layouts with the way that is taken and how often it decodes a chunk.
    static let plans = [
        // A stack of a thousand frames, each a chunk: less decoding than a gathering in 16 parts.
        PlanRow(
            shape: [1000, 1024, 1024],
            chunks: [1, 1024, 1024],
            type: .uint16,
            kept: [1, 2],
            method: .counting(digitBits: 2),
            decodings: 8
        ),
        // Cubes: all chunks behind each other fit.
        PlanRow(
            shape: [1000, 1024, 1024],
            chunks: [100, 128, 128],
            type: .uint16,
            kept: [1, 2],
            method: .sorting,
            decodings: 1
        ),
        PlanRow(
            shape: [1 << 30, 3],
            chunks: [1 << 20, 3],
            type: .float64,
            kept: [1],
            method: .counting(digitBits: 8),
            decodings: 8
        ),
        PlanRow(
            shape: [1 << 20, 64],
            chunks: [4096, 64],
            type: .float32,
            kept: [0],
            method: .sorting,
            decodings: 1
        ),
    ]

    @Test(arguments: plans)
    func `the way with the fewest decodings is taken`(_ row: PlanRow) async throws {
        try await TestStore.with { store in
            let metadata = plainMetadata(row.shape, chunks: row.chunks, row.type)
            let limits = ArrayReaderLimits()
            let selection = Selection.whole(shape: row.shape)
            let reduced = Set(row.shape.indices.filter { !row.kept.contains($0) })
            let array = resolved(metadata, store: store, path: "x")
            let work = CellPlan.Work(
                array: try StoredArray(array, limits: limits),
                selection: selection,
                kept: KeptAxes(of: selection, reducing: reduced),
                cellElements: reduced.reduce(1) { $0 * row.shape[$1] },
                ranks: 2
            )
            let plan = CellPlan(work, limits: limits)
            #expect(plan.method == row.method)
            let passes =
                switch plan.method {
                case .sorting: 1
                case .counting(let bits): row.type.itemBytes * 8 / bits
                }
            #expect(plan.tiling.blocksPerChunk * passes == row.decodings)
            #expect(plan.bytes <= limits.cellBlockBytesMax * 3 / 2)
        }
    }
}
