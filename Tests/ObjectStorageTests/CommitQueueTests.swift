import StorageModel
import Synchronization
import Testing

@testable import ObjectStorage

/// Checks which proposals come into which batch.
///
/// Method: proposals of several weights are queued and the batches taken, as the committer takes them.
@Suite struct CommitQueueTests {
    static func deletion(_ count: Int, _ name: String) throws -> Proposal {
        let namespace = Namespace(
            name: try NamespaceName("test"),
            owner: .root,
            access: .private,
            created: WallTime(milliseconds: 0),
            line: LineID(1)
        )
        let keys = (0..<count).map { ObjectKey(trusted: "\(name)/\($0)") }
        return .delete(keys, in: namespace, .none)
    }

    static func queue(_ proposals: [Proposal], _ limits: StoreLimits) throws -> CommitQueue {
        let queue = try CommitQueue(limits: limits)
        for proposal in proposals { queue.submit(proposal) { _ in } }
        return queue
    }

    /// The number of keys of each proposal of each batch, until all are taken.
    static func batches(_ queue: CommitQueue) -> [[Int]] {
        queue.close {}
        var batches: [[Int]] = []
        while let batch = queue.take() { batches.append(batch.items.map(\.keyCount)) }
        return batches
    }

    @Test func `light proposals pass heavy ones, of which each batch takes one at least`() throws {
        let heavy = try (0..<3).map { try Self.deletion(1000, "heavy\($0)") }
        let light = try (0..<5).map { try Self.deletion(1, "light\($0)") }
        let queue = try Self.queue(heavy + light, StoreLimits())
        #expect(Self.batches(queue) == [[1, 1, 1, 1, 1, 1000], [1000], [1000]])
    }

    @Test func `heavy proposals share a batch as far as their bound goes`() throws {
        let queue = try Self.queue(
            try [400, 400, 300, 2000, 9].map { try Self.deletion($0, "k\($0)") },
            StoreLimits()
        )
        #expect(Self.batches(queue) == [[400, 400], [300], [2000], [9]])
    }

    @Test func `a full line of light proposals does not keep a heavy one waiting`() throws {
        var limits = StoreLimits()
        limits.batchChangesMax = 4
        let light = try (0..<10).map { try Self.deletion(2, "light\($0)") }
        let queue = try Self.queue([try Self.deletion(100, "heavy")] + light, limits)
        #expect(Self.batches(queue) == [[2, 2, 2, 2, 100], [2, 2, 2, 2], [2, 2]])
    }

    @Test func `a queue that is full refuses, whatever the weight`() throws {
        var limits = StoreLimits()
        limits.queuedChangesMax = 3
        let queue = try CommitQueue(limits: limits)
        let refused = Mutex(0)
        for number in 0..<5 {
            queue.submit(try Self.deletion(number.isMultiple(of: 2) ? 1 : 100, "k")) { result in
                if case .failure(.overloaded) = result { refused.withLock { $0 += 1 } }
            }
        }
        #expect(refused.withLock { $0 } == 2)
        #expect(queue.count == 3)
    }

    @Test func `a look that is wanted comes before the next batch and ends nothing`() throws {
        let queue = try Self.queue([try Self.deletion(1, "k")], StoreLimits())
        queue.wantLook()
        queue.wantLook()
        #expect(Self.batches(queue) == [[], [1]])
    }

    @Test func `what is gathered counts as waiting, is completed, and lets a look go first`() throws
    {
        let proposals = try (0..<3).map { try Self.deletion(1, "k\($0)") }
        let queue = try Self.queue(proposals, StoreLimits())
        var batch = CommitBatch()
        queue.gather(&batch, least: 4)
        #expect(batch.items.isEmpty)
        queue.gather(&batch, least: 3)
        #expect(batch.items.count == 3)
        #expect(queue.count == 3)
        queue.submit(try Self.deletion(1, "later")) { _ in }
        queue.wantLook()
        let isFirst = queue.complete(&batch)
        #expect(!isFirst)
        #expect(batch.items.count == 3)
        let isCompleted = queue.complete(&batch)
        #expect(isCompleted)
        #expect(batch.items.count == 4)
        #expect(queue.count == 0)
    }
}
