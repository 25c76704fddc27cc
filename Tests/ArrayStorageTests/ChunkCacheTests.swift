import ArrayModel
import NIOCore
import SeededRandom
import StorageModel
import Testing

@testable import ArrayStorage

/// Checks that the cache keeps what was used last, within its bound, and gives nothing stale.
///
/// Method: a list that is as slow as it is plain says what the cache must hold.
@Suite struct ChunkCacheTests {
    private let decoding = DecodingIdentity(plainMetadata([4], chunks: [4], .uint8))

    @Test func `the cache holds what a plain list of recent chunks holds`() {
        let cache = ChunkCache(bytesMax: 800)
        var recent: [(ChunkCache.Key, Int)] = []
        var random = SeededGenerator(seed: 21)
        for _ in 0..<5000 {
            let key = key(Int.random(in: 0..<40, using: &random))
            if Bool.random(using: &random) {
                let bytes = Int.random(in: 1...120, using: &random)
                cache.keep(ByteBuffer(repeating: 1, count: bytes), key: key, decoding: decoding)
                guard bytes <= 100 else { continue }
                recent.removeAll { $0.0 == key }
                while recent.reduce(bytes, { $0 + $1.1 }) > 800 { recent.removeFirst() }
                recent.append((key, bytes))
            } else {
                let found = cache.chunk(key, decoding: decoding)
                let expected = recent.firstIndex { $0.0 == key }.map { recent.remove(at: $0) }
                #expect(found?.readableBytes == expected?.1)
                if let expected { recent.append(expected) }
            }
            #expect(cache.bytes == recent.reduce(0) { $0 + $1.1 })
        }
    }

    @Test func `a chunk decoded in another way is not found`() {
        let cache = ChunkCache(bytesMax: 800)
        cache.keep(ByteBuffer(bytes: [1, 2]), key: key(1), decoding: decoding)
        let other = DecodingIdentity(plainMetadata([4], chunks: [4], .int8))
        #expect(cache.chunk(key(1), decoding: other) == nil)
        #expect(cache.chunk(key(1), decoding: decoding) != nil)
    }

    private func key(_ number: Int) -> ChunkCache.Key {
        ChunkCache.Key(line: LineID(1), key: "c/\(number)", sequence: Int64(number))
    }
}

/// Checks that memory for slabs is granted within the budget and given back.
@Suite struct SlabBudgetTests {
    @Test func `what wants much gets less before it gets the least`() {
        let budget = SlabBudget(bytesMax: 100)
        let reservations = (0..<4).map { _ in
            budget.reserve(preferred: 60, otherwise: 20, minimum: 5)
        }
        #expect(reservations.map(\.bytes) == [60, 20, 20, 5])
    }

    @Test func `who comes late gets little, and what is given back is there again`() {
        let budget = SlabBudget(bytesMax: 100)
        var first: SlabBudget.Reservation? = budget.reserve(preferred: 80, minimum: 10)
        #expect(first?.bytes == 80)
        let second = budget.reserve(preferred: 80, minimum: 10)
        #expect(second.bytes == 10)
        let small = budget.reserve(preferred: 5, minimum: 10)
        #expect(small.bytes == 5)
        first = nil
        #expect(budget.reserve(preferred: 80, minimum: 10).bytes == 80)
        withExtendedLifetime((first, second, small)) {}
    }

    @Test func `many who come late take little beyond the budget`() {
        let budget = SlabBudget(bytesMax: 1000)
        let first = budget.reserve(preferred: 1000, minimum: 32)
        let late = (0..<100).map { _ in budget.reserve(preferred: 500, minimum: 32).bytes }
        #expect(late.allSatisfy { $0 == 32 }, "they were given back at once")
        let kept = (0..<100).map { _ in budget.reserve(preferred: 500, minimum: 32) }
        #expect(
            kept.map(\.bytes) == Array(repeating: 32, count: 15) + Array(repeating: 2, count: 85)
        )
        withExtendedLifetime((first, kept)) {}
    }
}
