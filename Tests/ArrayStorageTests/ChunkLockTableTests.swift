import SeededRandom
import StorageModel
import Synchronization
import Testing

@testable import ArrayStorage

/// Checks that writers of one chunk go one after the other, others together, and nobody is left behind.
@Suite struct ChunkLockTableTests {
    static func keys(_ numbers: some Sequence<Int>) -> [ChunkLockTable.Claim] {
        numbers.map {
            .alone(ChunkLockTable.Key(line: LineID(1), scope: .object, path: "c/\($0)"))
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `no key is held twice, and all get their turn`(seed: UInt64) async throws {
        let table = ChunkLockTable(ticketsMax: 1000)
        let held = Shared<Set<Int>>([])
        let finished = Shared(0)
        var random = SeededGenerator(seed: seed)
        let wanted = (0..<200).map { _ in
            Set(
                (0..<Int.random(in: 1...6, using: &random)).map { _ in
                    Int.random(in: 0..<12, using: &random)
                }
            )
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for numbers in wanted {
                group.addTask {
                    try await table.withLocks(Self.keys(numbers)) {
                        () async throws(ArrayWriteError) in
                        held.withLock { held in
                            #expect(held.isDisjoint(with: numbers))
                            held.formUnion(numbers)
                        }
                        for _ in 0..<3 { await Task.yield() }
                        held.withLock { $0.subtract(numbers) }
                    }
                    finished.withLock { $0 += 1 }
                }
            }
            try await group.waitForAll()
        }
        #expect(finished.withLock { $0 } == wanted.count)
        #expect(table.count == 0)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `who has a folder alone meets nobody who shares it`(seed: UInt64) async throws {
        let table = ChunkLockTable(ticketsMax: 1000)
        let folder = ChunkLockTable.Key(line: LineID(1), scope: .folder, path: "a")
        let inside = Shared((writers: 0, writersMax: 0, clearers: 0, clearings: 0))
        var random = SeededGenerator(seed: seed)
        let clears = (0..<120).map { _ in Int.random(in: 0..<5, using: &random) == 0 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, clears) in clears.enumerated() {
                group.addTask {
                    let claims =
                        clears ? [.alone(folder)] : Self.keys([number]) + [.shared(folder)]
                    try await table.withLocks(claims) {
                        () async throws(ArrayWriteError) in
                        inside.withLock { inside in
                            #expect(inside.clearers == 0)
                            if clears {
                                #expect(inside.writers == 0)
                                inside.clearers += 1
                                inside.clearings += 1
                            } else {
                                inside.writers += 1
                                inside.writersMax = max(inside.writersMax, inside.writers)
                            }
                        }
                        for _ in 0..<3 { await Task.yield() }
                        inside.withLock { inside in
                            if clears { inside.clearers -= 1 } else { inside.writers -= 1 }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.withLock { $0.clearings } == clears.count { $0 })
        #expect(table.count == 0)
    }

    @Test func `those who share a lock hold it together, and none overtakes one that waits`() {
        var queue = LockQueue()
        let entered = [
            queue.enter(1, .shared), queue.enter(2, .shared), queue.enter(3, .alone),
            queue.enter(4, .shared),
        ]
        #expect(entered == [true, true, false, false])
        let served = [queue.leave(1), queue.leave(2)]
        #expect(served == [[], [3]])
        let late = [queue.enter(5, .alone), queue.enter(6, .shared)]
        #expect(late == [false, false])
        // The one that gives up waiting lets those behind it in.
        let left = [queue.leave(3), queue.leave(5), queue.leave(4), queue.leave(6)]
        #expect(left == [[4], [6], [], []])
        #expect(queue.isEmpty)
    }

    @Test func `who waits and is cancelled leaves the others their way`() async throws {
        let table = ChunkLockTable(ticketsMax: 10)
        let order = Shared<[Int]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            let first = Gate()
            group.addTask {
                try await table.withLocks(Self.keys([1])) { () async throws(ArrayWriteError) in
                    await first.wait()
                    order.withLock { $0.append(1) }
                }
            }
            while table.count < 1 { await Task.yield() }
            await withTaskGroup(of: Void.self) { cancelled in
                cancelled.addTask {
                    await #expect(throws: ArrayWriteError.read(.cancelled)) {
                        try await table.withLocks(Self.keys([1, 2])) {
                            () async throws(ArrayWriteError) in
                            order.withLock { $0.append(2) }
                        }
                    }
                }
                while table.count < 2 { await Task.yield() }
                group.addTask {
                    try await table.withLocks(Self.keys([2])) {
                        () async throws(ArrayWriteError) in
                        order.withLock { $0.append(3) }
                    }
                }
                while table.count < 3 { await Task.yield() }
                cancelled.cancelAll()
            }
            while !order.withLock({ $0.contains(3) }) { await Task.yield() }
            first.open()
            try await group.waitForAll()
        }
        #expect(order.withLock { $0 } == [3, 1])
        #expect(table.count == 0)
    }

    @Test func `too many are refused`() async throws {
        let table = ChunkLockTable(ticketsMax: 1)
        try await table.withLocks(Self.keys([1])) { () async throws(ArrayWriteError) in
            _ = await #expect(throws: ArrayWriteError.overloaded) {
                try await table.withLocks(Self.keys([2])) {
                    () async throws(ArrayWriteError) in
                }
            }
        }
        #expect(table.count == 0)
    }
}

/// A value that tasks share.
///
/// State: guarded by `value`.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) {
        self.value = Mutex(value)
    }

    @discardableResult
    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { (value: inout Value) -> Result in body(&value) }
    }
}

/// Lets a task wait until another says so.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiter: CheckedContinuation<Void, Never>?)>(
        (false, nil)
    )

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiter = continuation }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiter = state.withLock { state in
            state.isOpen = true
            return state.waiter
        }
        waiter?.resume()
    }
}
