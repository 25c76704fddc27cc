import ArrayModel
import SeededRandom
import Testing

@testable import ArrayStorage

/// Checks that statistics are what NumPy computes of the same elements.
///
/// Method: the slices of the fixtures, integers exactly and floats to a few units in the last place;
/// random arrays against plain sums; arrays far too large to visit, whose statistics are known.
@Suite struct StatisticsTests {
    static let all = Set(Statistic.usual)

    @Test(arguments: ArrayFixture.all)
    func `statistics are what NumPy computes`(_ row: ArrayFixture) async throws {
        try await TestStore.with { store in
            let array = try await row.put(into: store, path: "x")
            for limits in [ArrayReaderLimits(), .tiny, .listing] {
                let reader = ArrayReader(store: store.store, pool: store.pool, limits: limits)
                for answer in row.answers {
                    guard let expected = answer.statistics else { continue }
                    let selection = try Selection(answer.slice, shape: array.metadata.shape)
                    let found = try await reader.statistics(array, selection, Self.all)
                    #expect(String(found.count) == expected["count"])
                    for statistic in Statistic.usual {
                        let value = try #require(found.values[statistic])
                        let text = try #require(expected[statistic.rawValue])
                        #expect(
                            agrees(value, text),
                            "\(answer.slice) \(statistic): \(value) ≠ \(text)"
                        )
                    }
                }
            }
        }
    }

    private func agrees(_ value: StatisticValue, _ text: String) -> Bool {
        switch value {
        case .boolean(let flag): return text == (flag ? "1" : "0")
        case .integer(let number): return text == String(number)
        case .float(let number):
            guard let expected = Double(text) else { return false }
            if expected.isNaN || !expected.isFinite {
                return number.isNaN ? expected.isNaN : number == expected
            }
            return abs(number - expected) <= 1e-12 * max(abs(expected), abs(number))
        case .complex: return false
        }
    }

    @Test func `complex numbers have a sum, a mean and a deviation`() async throws {
        try await TestStore.with { store in
            let metadata = plainMetadata([3], chunks: [2], .complex64)
            let array = resolved(metadata, store: store, path: "x")
            // 1 + 2i, 3 - 4i, and a third element that is not stored.
            let parts = [1, 2, 3, -4] as [Float]
            let chunk = parts.flatMap { part in
                (0..<4).map { UInt8(truncatingIfNeeded: part.bitPattern >> (8 * $0)) }
            }
            try await store.put("x/c/0", chunk)
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let whole = Selection.whole(shape: [3])
            let found = try await reader.statistics(
                array,
                whole,
                [.sum, .mean, .standardDeviation]
            )
            #expect(found.values[.sum] == .complex(real: 4, imaginary: -2))
            #expect(found.values[.mean] == .complex(real: 4.0 / 3, imaginary: -2.0 / 3))
            // numpy.std([1+2j, 3-4j, 0]) = 2.7888667551135855
            guard case .float(let deviation) = found.values[.standardDeviation] else {
                Issue.record("a deviation is a float")
                return
            }
            #expect(abs(deviation - 2.7888667551135855) < 1e-15)
            await #expect(
                throws: ArrayReadError.statisticUnsupported("min", dataType: "complex64")
            ) { try await reader.statistics(array, whole, [.minimum]) }
        }
    }

    @Test func `random statistics equal plain sums`() async throws {
        try await TestStore.with { store in
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let listing = ArrayReader(store: store.store, pool: store.pool, limits: .listing)
            var random = SeededGenerator(seed: 8)
            for number in 0..<40 {
                let model = try await RandomArray(number, store: store, random: &random)
                let selection = try Selection(
                    model.randomSelection(&random),
                    shape: model.metadata.shape
                )
                let numbers = model.numbers(selection)
                for reader in [reader, listing] {
                    let found = try await reader.statistics(model.resolved, selection, Self.all)
                    #expect(found.count == numbers.count)
                    #expect(found.values[.sum] == .integer(Int128(numbers.reduce(0, +))))
                    #expect(found.values[.minimum] == numbers.min().map { .integer(Int128($0)) })
                    #expect(found.values[.maximum] == numbers.max().map { .integer(Int128($0)) })
                }
            }
        }
    }

    @Test func `nothing has a sum, but no extrema`() async throws {
        try await TestStore.with { store in
            for type in [DataType.int16, .float32] {
                let array = resolved(plainMetadata([4], chunks: [2], type), store: store, path: "x")
                let reader = ArrayReader(store: store.store, pool: store.pool)
                let none = try Selection("2:2", shape: [4])
                let found = try await reader.statistics(array, none, Self.all)
                #expect(found.count == 0)
                #expect(found.values[.minimum] == nil)
                #expect(found.values[.maximum] == nil)
                guard case .float(let mean) = found.values[.mean] else {
                    Issue.record("a mean is a float")
                    return
                }
                #expect(mean.isNaN)
            }
        }
    }

    @Test func `the mean of a petabyte counts what is stored and weighs the rest`() async throws {
        try await TestStore.with { store in
            let metadata = plainMetadata(
                [10_000_000_000, 512, 512, 3],
                chunks: [1, 512, 512, 3],
                .uint8,
                fill: [2]
            )
            let array = resolved(metadata, store: store, path: "big", chunksCounted: 1)
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let elements = Int128(512 * 512 * 3)
            let whole = Selection.whole(shape: metadata.shape)
            let before = try await reader.statistics(array, whole, Self.all)
            #expect(before.values[.mean] == .float(2))
            #expect(before.values[.standardDeviation] == .float(0))
            #expect(before.values[.sum] == .integer(2 * elements * 10_000_000_000))
            let chunk = [UInt8](repeating: 7, count: Int(elements))
            try await store.put("big/c/5000000000/0/0/0", chunk)
            let after = try await reader.statistics(array, whole, Self.all)
            #expect(after.values[.sum] == .integer(elements * (2 * 9_999_999_999 + 7)))
            #expect(after.values[.maximum] == .integer(7))
            let half = try Selection("5000000000:, :256, ::2", shape: metadata.shape)
            let part = try await reader.statistics(array, half, [.sum])
            let perChunk = Int128(256 * 256 * 3)
            #expect(part.values[.sum] == .integer(perChunk * (2 * 4_999_999_999 + 7)))
        }
    }

    @Test func `statistics of a damaged chunk fail`() async throws {
        try await TestStore.with { store in
            let metadata = plainMetadata(
                [4],
                chunks: [1],
                .uint8,
                codecs: [.bytes(nil), .crc32c]
            )
            let array = resolved(metadata, store: store, path: "x")
            try await store.put("x/c/2", [1, 0, 0, 0, 0])
            let reader = ArrayReader(store: store.store, pool: store.pool)
            await #expect(
                throws: ArrayReadError.chunkUnreadable(
                    key: "x/c/2",
                    .checksumMismatch(codec: "crc32c")
                )
            ) {
                try await reader.statistics(array, Selection.whole(shape: [4]), [.sum])
            }
        }
    }
}
