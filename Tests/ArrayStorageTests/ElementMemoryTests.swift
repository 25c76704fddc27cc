import SeededRandom
import Testing

@testable import ArrayStorage

/// Checks that writes take memory as their bytes come, never more than there is, and never for ever.
@Suite struct ElementMemoryTests {
    @Test func `who receives nothing holds nothing, and others go on`() async throws {
        let memory = ElementMemory(bytesMax: 1 << 20, waitingMax: 10)
        let idle = (0..<10).map { _ in memory.account(neededBytes: 1 << 20) }
        let other = memory.account(neededBytes: 1 << 20)
        let held = try await other.grow(to: 1 << 20)
        #expect(held == 1 << 20 && memory.takenBytes == 1 << 20)
        withExtendedLifetime((idle, other)) {}
    }

    @Test func `what is held grows with what came, and is given back`() async throws {
        let memory = ElementMemory(bytesMax: 8 << 20, waitingMax: 10)
        var account: ElementMemory.Account? = memory.account(neededBytes: 4 << 20)
        var held = 0
        for bytes in [1, 100_000, 1_000_000, 4 << 20] {
            held = try await account?.grow(to: bytes) ?? 0
            #expect(held >= bytes && held <= 4 << 20)
            #expect(held <= bytes + max(64 << 10, bytes / 4))
            #expect(memory.takenBytes == held)
        }
        #expect(held == 4 << 20)
        account = nil
        #expect(memory.takenBytes == 0)
    }

    /// Of two that each lack more than is left, only one may go on: if both did, neither would end.
    @Test func `a piece is not given if nobody could end afterwards`() async throws {
        let memory = ElementMemory(bytesMax: 100 << 20, waitingMax: 10)
        var first: ElementMemory.Account? = memory.account(neededBytes: 80 << 20)
        let second = memory.account(neededBytes: 80 << 20)
        _ = try await first?.grow(to: 40 << 20)
        _ = try await second.grow(to: 10 << 20)
        try await withThrowingTaskGroup(of: Int.self) { group in
            // There is room for it, but then 70 would be taken, and each would lack more than 30.
            group.addTask { try await second.grow(to: 30 << 20) }
            while memory.waitingCount < 1 { await Task.yield() }
            let held = try await first?.grow(to: 80 << 20)
            #expect(held == 80 << 20 && memory.waitingCount == 1)
            first = nil
            let given = try await group.next()
            #expect(given == 30 << 20)
        }
        #expect(memory.takenBytes == 30 << 20)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `all end, and never hold more than there is`(seed: UInt64) async throws {
        let bytesMax = 1 << 20
        let memory = ElementMemory(bytesMax: bytesMax, waitingMax: 1000)
        var random = SeededGenerator(seed: seed)
        let plans = (0..<200).map { _ in
            let needed = Int.random(in: 0...bytesMax, using: &random)
            let steps = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                Int.random(in: 0...needed, using: &random)
            }
            return steps.sorted() + [needed]
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for plan in plans {
                group.addTask {
                    let account = memory.account(neededBytes: plan.last ?? 0)
                    for bytes in plan {
                        let held = try await account.grow(to: bytes)
                        #expect(held >= bytes)
                        #expect(memory.takenBytes <= bytesMax)
                        await Task.yield()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(memory.takenBytes == 0 && memory.waitingCount == 0)
    }

    @Test func `who is cancelled lets those behind it begin`() async throws {
        let memory = ElementMemory(bytesMax: 10 << 20, waitingMax: 10)
        let held = memory.account(neededBytes: 6 << 20)
        _ = try await held.grow(to: 6 << 20)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let account = memory.account(neededBytes: 9 << 20)
                await #expect(throws: ArrayWriteError.read(.cancelled)) {
                    _ = try await account.grow(to: 9 << 20)
                }
            }
            while memory.waitingCount < 1 { await Task.yield() }
            try await withThrowingTaskGroup(of: Int.self) { behind in
                behind.addTask {
                    try await memory.account(neededBytes: 4 << 20).grow(to: 4 << 20)
                }
                while memory.waitingCount < 2 { await Task.yield() }
                group.cancelAll()
                let given = try await behind.next()
                #expect(given == 4 << 20)
            }
            try await group.waitForAll()
        }
        #expect(memory.takenBytes == 6 << 20 && memory.waitingCount == 0)
        withExtendedLifetime(held) {}
    }

    @Test func `too many are refused`() async throws {
        let memory = ElementMemory(bytesMax: 10, waitingMax: 0)
        let held = memory.account(neededBytes: 10)
        _ = try await held.grow(to: 10)
        let other = memory.account(neededBytes: 10)
        await #expect(throws: ArrayWriteError.overloaded) { _ = try await other.grow(to: 1) }
        withExtendedLifetime(held) {}
    }
}
