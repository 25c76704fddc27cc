import CKernels
import SeededRandom
import Testing

/// Checks the kernels that put the items of cells together, in order, and count their digits.
///
/// Method: seeded random items against the library's sort and one-item-at-a-time definitions; lengths
/// around those at which the ways of sorting change.
@Suite struct CellTests {
    @Test func `keys are sorted as the library sorts them`() {
        var random = SeededGenerator(seed: 1)
        for itemBytes in [1, 2, 4, 8] {
            for count in [0, 1, 2, 47, 48, 49, 255, 256, 3000] {
                for isNarrow in [false, true] {
                    let greatest = isNarrow ? 3 : UInt64.max >> UInt64(64 - 8 * itemBytes)
                    var keys = (0..<count).map { _ in
                        UInt64.random(in: 0...greatest, using: &random)
                    }
                    // The key of NaN is longer than the items, and comes last all the same.
                    if isNarrow, count > 2 { (keys[0], keys[2]) = (.max, .max) }
                    let expected = keys.sorted()
                    var scratch = [UInt64](repeating: 7, count: count)
                    nave_sort_keys(&keys, &scratch, count, itemBytes)
                    #expect(keys == expected, "\(count) of \(itemBytes) bytes")
                }
            }
        }
    }

    @Test func `items go to the ends of their cells, as far as there is room`() {
        var filled = [1, 0, 3]
        var items: [UInt16] = [9, 0, 0, 0, 0, 0, 9, 9, 9]
        // Cells 12, 10 and 11 of a block, of which those from 10 on are here.
        let source = (1...6).map { UInt16($0) }
        nave_append_to_cells(2, &items, 3, &filled, [12, 10, 11], 3, 10, source, 2)
        #expect(items == [9, 3, 4, 5, 6, 0, 9, 9, 9])
        #expect(filled == [3, 2, 3])
        nave_append_to_cells(2, &items, 3, &filled, [10, 11, 11], 3, 10, source, 1)
        #expect(items == [9, 3, 4, 5, 6, 2, 9, 9, 9])
        #expect(filled == [3, 3, 3])
        for itemBytes in [1, 4, 8, 16] {
            let bytes = [UInt8](0..<UInt8(4 * itemBytes))
            for each in [1, 2] {
                var target = [UInt8](repeating: 0, count: 4 * itemBytes)
                var counts = [0, 0]
                let cells = each == 1 ? [1, 1, 0, 0] : [1, 0]
                nave_append_to_cells(
                    itemBytes,
                    &target,
                    2,
                    &counts,
                    cells,
                    cells.count,
                    0,
                    bytes,
                    each
                )
                let half = 2 * itemBytes
                #expect(target == Array(bytes[half...]) + Array(bytes[..<half]))
                #expect(counts == [2, 2])
            }
        }
    }

    @Test func `the digits behind known ones are counted`() {
        var random = SeededGenerator(seed: 3)
        for digitBits in [2, 4, 8] {
            for each in [1, 5, 700] {
                let cells = [7, 5, 6]
                let items = (0..<(3 * each)).map { _ in Int16.random(in: -300...300, using: &random)
                }
                // The first digits of every cell: some that nothing has, and others twice.
                let known = 16 - 2 * digitBits
                let common = known == 0 ? 0 : UInt64(1) << UInt64(known - 1)
                let ofOneCell: [UInt64] = [0, common, common]
                let prefixes = ofOneCell + ofOneCell + ofOneCell
                var counts = [UInt64](repeating: 0, count: 9 << digitBits)
                var expected = counts
                for (index, item) in items.enumerated() {
                    let key = UInt64(UInt16(bitPattern: item) ^ 0x8000)
                    guard key >> UInt64(16 - known) == common else { continue }
                    let digit = Int(key >> UInt64(digitBits)) & ((1 << digitBits) - 1)
                    let rank = (cells[index / each] - 5) * 3 + (known == 0 ? 0 : 1)
                    expected[(rank << digitBits) + digit] += 1
                }
                nave_count_digits(
                    NAVE_ITEM_INT16,
                    cells,
                    3,
                    5,
                    items,
                    each,
                    prefixes,
                    3,
                    UInt32(digitBits),
                    UInt32(digitBits),
                    &counts
                )
                #expect(counts == expected, "\(digitBits) bits, \(each) each")
            }
        }
    }

    @Test func `NaN has no digits, and the greatest whole number has`() {
        func counts<Item: BitwiseCopyable>(_ kind: nave_item_kind, _ items: [Item], bits: UInt32)
            -> [UInt64]
        {
            var counts = [UInt64](repeating: 0, count: 256)
            nave_count_digits(kind, [0], 1, 0, items, items.count, [0], 1, bits - 8, 8, &counts)
            return counts
        }
        let numbers = counts(NAVE_ITEM_UINT64, [UInt64.max, 0, 1], bits: 64)
        #expect(numbers[255] == 1 && numbers[0] == 2)
        let doubles = counts(NAVE_ITEM_FLOAT64, [Double.nan, -Double.nan, 1], bits: 64)
        #expect(doubles.reduce(0, +) == 1 && doubles[0xBF] == 1)
        let floats = counts(NAVE_ITEM_FLOAT32, [Float.nan, -1, 1], bits: 32)
        #expect(floats.reduce(0, +) == 2 && floats[0xBF] == 1 && floats[0x40] == 1)
    }
}
