import CKernels
import SeededRandom
import Testing

/// Checks the LZ4 block decoder on blocks spelled by hand and on damaged ones.
///
/// Blocks that numcodecs wrote are decoded in the tests of the chunk decoder.
///
/// Source of the rows: LZ4 Block Format Description, "Compressed block format".
@Suite struct LZ4Tests {
    static let rows: [([UInt8], [UInt8])] = [
        ([0x00], []),
        ([0x30, 1, 2, 3], [1, 2, 3]),
        // One literal, a match of 4 that repeats it, five last literals.
        ([0x10, 9, 1, 0, 0x50, 1, 2, 3, 4, 5], [9, 9, 9, 9, 9, 1, 2, 3, 4, 5]),
        // A match of 4 + 15 + 3 that overlaps itself with a period of 2.
        ([0x2F, 7, 8, 2, 0, 3, 0x00], (0..<24).map { $0 % 2 == 0 ? 7 : 8 }),
    ]

    @Test(arguments: rows)
    func `a block decodes`(_ block: [UInt8], _ expected: [UInt8]) {
        var target = [UInt8](repeating: 0xEE, count: expected.count + 1)
        #expect(nave_lz4_decode(&target, expected.count, block, block.count) == expected.count)
        #expect(target == expected + [0xEE])
    }

    static let broken: [[UInt8]] = [
        [], [0x30, 1, 2], [0xF0], [0xF0, 255], [0x10, 9, 1], [0x10, 9, 0, 0, 0x00],
        [0x10, 9, 2, 0, 0x00], [0x1F, 9, 1, 0], [0x10, 9, 1, 0],
    ]

    @Test(arguments: broken)
    func `a broken block is refused`(_ block: [UInt8]) {
        var target = [UInt8](repeating: 0, count: 64)
        #expect(nave_lz4_decode(&target, target.count, block, block.count) == -1)
    }

    @Test func `a target that is too small is refused and not overrun`() {
        for (block, expected) in Self.rows where !expected.isEmpty {
            for room in 0..<expected.count {
                var target = [UInt8](repeating: 0xEE, count: room + 32)
                #expect(nave_lz4_decode(&target, room, block, block.count) == -1)
                #expect(target[room...].allSatisfy { $0 == 0xEE })
            }
        }
    }

    @Test func `random bytes stay within the target`() {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<20_000 {
            let block = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            var target = [UInt8](repeating: 0xEE, count: 100 + 32)
            let written = nave_lz4_decode(&target, 100, block, block.count)
            #expect(written <= 100)
            #expect(target[100...].allSatisfy { $0 == 0xEE })
        }
    }
}
