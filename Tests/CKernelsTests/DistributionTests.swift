import CKernels
import SeededRandom
import Testing

/// Checks counting by value against one-item-at-a-time definitions.
///
/// Method: seeded random bits of every type, with NaN, infinities and zeros of both signs among them;
/// lengths around the runs in which counts are kept.
@Suite struct DistributionTests {
    static let lengths = [0, 1, 7, 255, 256, 1000, 65_535, 65_537, 70_000]

    @Test func `items that are not zero are counted`() {
        var random = SeededGenerator(seed: 1)
        for length in Self.lengths {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...2, using: &random) }
            let expected = bytes.count { $0 != 0 }
            #expect(nave_count_nonzero(NAVE_ITEM_UINT8, bytes, length, 0) == expected)
            #expect(nave_count_nonzero(NAVE_ITEM_BOOL, bytes, length, 0) == expected)
            let wide = bytes.map { Int64($0) << 40 }
            #expect(nave_count_nonzero(NAVE_ITEM_INT64, wide, length, 0) == expected)
            let shorts = bytes.map { UInt16($0) << 8 }
            #expect(nave_count_nonzero(NAVE_ITEM_INT16, shorts, length, 0) == expected)
            let ones = [UInt8](repeating: 255, count: length)
            #expect(nave_count_nonzero(NAVE_ITEM_INT8, ones, length, 0) == length)
            let floats: [Float] = bytes.map { byte in
                if byte == 0 { return -0.0 }
                return byte == 1 ? .nan : -1
            }
            #expect(nave_count_nonzero(NAVE_ITEM_FLOAT32, floats, length, 0) == expected)
            let pairs = length / 2
            let numbers = (0..<pairs).count { floats[2 * $0] != 0 || floats[2 * $0 + 1] != 0 }
            #expect(nave_count_nonzero(NAVE_ITEM_FLOAT32, floats, pairs, 1) == numbers)
        }
        // The sign alone of a half is not a value.
        #expect(nave_count_nonzero(NAVE_ITEM_FLOAT16, [0x8000, 0, 1] as [UInt16], 3, 0) == 1)
        #expect(nave_count_nonzero(NAVE_ITEM_BFLOAT16, [0x8000, 0x7FC0] as [UInt16], 2, 0) == 1)
    }

    @Test func `what is NaN is dropped, and nothing else`() {
        var random = SeededGenerator(seed: 2)
        var items: [Float] = [.infinity, -.infinity, .nan, -.nan, 0, -0]
        for _ in 0..<5000 {
            items.append(Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random)))
        }
        var kept = items
        let count = nave_drop_nan(NAVE_ITEM_FLOAT32, &kept, items, items.count, 0)
        let singles: [UInt32] = kept.prefix(count).map { $0.bitPattern }
        #expect(singles == items.filter { !$0.isNaN }.map { $0.bitPattern })
        let pairs = items.count / 2
        let numbers = nave_drop_nan(NAVE_ITEM_FLOAT32, &kept, items, pairs, 1)
        var expected: [UInt32] = []
        for pair in 0..<pairs {
            let (first, second) = (items[2 * pair], items[2 * pair + 1])
            guard !first.isNaN, !second.isNaN else { continue }
            expected += [first.bitPattern, second.bitPattern]
        }
        let found: [UInt32] = kept.prefix(numbers * 2).map { $0.bitPattern }
        #expect(found == expected)
        // Of every half: a full exponent with a fraction is NaN.
        let halves = (0...UInt16.max).map { $0 }
        var rest = halves
        let half = nave_drop_nan(NAVE_ITEM_FLOAT16, &rest, halves, halves.count, 0)
        #expect(half == 65_536 - 2 * 1023)
        let brain = nave_drop_nan(NAVE_ITEM_BFLOAT16, &rest, halves, halves.count, 0)
        #expect(brain == 65_536 - 2 * 127)
    }

    @Test func `keys order as values do`() {
        var random = SeededGenerator(seed: 3)
        var doubles: [Double] = [.infinity, -.infinity, -0.0, 0, 0x1p-1074, -0x1p-1074]
        for _ in 0..<3000 {
            let double = Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &random))
            if !double.isNaN { doubles.append(double) }
        }
        check(NAVE_ITEM_FLOAT64, doubles)
        check(NAVE_ITEM_FLOAT32, doubles.map { Float($0) })
        check(NAVE_ITEM_INT8, (0..<300).map { Int8(truncatingIfNeeded: $0) })
        check(NAVE_ITEM_INT16, (0..<70_000).map { Int16(truncatingIfNeeded: $0) })
        check(NAVE_ITEM_INT32, doubles.map { Int32(truncatingIfNeeded: $0.bitPattern) })
        check(NAVE_ITEM_INT64, doubles.map { Int64(bitPattern: $0.bitPattern) })
        check(NAVE_ITEM_UINT64, doubles.map { $0.bitPattern })
        var keys = [UInt64](repeating: 0, count: 2)
        nave_order_keys(NAVE_ITEM_FLOAT64, [Double.nan, -Double.nan], 2, &keys)
        #expect(keys == [.max, .max])
    }

    private func check<T: Comparable & BitwiseCopyable>(_ kind: nave_item_kind, _ items: [T]) {
        var keys = [UInt64](repeating: 0, count: items.count)
        items.withUnsafeBytes { nave_order_keys(kind, $0.baseAddress, items.count, &keys) }
        let order = items.indices.sorted { keys[$0] < keys[$1] }
        for (one, next) in zip(order, order.dropFirst()) {
            #expect(items[one] <= items[next])
        }
        let width = UInt64(MemoryLayout<T>.size * 8)
        #expect(width == 64 || keys.allSatisfy { $0 < 1 << width })
    }

    // numpy.histogram([0, 1, 1, 2, 3, 10, -1, nan], bins=3, range=(0, 3)): [1, 2, 2]
    @Test func `bins hold their lower edge, the last one both`() {
        var counts = [UInt64](repeating: 0, count: 3)
        let items: [Float] = [0, 1, 1, 2, 3, 10, -1, .nan]
        nave_histogram(NAVE_ITEM_FLOAT32, items, items.count, [0, 1, 2, 3], 3, &counts)
        #expect(counts == [1, 2, 2])
        // numpy.histogram(numpy.arange(-128, 128), bins=4, range=(-128, 127)): [64, 64, 64, 64]
        var bytes = [UInt64](repeating: 0, count: 4)
        let all = (Int8.min...Int8.max).map { $0 }
        nave_histogram(NAVE_ITEM_INT8, all, 256, [-128, -64.25, -0.5, 63.25, 127], 4, &bytes)
        #expect(bytes == [64, 64, 64, 64])
    }

    @Test func `rows are added to cells`() {
        var sums = [Double](repeating: 0, count: 6)
        var counts = [UInt32](repeating: 0, count: 6)
        // Pixels of two channels; the first cell has one pixel left.
        let items: [Float] = [1, 2, 3, 4, .nan, 6, 7, 8]
        nave_shrink_row(NAVE_ITEM_FLOAT32, items, 4, 2, 1, 2, &sums, &counts)
        #expect(sums == [1, 2, 3, 10, 7, 8])
        #expect(counts == [1, 1, 1, 2, 1, 1])
        var halves = [Double](repeating: 0, count: 1)
        // 1.5, -2 and the smallest half, 2^-24.
        nave_shrink_row(
            NAVE_ITEM_FLOAT16,
            [0x3E00, 0xC000, 1] as [UInt16],
            3,
            1,
            0,
            3,
            &halves,
            &counts
        )
        #expect(halves == [-0.5 + 0x1p-24])
    }
}
