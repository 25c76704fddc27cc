import DiskIO
import Synchronization
import Testing

/// Checks that a pool runs what it takes, no more at once than it may, and ends.
@Suite struct BlockingPoolTests {
    struct Refused: Error {}

    /// How many pieces of work ran, and at most how many at once.
    final class Count: Sendable {
        private let state = Mutex((running: 0, most: 0, ended: 0))

        var most: Int { state.withLock { $0.most } }
        var ended: Int { state.withLock { $0.ended } }

        func run(_ body: () -> Void = {}) {
            state.withLock { state in
                state.running += 1
                state.most = max(state.most, state.running)
            }
            body()
            state.withLock { state in
                state.running -= 1
                state.ended += 1
            }
        }
    }

    @Test func `work runs, returns and throws`() async throws {
        let pool = try BlockingPool(name: "test", threadCount: 2)
        #expect(try await pool.run { 7 } == 7)
        await #expect(throws: Refused.self) { try await pool.run { throw Refused() } }
        await pool.shutdown()
        await #expect(throws: BlockingPoolError.shutDown) { try await pool.run { 7 } }
        await pool.shutdown()
    }

    @Test func `never more at once than threads and nothing is lost`() async throws {
        let pool = try BlockingPool(name: "test", threadCount: 3)
        let counts = Count()
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    try await pool.run {
                        counts.run()
                        return number
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 1999 * 1000)
        #expect(counts.most <= 3)
        #expect(counts.ended == 2000)
        await pool.shutdown()
    }

    @Test func `shutting down waits for what was queued`() async throws {
        let pool = try BlockingPool(name: "test", threadCount: 1)
        let gate = try WakeupSignal()
        let done = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let entered = try WakeupSignal()
            group.addTask {
                try await pool.run {
                    entered.post()
                    gate.wait()
                    done.run()
                }
            }
            try await BlockingPool(name: "wait", threadCount: 1).run { entered.wait() }
            group.addTask { await pool.shutdown() }
            gate.post()
            try await group.waitForAll()
        }
        #expect(done.ended == 1)
    }

    @Test func `cancelled work that has not begun does not run`() async throws {
        let pool = try BlockingPool(name: "test", threadCount: 1)
        let gate = try WakeupSignal()
        let entered = try WakeupSignal()
        let counts = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await pool.run {
                    entered.post(); gate.wait()
                }
            }
            try await BlockingPool(name: "wait", threadCount: 1).run { entered.wait() }
            let cancelled = Task {
                try await pool.run { counts.run() }
            }
            cancelled.cancel()
            gate.post()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            try await group.waitForAll()
        }
        #expect(counts.ended == 0)
        await pool.shutdown()
    }
}
