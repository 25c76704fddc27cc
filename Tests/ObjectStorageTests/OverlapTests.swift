import SQLiteDatabase
import StorageModel
import Synchronization
import Testing

@testable import ObjectStorage

/// Checks that a batch comes out as if its changes were made one after the other, though those that
/// ignore what a key holds are applied to the index while the log is flushed.
///
/// Method: the queue is held while writers that depend on each other line up; segments of the log are so
/// short that batches move between them; a trigger in the index refuses a change that the log took.
@Suite struct OverlapTests {
    /// What a writer of a batch does; the text of a put is the key with a number.
    private enum Step {
        case put(String, String, WritePrecondition = .none)
        case delete(String)
    }

    private static func perform(_ step: Step, _ subject: StoreSubject) async -> StoreError? {
        do {
            switch step {
            case .put(let key, let text, let precondition):
                _ = try await subject.put(key, Array(text.utf8), precondition)
            case .delete(let key):
                _ = try await subject.store.delete([try ObjectKey(key)], in: subject.namespace)
            }
            return nil
        } catch let error as StoreError {
            return error
        } catch {
            Issue.record(error)
            return nil
        }
    }

    /// Has the committer find steps together, in their order.
    private static func together(
        _ steps: [Step],
        _ subject: StoreSubject
    ) async -> [StoreError?] {
        let queue = subject.store.queue
        queue.hold()
        return await withTaskGroup(of: (Int, StoreError?).self) { group in
            for (number, step) in steps.enumerated() {
                group.addTask { (number, await perform(step, subject)) }
                while queue.count <= number { await Task.yield() }
            }
            queue.release()
            var errors = [StoreError?](repeating: nil, count: steps.count)
            for await (number, error) in group { errors[number] = error }
            return errors
        }
    }

    /// What is stored, by key.
    private static func contents(_ subject: StoreSubject) async throws -> [String: String] {
        var contents: [String: String] = [:]
        for key in try await subject.keys() {
            let bytes = try await subject.read(key) ?? []
            contents[key] = String(decoding: bytes, as: UTF8.self)
        }
        return contents
    }

    @Test func `conditions see what the batch did before them`() async throws {
        try await StoreSubject.with { subject in
            let errors = await Self.together(
                [
                    .put("a", "a1"), .put("b", "b1"), .put("a", "a2"),
                    .put("b", "b2", .absent), .delete("a"), .put("a", "a3", .absent),
                    .put("c", "c1", .present), .put("c", "c2"), .put("c", "c3", .present),
                    .put("d", "d1"), .delete("d"), .put("e", "e1"),
                ],
                subject
            )
            #expect(errors[3] == .preconditionFailed)
            let missing = StoreError.objectMissing(try ObjectKey("c"))
            #expect(errors[6] == missing)
            let refused = errors.indices.filter { errors[$0] != nil }
            #expect(refused == [3, 6])
            let contents = try await Self.contents(subject)
            #expect(contents == ["a": "a3", "b": "b1", "c": "c3", "e": "e1"])
        }
    }

    @Test func `batches that move to new segments keep every payload, also after reopening`()
        async throws
    {
        let folder = StoreSubject.newFolder()
        let limits = StoreSubject.limits()
        func text(_ key: Int, _ round: Int) -> String {
            String(repeating: "\(key).\(round) ", count: 60)
        }
        try await StoreSubject.with(folder, limits: limits) { subject in
            for round in 0..<6 {
                let steps = (0..<12).map { Step.put("k\($0)", text($0, round)) }
                let errors = await Self.together(steps, subject)
                #expect(errors.allSatisfy { $0 == nil })
            }
        }
        try await StoreSubject.with(folder, limits: limits) { subject in
            let contents = try await Self.contents(subject)
            #expect(contents.count == 12)
            for key in 0..<12 { #expect(contents["k\(key)"] == text(key, 5)) }
        }
    }

    @Test func `a change that the log took and the index refused is there once the index takes it`()
        async throws
    {
        try await StoreSubject.with { subject in
            try await subject.put("before", "x")
            let side = try SharedConnection(
                path: subject.directory + "/index/nave.sqlite",
                ConnectionConfiguration(access: .readWrite)
            )
            try side.withConnection { connection throws(SQLiteError) in
                try connection.execute(
                    """
                    CREATE TRIGGER stop BEFORE INSERT ON object WHEN NEW.key = 'b'
                    BEGIN SELECT RAISE(ABORT, 'stopped by a test'); END
                    """
                )
            }
            let errors = await Self.together(
                [.put("a", "1"), .put("b", "2"), .put("c", "3")],
                subject
            )
            #expect(errors == [.indexFailed, .indexFailed, .indexFailed])
            let before = try await Self.contents(subject)
            #expect(before == ["before": "x"])

            try side.withConnection { connection throws(SQLiteError) in
                try connection.execute("DROP TRIGGER stop")
            }
            try await subject.put("d", "after")
            let after = try await Self.contents(subject)
            #expect(after == ["a": "1", "b": "2", "before": "x", "c": "3", "d": "after"])
        }
    }
}
