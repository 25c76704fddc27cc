import Testing

@testable import ArrayStorage

/// Checks that a gate gives no more than it has, in order, and gets everything back.
@Suite struct MemoryGateTests {
    @Test func `what is taken is given back, and who waits is served in order`() async throws {
        let gate = MemoryGate(bytesMax: 10)
        var first: MemoryGate.Reservation? = try await gate.reserve(7)
        let second = try await gate.reserve(3)
        #expect(gate.takenBytes == 10)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let large = try await gate.reserve(6)
                #expect(gate.takenBytes <= 10)
                withExtendedLifetime(large) {}
            }
            while gate.waitingCount < 1 { await Task.yield() }
            group.addTask {
                // Would fit beside `second` at once, but others came before.
                let small = try await gate.reserve(1)
                withExtendedLifetime(small) {}
            }
            while gate.waitingCount < 2 { await Task.yield() }
            #expect(gate.takenBytes == 10)
            withExtendedLifetime(first) {}
            first = nil
            try await group.waitForAll()
        }
        #expect(gate.takenBytes == 3 && gate.waitingCount == 0)
        withExtendedLifetime(second) {}
    }

    @Test func `who is cancelled leaves the line to those behind`() async throws {
        let gate = MemoryGate(bytesMax: 10)
        let held = try await gate.reserve(6)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    _ = try await gate.reserve(9)
                    return false
                } catch {
                    return true
                }
            }
            while gate.waitingCount < 1 { await Task.yield() }
            try await withThrowingTaskGroup(of: Void.self) { behind in
                behind.addTask { _ = try await gate.reserve(4) }
                while gate.waitingCount < 2 { await Task.yield() }
                group.cancelAll()
                try await behind.waitForAll()
            }
            #expect(try await group.next() == true)
        }
        #expect(gate.takenBytes == 6 && gate.waitingCount == 0)
        withExtendedLifetime(held) {}
    }

    @Test func `what is given back early goes to who waits`() async throws {
        let gate = MemoryGate(bytesMax: 10)
        let held = try await gate.reserve(10)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let part = try await gate.reserve(7)
                #expect(gate.takenBytes == 10)
                withExtendedLifetime(part) {}
            }
            while gate.waitingCount < 1 { await Task.yield() }
            held.shrink(to: 20)
            #expect(gate.takenBytes == 10 && gate.waitingCount == 1)
            held.shrink(to: 3)
            try await group.waitForAll()
        }
        #expect(gate.takenBytes == 3)
        withExtendedLifetime(held) {}
    }

    @Test func `what is longer than all is given all`() async throws {
        let gate = MemoryGate(bytesMax: 10)
        let all = try await gate.reserve(.max)
        #expect(gate.takenBytes == 10)
        withExtendedLifetime(all) {}
    }

    @Test func `many tasks never take more than there is`() async throws {
        let gate = MemoryGate(bytesMax: 100)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                group.addTask {
                    guard let part = try? await gate.reserve(1 + number * 37 % 60) else { return }
                    #expect(gate.takenBytes <= 100)
                    await Task.yield()
                    withExtendedLifetime(part) {}
                }
            }
            for _ in 0..<100 { await Task.yield() }
            group.cancelAll()
        }
        #expect(gate.takenBytes == 0 && gate.waitingCount == 0)
    }
}
