import Testing

@testable import ArrayStorage

/// Checks that memory is never given out twice, in the order of arrival, and comes back.
@Suite struct MemoryBudgetTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `no more is out than there is, and all get theirs`(seed: UInt64) async throws {
        let budget = MemoryBudget(bytes: 100, waitersMax: 1000)
        let taken = Shared(0)
        var random = SeededGenerator(seed: seed)
        let wanted = (0..<300).map { _ in Int.random(in: 0...100, using: &random) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for bytes in wanted {
                group.addTask {
                    let reservation = try await budget.reserve(bytes)
                    taken.withLock { taken in
                        taken += bytes
                        #expect(taken <= 100)
                    }
                    await Task.yield()
                    taken.withLock { $0 -= bytes }
                    withExtendedLifetime(reservation) {}
                }
            }
            try await group.waitForAll()
        }
        // All of it is back.
        _ = try await budget.reserve(100)
    }

    @Test func `too many waiters are refused, cancelled ones leave`() async throws {
        let budget = MemoryBudget(bytes: 10, waitersMax: 1)
        let all = try await budget.reserve(10)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: ArrayWriteError.read(.cancelled)) {
                    _ = try await budget.reserve(1)
                }
            }
            while budget.waiterCount < 1 { await Task.yield() }
            await #expect(throws: ArrayWriteError.overloaded) { _ = try await budget.reserve(1) }
            group.cancelAll()
        }
        withExtendedLifetime(all) {}
    }
}
