import SeededRandom
import Testing

@testable import DiskIO

/// Checks whose turn it is: nothing is lost, nobody waits for all of somebody else's work, and nobody
/// waits for ever.
@Suite struct TurnQueueTests {
    /// All work in the order in which it comes out.
    private static func drained<Work>(_ queue: TurnQueue<Work>) -> [Work] {
        var queue = queue
        var work: [Work] = []
        while let next = queue.next() { work.append(next) }
        return work
    }

    @Test func `work of one client and level runs in the order of arrival`() {
        var queue = TurnQueue<Int>()
        for number in 0..<3000 { queue.append(number, client: nil, level: 0) }
        #expect(Self.drained(queue) == Array(0..<3000))
    }

    @Test func `clients take turns however much one has`() {
        var queue = TurnQueue<String>()
        for number in 0..<100 { queue.append("a\(number)", client: "a", level: 0) }
        for number in 0..<2 { queue.append("b\(number)", client: "b", level: 3) }
        queue.append("c0", client: nil, level: 2)
        #expect(Self.drained(queue).prefix(7) == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"])
    }

    @Test func `what is short waits for no more than a piece of what is long`() {
        var queue = TurnQueue<Int>()
        for _ in 0..<60 { queue.append(2, client: "a", level: 2) }
        for turn in 0..<40 {
            // So that it comes at every place in the order of the levels.
            if turn % 2 == 1 { _ = queue.next() }
            queue.append(0, client: "a", level: 0)
            let turns = [queue.next(), queue.next()]
            #expect(turns.contains(0), "turn \(turn)")
        }
    }

    @Test func `every level gets its share while the others have work`() {
        var queue = TurnQueue<Int>()
        var served = [0, 0, 0, 0]
        for level in 0..<4 {
            for _ in 0..<800 { queue.append(level, client: "a", level: level) }
        }
        for _ in 0..<800 {
            if let level = queue.next() { served[level] += 1 }
        }
        #expect(served == [400, 200, 100, 100])
    }

    @Test(arguments: 0..<8) func `nothing is lost and nothing comes twice`(_ seed: UInt64) {
        var source = SeededGenerator(seed: seed)
        var queue = TurnQueue<Int>()
        var (put, taken) = (0, Set<Int>())
        for _ in 0..<5000 {
            if Bool.random(using: &source) {
                let client = ["a", "b", "c", nil].randomElement(using: &source) ?? nil
                queue.append(put, client: client, level: Int.random(in: 0..<4, using: &source))
                put += 1
            } else if let work = queue.next() {
                let isNew = taken.insert(work).inserted
                #expect(isNew)
            } else {
                #expect(taken.count == put)
            }
        }
        taken.formUnion(Self.drained(queue))
        #expect(taken == Set(0..<put))
    }
}
