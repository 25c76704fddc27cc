import CKernels
import SeededRandom
import Testing

/// Checks reductions against one-item-at-a-time arithmetic in wider types.
///
/// Method: lengths around every block and lane boundary, extreme and seeded random items; sums of
/// floats are held against sums in extended steps of exactly representable values.
@Suite struct ReductionTests {
    static let lengths = [
        1, 2, 7, 8, 15, 16, 17, 31, 33, 100, 1023, 1024, 1025, 33_000,
    ]

    @Test func `integers of every type are summed exactly`() {
        check(NAVE_ITEM_INT8, Int8.self)
        check(NAVE_ITEM_INT16, Int16.self)
        check(NAVE_ITEM_INT32, Int32.self)
        check(NAVE_ITEM_INT64, Int64.self)
        check(NAVE_ITEM_UINT8, UInt8.self)
        check(NAVE_ITEM_UINT16, UInt16.self)
        check(NAVE_ITEM_UINT32, UInt32.self)
        check(NAVE_ITEM_UINT64, UInt64.self)
    }

    private func check<T: FixedWidthInteger>(_ kind: nave_item_kind, _ type: T.Type) {
        var random = SeededGenerator(seed: UInt64(T.bitWidth))
        for length in Self.lengths {
            let mixed = (0..<length).map { _ in T.random(in: .min ... .max, using: &random) }
            for items in [
                mixed, Array(repeating: .min, count: length), Array(repeating: .max, count: length),
            ] {
                let sum = items.reduce(Int128(0)) { $0 + Int128($1) }
                #expect(value(nave_sum_integers(kind, items, length)) == sum, "\(type) × \(length)")
                let extrema = nave_extrema_integers(kind, items, length)
                #expect(T(truncatingIfNeeded: extrema.least) == items.min())
                #expect(T(truncatingIfNeeded: extrema.greatest) == items.max())
                if T.bitWidth <= 32 {
                    let squares = items.reduce(Int128(0)) { $0 + Int128($1) * Int128($1) }
                    #expect(value(nave_sum_squares(kind, items, length)) == squares)
                } else {
                    let mean = Double(sum) / Double(length)
                    let deviations = items.reduce(0.0) {
                        $0 + (Double($1) - mean) * (Double($1) - mean)
                    }
                    let found = nave_sum_deviations(kind, items, length, mean)
                    #expect(abs(found.squares - deviations) <= 1e-12 * deviations)
                }
            }
        }
    }

    @Test func `distances of 64 bits are exact however far from 0`() {
        var random = SeededGenerator(seed: 8)
        for length in Self.lengths {
            let offsets = (0..<length).map { _ in
                Int64.random(in: -(1 << 18)...1 << 18, using: &random)
            }
            let squares = offsets.reduce(0) { $0 + $1 * $1 }
            for pivot: Int64 in [0, 1 << 60, -(1 << 62), .max - (1 << 20), .min + (1 << 20)] {
                let signed = offsets.map { pivot + $0 }
                let unsigned = signed.map { UInt64(bitPattern: $0) ^ 1 << 63 }
                let turned = Int64(bitPattern: UInt64(bitPattern: pivot) ^ 1 << 63)
                for found in [
                    nave_sum_integer_deviations(NAVE_ITEM_INT64, signed, length, pivot),
                    nave_sum_integer_deviations(NAVE_ITEM_UINT64, unsigned, length, turned),
                ] {
                    #expect(found.is_exact != 0)
                    #expect(found.sums.sum == Double(offsets.reduce(0, +)))
                    // Whole numbers below 2^53: sums of squares have no rounding either.
                    #expect(found.sums.squares == Double(squares))
                }
            }
        }
    }

    @Test func `distances that do not fit in 64 bits are told`() {
        for length in Self.lengths {
            for place in [0, length / 2, length - 1] {
                var signed = [Int64](repeating: -2, count: length)
                #expect(
                    nave_sum_integer_deviations(NAVE_ITEM_INT64, signed, length, .max).is_exact == 0
                )
                signed = Array(repeating: 1, count: length)
                signed[place] = .min
                #expect(
                    nave_sum_integer_deviations(NAVE_ITEM_INT64, signed, length, 0).is_exact != 0
                )
                #expect(
                    nave_sum_integer_deviations(NAVE_ITEM_INT64, signed, length, 1).is_exact == 0
                )
                var unsigned = [UInt64](repeating: 1 << 63, count: length)
                unsigned[place] = 0
                #expect(
                    nave_sum_integer_deviations(NAVE_ITEM_UINT64, unsigned, length, .min).is_exact
                        != 0
                )
                #expect(
                    nave_sum_integer_deviations(NAVE_ITEM_UINT64, unsigned, length, .min + 1)
                        .is_exact == 0
                )
            }
        }
    }

    private func value(_ number: nave_int128) -> Int128 {
        Int128(number.high) << 64 | Int128(number.low)
    }

    @Test func `booleans count what is not zero`() {
        let items: [UInt8] = [0, 1, 2, 255, 0]
        #expect(value(nave_sum_integers(NAVE_ITEM_BOOL, items, 5)) == 3)
        #expect(value(nave_sum_squares(NAVE_ITEM_BOOL, items, 5)) == 3)
        #expect(nave_extrema_integers(NAVE_ITEM_BOOL, items, 5).least == 0)
        #expect(nave_extrema_integers(NAVE_ITEM_BOOL, [7, 1] as [UInt8], 2).least == 1)
        #expect(nave_extrema_integers(NAVE_ITEM_BOOL, [0, 0] as [UInt8], 2).greatest == 0)
    }

    @Test func `floats of every type are summed, spread and bounded`() {
        var random = SeededGenerator(seed: 3)
        for length in Self.lengths {
            // Multiples of 1/8 below 128: exact in every type, their sums exact in a double.
            let items = (0..<length).map { _ in
                Double(Int.random(in: -1023...1023, using: &random)) / 8
            }
            check(NAVE_ITEM_FLOAT64, items, items)
            check(NAVE_ITEM_FLOAT32, items.map(Float.init), items)
            check(NAVE_ITEM_FLOAT16, items.map { halfBits($0) }, items)
            let coarse = items.map { ($0 / 32).rounded() * 32 }
            check(NAVE_ITEM_BFLOAT16, coarse.map { UInt16(Float($0).bitPattern >> 16) }, coarse)
        }
    }

    private func check<T: BitwiseCopyable>(_ kind: nave_item_kind, _ items: [T], _ values: [Double])
    {
        let sum = nave_sum_floats(kind, items, items.count)
        #expect(sum.sum + sum.correction == values.reduce(0, +))
        let mean = values.reduce(0, +) / Double(values.count)
        let deviations = values.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) }
        let found = nave_sum_deviations(kind, items, items.count, mean)
        #expect(abs(found.squares - deviations) <= 1e-12 * deviations)
        let extrema = nave_extrema_floats(kind, items, items.count)
        #expect(extrema.least == values.min())
        #expect(extrema.greatest == values.max())
    }

    /// A half of a number that has one: sign, exponent biased by 15, ten bits of fraction.
    private func halfBits(_ value: Double) -> UInt16 {
        guard value != 0 else { return 0 }
        let bits = Float(value).bitPattern
        let exponent = Int(bits >> 23 & 0xFF) - 127 + 15
        return UInt16(bits >> 31) << 15 | UInt16(exponent) << 10 | UInt16(bits >> 13 & 0x3FF)
    }

    @Test func `halves of every class are widened as IEEE 754 says`() {
        let rows: [(UInt16, Double)] = [
            (0x0001, 0x1p-24), (0x03FF, 0x3FFp-24), (0x0400, 0x1p-14), (0x3C00, 1), (0xC000, -2),
            (0x7BFF, 65_504), (0x7C00, .infinity), (0xFC00, -.infinity), (0x8000, 0),
        ]
        for (bits, expected) in rows {
            #expect(nave_sum_floats(NAVE_ITEM_FLOAT16, [bits], 1).sum == expected)
        }
        #expect(nave_sum_floats(NAVE_ITEM_FLOAT16, [0x7E01] as [UInt16], 1).sum.isNaN)
    }

    @Test(arguments: lengths)
    func `one NaN anywhere makes both extrema NaN`(_ length: Int) {
        for at in Set([0, length / 2, length - 1]) {
            var doubles = (0..<length).map(Double.init)
            doubles[at] = .nan
            #expect(nave_extrema_floats(NAVE_ITEM_FLOAT64, doubles, length).least.isNaN)
            #expect(nave_extrema_floats(NAVE_ITEM_FLOAT64, doubles, length).greatest.isNaN)
            let floats = doubles.map(Float.init)
            #expect(nave_extrema_floats(NAVE_ITEM_FLOAT32, floats, length).least.isNaN)
            var halves = [UInt16](repeating: 0x3C00, count: length)
            halves[at] = 0x7E00
            #expect(nave_extrema_floats(NAVE_ITEM_FLOAT16, halves, length).greatest.isNaN)
        }
    }

    @Test func `infinities bound, and their sum is infinite`() {
        let items = [1, .infinity, -3] + [Double](repeating: 0, count: 2000)
        let extrema = nave_extrema_floats(NAVE_ITEM_FLOAT64, items, items.count)
        #expect(extrema.least == -3)
        #expect(extrema.greatest == .infinity)
        #expect(nave_sum_floats(NAVE_ITEM_FLOAT64, items, items.count).sum == .infinity)
    }

    @Test func `a sum keeps what single additions would lose`() {
        // One, then ten thousand terms that each vanish beside it; those of its block do.
        let items = [1.0] + [Double](repeating: 0x1p-60, count: 10_000)
        let sum = nave_sum_floats(NAVE_ITEM_FLOAT64, items, items.count)
        #expect(sum.sum + sum.correction >= 1 + 8_900 * 0x1p-60)
    }
}
