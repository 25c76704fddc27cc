import SQLiteDatabase
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks what the committer does when the index or its own bounds fail it.
///
/// Method: a trigger in the index refuses to let it come forward after the log has taken a change;
/// the queue is held until it is full.
@Suite struct FailureTests {
    @Test func `an index that falls behind its log catches up`() async throws {
        try await StoreSubject.with { subject in
            let long = StoreSubject.bytes(5000, seed: 1)
            try await subject.put("a", "before")
            let side = try SharedConnection(
                path: subject.directory + "/index/nave.sqlite",
                ConnectionConfiguration(access: .readWrite)
            )
            try side.withConnection { connection throws(SQLiteError) in
                try connection.execute(
                    """
                    CREATE TRIGGER stop BEFORE UPDATE ON state
                    BEGIN SELECT RAISE(ABORT, 'stopped by a test'); END
                    """
                )
            }
            await #expect(throws: StoreError.indexFailed) { try await subject.put("b", long) }
            await #expect(throws: StoreError.self) { try await subject.put("c", long) }
            #expect(try await subject.keys() == ["a"])
            #expect(try await subject.read("a") == Array("before".utf8))

            try side.withConnection { connection throws(SQLiteError) in
                try connection.execute("DROP TRIGGER stop")
            }
            try await subject.put("d", "after")
            // The log had taken b before the index failed; c came when nothing was taken.
            #expect(try await subject.keys() == ["a", "b", "d"])
            #expect(try await subject.read("b") == long)
        }
    }

    @Test func `more than the queue holds is refused at once`() async throws {
        var limits = StoreSubject.limits()
        limits.queuedChangesMax = 3
        try await StoreSubject.with(limits: limits) { subject in
            subject.store.queue.hold()
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        do {
                            try await subject.put("k\(number)", "v")
                            return true
                        } catch StoreError.overloaded {
                            return false
                        }
                    }
                }
                var refused = 0
                while refused < 5, let isTaken = try await group.next() {
                    #expect(!isTaken)
                    refused += 1
                }
                subject.store.queue.release()
                for try await isTaken in group { #expect(isTaken) }
            }
            #expect(try await subject.keys().count == 3)
        }
    }

    @Test func `one refused write of a batch does not touch the others`() async throws {
        try await StoreSubject.with { subject in
            try await subject.put("taken", "first")
            subject.store.queue.hold()
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for key in ["a", "taken", "b", "taken", "c"] {
                    group.addTask {
                        do {
                            try await subject.put(key, Array(key.utf8), .absent)
                            return true
                        } catch StoreError.preconditionFailed {
                            return false
                        }
                    }
                }
                while subject.store.queue.count < 5 { await Task.yield() }
                subject.store.queue.release()
                let accepted = try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                #expect(accepted == 3)
            }
            #expect(try await subject.keys() == ["a", "b", "c", "taken"])
            #expect(try await subject.read("taken") == Array("first".utf8))
        }
    }
}
