import CKernels
import SeededRandom
import Testing

/// Checks the box copy, the byte swap and the filters against their definitions.
///
/// Method: seeded random shapes, strides and item lengths, each compared with one-item-at-a-time
/// code; memory around the boxes must stay as it was.
@Suite struct CopyBoxTests {
    @Test(arguments: [1, 2, 3, 4, 7, 8, 16, 24])
    func `a copied box has every item in its place and nothing else`(_ itemBytes: Int) {
        var random = SeededGenerator(seed: UInt64(itemBytes))
        for _ in 0..<400 {
            let rank = Int.random(in: 0...5, using: &random)
            let largest = [40, 200, 40, 14, 8, 5][rank]
            let extents = (0..<rank).map { _ in Int.random(in: 1...largest, using: &random) }
            let source = Layout(extents, itemBytes: itemBytes, random: &random)
            let target = Layout(extents, itemBytes: itemBytes, random: &random)
            let from = (0..<source.bytes).map { _ in UInt8.random(in: 0...255, using: &random) }
            var expected = (0..<target.bytes).map { _ in UInt8.random(in: 0...255, using: &random) }
            var copied = expected
            forEachIndex(extents) { index in
                let read = source.offset(index)
                let write = target.offset(index)
                expected[write..<(write + itemBytes)] = from[read..<(read + itemBytes)]
            }
            copied.withUnsafeMutableBytes { to in
                from.withUnsafeBytes { from in
                    nave_copy_box(
                        to.baseAddress?.advanced(by: target.first),
                        target.strides,
                        from.baseAddress?.advanced(by: source.first),
                        source.strides,
                        extents,
                        rank,
                        itemBytes
                    )
                }
            }
            #expect(copied == expected, "\(extents) \(source.strides) → \(target.strides)")
        }
    }

    @Test(arguments: [1, 2, 3, 4, 8, 16])
    func `strides of zero fill a box with one item`(_ itemBytes: Int) {
        var random = SeededGenerator(seed: 99)
        for _ in 0..<100 {
            let extents = (0..<3).map { _ in Int.random(in: 0...9, using: &random) }
            let target = Layout(extents, itemBytes: itemBytes, random: &random)
            let item = (0..<itemBytes).map { UInt8($0 + 1) }
            var filled = [UInt8](repeating: 0xEE, count: target.bytes)
            var expected = filled
            forEachIndex(extents) { index in
                let write = target.offset(index)
                expected[write..<(write + itemBytes)] = item[...]
            }
            filled.withUnsafeMutableBytes {
                nave_copy_box(
                    $0.baseAddress?.advanced(by: target.first),
                    target.strides,
                    item,
                    [0, 0, 0],
                    extents,
                    3,
                    itemBytes
                )
            }
            #expect(filled == expected, "\(extents) \(target.strides)")
        }
    }

    @Test(arguments: [1, 2, 4, 8])
    func `a byte swap reverses every unit`(_ unitBytes: Int) {
        for count in 0..<100 {
            let original = (0..<(count * unitBytes + 1)).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            var swapped = original
            nave_swap_bytes(&swapped, count, unitBytes)
            for unit in 0..<count {
                let range = (unit * unitBytes)..<((unit + 1) * unitBytes)
                #expect(swapped[range].elementsEqual(original[range].reversed()))
            }
            #expect(swapped.last == original.last)
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 8, 12, 16])
    func `an unshuffle gathers the bytes of every unit`(_ unitBytes: Int) {
        for count in [0, 1, 2, 15, 16, 17, 100] {
            let original = (0..<(count * unitBytes)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            var target = [UInt8](repeating: 0, count: original.count)
            nave_unshuffle(&target, original, count, unitBytes)
            for unit in 0..<count {
                for byte in 0..<unitBytes {
                    #expect(target[unit * unitBytes + byte] == original[byte * count + unit])
                }
            }
        }
    }

    @Test func `a running sum wraps`() {
        var units: [UInt16] = [65_535, 2, 10, 0, 65_535]
        nave_accumulate(&units, units.count, 2)
        #expect(units == [65_535, 1, 11, 11, 10])
    }
}

/// A strided box inside a buffer: axes in any order, of either direction, with gaps.
struct Layout {
    let strides: [Int]
    let first: Int
    let bytes: Int

    init(_ extents: [Int], itemBytes: Int, random: inout SeededGenerator) {
        var strides = extents
        var first = 0
        var span = itemBytes
        for axis in extents.indices.shuffled(using: &random) {
            // Mostly dense, so that rows merge; sometimes with a step or a gap.
            let gap = [0, 0, 0, 1, 5][Int.random(in: 0..<5, using: &random)] * itemBytes
            let stride = span + gap
            span = stride * max(extents[axis], 1)
            let isBackward = Int.random(in: 0..<4, using: &random) == 0
            strides[axis] = isBackward ? -stride : stride
            if isBackward { first += stride * max(extents[axis] - 1, 0) }
        }
        self.strides = strides
        self.first = first
        bytes = span
    }

    func offset(_ index: [Int]) -> Int {
        zip(index, strides).reduce(first) { $0 + $1.0 * $1.1 }
    }
}

/// Visits every index of a box in C order.
func forEachIndex(_ extents: [Int], _ body: ([Int]) -> Void) {
    guard !extents.contains(0) else { return }
    var index = extents.map { _ in 0 }
    while true {
        body(index)
        var axis = extents.count - 1
        while axis >= 0 {
            index[axis] += 1
            if index[axis] < extents[axis] { break }
            index[axis] = 0
            axis -= 1
        }
        if axis < 0 { return }
    }
}
