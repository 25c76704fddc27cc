import Foundation
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks that one change writes many keys, all or none.
///
/// Method: worked cases over a real folder, with bounds so small that payloads take all three ways:
/// in the record, packed, in a blob of their own.
@Suite struct BatchTests {
    /// A payload of every kind: empty, in the record, packed into two blobs, in one of its own.
    static let lengths = [0, 700, 900, 300, 800, 500, 999, 5000]

    static func limits() -> StoreLimits {
        var limits = StoreSubject.limits()
        limits.batchedInlineBytesMax = 2000
        limits.batchedInlinePayloadBytesMax = 1000
        limits.unflushedBlobsMax = 2
        limits.packBytesMax = 1200
        limits.batchedKeysMax = 20
        return limits
    }

    /// Stages contents and makes puts of them.
    static func puts(
        _ contents: [(key: String, bytes: [UInt8])],
        _ subject: StoreSubject,
        expectation: KeyExpectation = .any
    ) async throws -> [WriteBatch.Put] {
        let stage = subject.store.batchStage()
        let staged = try await subject.store.diskPool.run {
            let staged = try contents.map { try stage.stage($0.bytes) }
            try stage.seal()
            return staged
        }
        return try zip(contents, staged).map { content, staged in
            #expect(staged.entityTag == StoreSubject.tag(content.bytes))
            return WriteBatch.Put(
                key: try ObjectKey(content.key),
                payload: staged.payload,
                entityTag: staged.entityTag,
                expectation: expectation
            )
        }
    }

    static func contents(seed: UInt64) -> [(key: String, bytes: [UInt8])] {
        lengths.enumerated().map { number, length in
            ("k/\(number)", StoreSubject.bytes(length, seed: seed &+ UInt64(number)))
        }
    }

    @Test func `all of a batch is there under one number, also after cleaning and reopening`()
        async throws
    {
        let folder = StoreSubject.newFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let contents = Self.contents(seed: 1)
        try await StoreSubject.with(folder, limits: Self.limits()) { subject in
            try await subject.put("gone", "x")
            var batch = WriteBatch()
            batch.puts = try await Self.puts(contents, subject)
            batch.deletions = [try ObjectKey("gone"), try ObjectKey("never")]
            let sequence = try await subject.store.write(batch, in: subject.namespace)
            for (key, bytes) in contents {
                #expect(try subject.entry(key)?.sequence == sequence)
                #expect(try await subject.read(key) == bytes)
            }
            #expect(try subject.entry("gone") == nil)
            // One blob of its own, and packs of 1,300 and 999 bytes.
            #expect(try await subject.blobFiles().count == 3)
            // The segment of the record is emptied: the runs in it move one by one.
            for number in 0..<20 { try await subject.put("noise", "\(number)") }
            let deleted = [try ObjectKey("k/1")]
            _ = try await subject.store.delete(deleted, in: subject.namespace)
            let report = try await subject.store.cleanLog()
            #expect(report.relocatedExtents > 0)
            for (key, bytes) in contents where key != "k/1" {
                #expect(try await subject.read(key) == bytes, "\(key)")
            }
        }
        try await StoreSubject.with(folder, limits: Self.limits()) { subject in
            for (key, bytes) in contents where key != "k/1" {
                #expect(try await subject.read(key) == bytes, "\(key)")
            }
            // The packs go when their last object does.
            let keys = try contents.map { try ObjectKey($0.key) }
            _ = try await subject.store.delete(keys, in: subject.namespace)
            #expect(try await subject.blobFiles().isEmpty)
        }
    }

    @Test func `an expectation that fails keeps all of a batch out, and its payloads usable`()
        async throws
    {
        try await StoreSubject.with(limits: Self.limits()) { subject in
            let held = try await subject.put("held", "old")
            let contents = Self.contents(seed: 2)
            let puts = try await Self.puts(contents, subject, expectation: .absent)
            let conditions: [(String, KeyExpectation)] = [
                ("held", .absent), ("held", .sequence(held.sequence - 1)),
                ("other", .sequence(held.sequence)),
            ]
            for (key, expectation) in conditions {
                var batch = WriteBatch()
                batch.puts = puts
                batch.deletions = [try ObjectKey("held")]
                batch.conditions = [
                    WriteBatch.Condition(key: try ObjectKey(key), expectation: expectation)
                ]
                await #expect(throws: StoreError.preconditionFailed) {
                    try await subject.store.write(batch, in: subject.namespace)
                }
                #expect(try await subject.keys() == ["held"])
            }
            var batch = WriteBatch()
            batch.puts = puts
            batch.conditions = [
                WriteBatch.Condition(
                    key: try ObjectKey("held"),
                    expectation: .sequence(held.sequence)
                ),
                WriteBatch.Condition(key: try ObjectKey("other"), expectation: .absent),
            ]
            _ = try await subject.store.write(batch, in: subject.namespace)
            for (key, bytes) in contents { #expect(try await subject.read(key) == bytes) }
            // They are there now.
            await #expect(throws: StoreError.preconditionFailed) {
                try await subject.store.write(batch, in: subject.namespace)
            }
        }
    }

    @Test func `a batch that names a key twice is refused, and those beside it are not`()
        async throws
    {
        try await StoreSubject.with(limits: Self.limits()) { subject in
            let held = try await subject.put("held", "old")
            let puts = try await Self.puts([("a", [1]), ("b", [2]), ("a", [3])], subject)
            var twice = WriteBatch()
            twice.puts = puts
            await #expect(throws: StoreError.keyRepeated(try ObjectKey("a"))) {
                try await subject.store.write(twice, in: subject.namespace)
            }
            var both = WriteBatch()
            both.puts = Array(puts.prefix(2))
            both.deletions = [try ObjectKey("held"), try ObjectKey("b")]
            await #expect(throws: StoreError.keyRepeated(try ObjectKey("b"))) {
                try await subject.store.write(both, in: subject.namespace)
            }
            #expect(try await subject.keys() == ["held"])
            #expect(try subject.entry("held")?.sequence == held.sequence)
        }
    }

    @Test func `what is staged and not written is given back`() async throws {
        try await StoreSubject.with(limits: Self.limits()) { subject in
            do {
                let puts = try await Self.puts(Self.contents(seed: 3), subject)
                #expect(puts.count == Self.lengths.count)
                #expect(try await subject.blobFiles().count == 3)
            }
            #expect(try await subject.blobFiles().isEmpty)
            // A pack that was never sealed.
            do {
                let stage = subject.store.batchStage()
                let staged = try await subject.store.diskPool.run {
                    try (0..<3).map { _ in try stage.stage([UInt8](repeating: 1, count: 900)) }
                }
                #expect(staged.count == 3)
            }
            #expect(try await subject.blobFiles().isEmpty)
        }
    }

    @Test func `metadata and chunks of a new version come in one change`() async throws {
        try await StoreSubject.with(limits: Self.limits()) { subject in
            try await subject.put("big:v0/c/0", "before")
            var batch = WriteBatch()
            batch.puts = try await Self.puts(
                [
                    ("big:v0/c/1", Array("one".utf8)),
                    ("big:v0/zarr.json", Array(StoreTests.array.utf8)),
                    ("plain", Array("plain".utf8)),
                ],
                subject
            )
            let sequence = try await subject.store.write(batch, in: subject.namespace)
            let node = try #require(
                try subject.store.node(ArrayPlace(name: "big", tag: "v0"), in: subject.namespace)
            )
            #expect(node.sequence == sequence)
            #expect(node.tally?.chunks == 2)
            #expect(try subject.store.lookUp("c/1", line: node.line)?.sequence == sequence)
            #expect(try await subject.read("big:v0/c/0") == Array("before".utf8))
            #expect(try await subject.read("plain") == Array("plain".utf8))
        }
    }

    @Test func `of racing batches that expect the same state one wins`() async throws {
        try await StoreSubject.with(limits: Self.limits()) { subject in
            let first = try await subject.put("a", "0")
            let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        var batch = WriteBatch()
                        batch.puts = try await Self.puts(
                            [("a", [UInt8(number)])],
                            subject,
                            expectation: .sequence(first.sequence)
                        )
                        batch.puts += try await Self.puts([("b", [UInt8(number)])], subject)
                        do {
                            _ = try await subject.store.write(batch, in: subject.namespace)
                            return true
                        } catch StoreError.preconditionFailed {
                            return false
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 } == 1)
            #expect(try await subject.read("a") == subject.read("b"))
        }
    }

    @Test func `a batch beyond the bound is refused`() async throws {
        try await StoreSubject.with(limits: Self.limits()) { subject in
            var batch = WriteBatch()
            batch.deletions = try (0..<21).map { try ObjectKey("k\($0)") }
            await #expect(throws: StoreError.payloadTooLarge) {
                try await subject.store.write(batch, in: subject.namespace)
            }
            batch.deletions.removeLast()
            // Nothing to do is no change.
            let before = try await subject.put("x", "x").sequence
            #expect(try await subject.store.write(batch, in: subject.namespace) == before)
        }
    }
}
