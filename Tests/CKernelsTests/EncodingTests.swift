import CKernels
import SeededRandom
import Testing

/// Checks shuffles, differences and LZ4 blocks as they are written.
///
/// Method: rows by hand, then what the inverse kernels, which are tested on their own, make of them.
/// That others read the blocks is tested with numcodecs.
@Suite struct EncodingTests {
    @Test func `a shuffle gathers the first bytes first`() {
        var target = [UInt8](repeating: 0xEE, count: 9)
        nave_shuffle(&target, [1, 2, 3, 4, 5, 6, 7, 8] as [UInt8], 2, 4)
        #expect(target == [1, 5, 2, 6, 3, 7, 4, 8, 0xEE])
    }

    @Test(arguments: [1, 2, 3, 4, 7, 8, 16])
    func `a shuffle is undone`(unitBytes: Int) {
        var random = SeededGenerator(seed: 2)
        for count in [0, 1, 2, 15, 64, 1000] {
            let bytes = (0..<count * unitBytes).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            var shuffled = bytes
            var back = bytes
            nave_shuffle(&shuffled, bytes, count, unitBytes)
            nave_unshuffle(&back, shuffled, count, unitBytes)
            #expect(back == bytes, "\(count) units")
        }
    }

    @Test func `differences wrap`() {
        var bytes: [UInt8] = [5, 3, 255, 0]
        nave_difference(&bytes, 4, 1)
        #expect(bytes == [5, 254, 252, 1])
        var words: [UInt16] = [1, 0, 0xFFFF]
        nave_difference(&words, 3, 2)
        #expect(words == [1, 0xFFFF, 0xFFFF])
    }

    @Test(arguments: [1, 2, 4, 8])
    func `differences are undone`(unitBytes: Int) {
        var random = SeededGenerator(seed: 3)
        let bytes = (0..<100 * unitBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
        var changed = bytes
        nave_difference(&changed, 100, unitBytes)
        #expect(changed != bytes)
        nave_accumulate(&changed, 100, unitBytes)
        #expect(changed == bytes)
    }

    /// Bytes of every kind: random, of few values, of runs, and repeated from far away.
    static func content(_ count: Int, kind: Int, _ random: inout SeededGenerator) -> [UInt8] {
        switch kind {
        case 0: return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        case 1: return (0..<count).map { _ in UInt8.random(in: 0...1, using: &random) }
        case 2: return (0..<count).map { UInt8(truncatingIfNeeded: $0 / 300) }
        default:
            let period = Int.random(in: 1...70_000, using: &random)
            let run = (0..<period).map { _ in UInt8.random(in: 0...255, using: &random) }
            return (0..<count).map { run[$0 % period] }
        }
    }

    @Test(arguments: 0..<4)
    func `an LZ4 block decodes to what it was made of, and never overruns its bound`(kind: Int) {
        var random = SeededGenerator(seed: UInt64(kind))
        for count in [0, 1, 5, 12, 13, 14, 100, 270, 4096, 70_000, 200_001] {
            let bytes = Self.content(count, kind: kind, &random)
            let bound = nave_lz4_bound(count)
            var block = [UInt8](repeating: 0xEE, count: bound + 8)
            let written = nave_lz4_encode(&block, bound, bytes, count)
            #expect(written > 0 && written <= bound)
            #expect(block[bound...].allSatisfy { $0 == 0xEE })
            var back = [UInt8](repeating: 0, count: count + 1)
            #expect(nave_lz4_decode(&back, count, block, written) == count)
            #expect(Array(back[..<count]) == bytes, "\(count) bytes")
            if kind != 0, count == 200_001 { #expect(written < count * 2 / 3) }
        }
    }

    @Test func `a target that is too small is refused and not overrun`() {
        var random = SeededGenerator(seed: 9)
        let bytes = Self.content(3000, kind: 1, &random)
        var block = [UInt8](repeating: 0, count: nave_lz4_bound(3000))
        let whole = nave_lz4_encode(&block, block.count, bytes, bytes.count)
        for room in stride(from: 0, to: whole, by: 17) {
            var target = [UInt8](repeating: 0xEE, count: room + 32)
            #expect(nave_lz4_encode(&target, room, bytes, bytes.count) == -1)
            #expect(target[room...].allSatisfy { $0 == 0xEE })
        }
    }

    @Test func `runs of bytes are compared`() {
        #expect(nave_is_equal([1, 2] as [UInt8], [1, 2] as [UInt8], 2) == 1)
        #expect(nave_is_equal([1, 2] as [UInt8], [1, 3] as [UInt8], 2) == 0)
        #expect(nave_is_equal([1, 2] as [UInt8], [1, 3] as [UInt8], 1) == 1)
    }
}
