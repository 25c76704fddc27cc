import Synchronization
import Testing

@testable import DiskIO

/// Checks that the time that threads work is charged, and that the queue goes by it.
///
/// Method: work is queued before any thread takes it; then the test's own thread does all of it.
@Suite struct WorkAccountTests {
    /// Hands in named work, and gives the names in the order in which it ran.
    private static func order(
        _ work: [(name: String, account: WorkAccount?)]
    ) throws -> [String] {
        let queue = BlockingQueue(wakeup: try WakeupSignal(), threadCount: 1)
        let names = Mutex<[String]>([])
        for (name, account) in work {
            let isTaken = queue.enqueue(
                BlockingQueue.Job(
                    ticket: BlockingQueue.Ticket(),
                    account: account,
                    perform: { names.withLock { $0.append(name) } },
                    refuse: { _ in }
                )
            )
            #expect(isTaken)
        }
        queue.close(withoutThreads: 0) {}
        queue.workUntilClosed()
        return names.withLock { $0 }
    }

    @Test func `a short request passes long ones of the same client that came before`() throws {
        let long = (0..<10).map { _ in WorkAccount(client: "ada", beginning: .long) }
        let short = WorkAccount(client: "ada", beginning: .short)
        let order = try Self.order(long.map { ("long", $0) } + [("short", short)])
        #expect(order.first == "short" && order.count == 11)
    }

    @Test func `a request of another client waits for one piece of work`() throws {
        let ada = (0..<10).map { _ in WorkAccount(client: "ada", beginning: .short) }
        let bob = WorkAccount(client: "bob", beginning: .long)
        let order = try Self.order(ada.map { ("ada", $0) } + [("bob", bob)])
        #expect(order.prefix(3) == ["ada", "bob", "ada"])
    }

    @Test func `work on no account runs in the order of its arrival`() throws {
        let names = (0..<50).map(String.init)
        #expect(try Self.order(names.map { ($0, nil) }) == names)
    }

    @Test func `what took long is behind what did not`() throws {
        let tired = WorkAccount(client: "ada", beginning: .short)
        let fresh = WorkAccount(client: "ada", beginning: .short)
        #expect(tired.level == 0 && WorkAccount(client: "", beginning: .long).level == 2)
        for (level, milliseconds) in [(0, 19), (1, 2), (1, 178), (2, 2), (2, 1798), (3, 2)] {
            tired.charge(.milliseconds(milliseconds))
            #expect(tired.level == level)
        }
        tired.charge(.seconds(1_000_000))
        #expect(tired.level == 3)
        #expect(try Self.order([("tired", tired), ("fresh", fresh)]) == ["fresh", "tired"])
    }

    @Test func `a thread charges the account with the time of its work`() async throws {
        let pool = try BlockingPool(name: "test", threadCount: 1)
        let account = WorkAccount(client: "ada", beginning: .short)
        try await pool.run(on: account) {
            let end = ContinuousClock.now + .milliseconds(21)
            while ContinuousClock.now < end {}
        }
        // The charge comes before the thread takes other work.
        try await pool.run {}
        #expect(account.level >= 1)
        await pool.shutdown()
    }
}
