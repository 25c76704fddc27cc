import Foundation
import NIOCore
import SeededRandom
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks puts, reads, copies, deletes and preconditions.
///
/// Method: worked cases at the lengths where payloads change their form, then seeded random
/// operations against a dictionary.
@Suite struct ObjectTests {
    static let lengths = [0, 1, 999, 1000, 1001, 65_536, 65_537, 70_000, 70_001, 300_000]

    @Test func `an object comes back whole and in ranges, at every length`() async throws {
        try await StoreSubject.with { subject in
            for length in Self.lengths {
                let bytes = StoreSubject.bytes(length, seed: UInt64(length))
                let entry = try await subject.put("k/\(length)", bytes)
                #expect(entry.sizeBytes == Int64(length))
                #expect(try subject.entry("k/\(length)") == entry)
                #expect(try await subject.read(entry) == bytes)
                for (start, end) in [
                    (0, 1), (1, 1), (999, 1001), (65_535, 65_537), (length, length),
                ] {
                    guard start <= end, end <= length else { continue }
                    let part = try await subject.read(entry, Int64(start)..<Int64(end), max: 7)
                    #expect(part == Array(bytes[start..<end]))
                }
                #expect(throws: StoreError.rangeInvalid) {
                    try subject.store.reader(entry, range: 0..<Int64(length + 1))
                }
                let blocking = try await subject.store.diskPool.run {
                    try subject.store.readBlocking(entry, range: 0..<entry.sizeBytes)
                }
                #expect(Array(blocking.readableBytesView) == bytes)
            }
        }
    }

    @Test func `what replaced and deleted objects held is freed`() async throws {
        try await StoreSubject.with { subject in
            let long = StoreSubject.bytes(5000, seed: 1)
            try await subject.put("a", long)
            try await subject.put("a", StoreSubject.bytes(5000, seed: 2))
            #expect(try await subject.blobFiles().count == 1)
            let entry = try #require(try subject.entry("a"))
            let copy = try await subject.store.copy(
                from: entry,
                to: try ObjectKey("b"),
                in: subject.namespace,
                attributes: entry.attributes,
                checksums: []
            )
            #expect(try await subject.blobFiles().count == 1)
            try await subject.store.delete(try ObjectKey("a"), in: subject.namespace)
            #expect(try await subject.read(copy) == StoreSubject.bytes(5000, seed: 2))
            try await subject.store.delete(try ObjectKey("b"), in: subject.namespace)
            #expect(try await subject.blobFiles().isEmpty)
            // A copy of what is gone says so.
            await #expect(throws: StoreError.objectReplaced) {
                try await subject.store.copy(
                    from: entry,
                    to: try ObjectKey("c"),
                    in: subject.namespace,
                    attributes: entry.attributes,
                    checksums: []
                )
            }
            #expect(throws: StoreError.objectReplaced) {
                try subject.store.reader(entry, range: 0..<1)
            }
        }
    }

    @Test func `a payload that is given up or refused leaves nothing`() async throws {
        try await StoreSubject.with { subject in
            let long = StoreSubject.bytes(200_000, seed: 1)
            let stage = subject.store.stagePayload(expectedBytes: nil)
            try await stage.append(ByteBuffer(bytes: long))
            await stage.discard()
            _ = try await subject.stage(long)
            try await subject.put("a", "here")
            await #expect(throws: StoreError.preconditionFailed) {
                try await subject.put("a", long, .absent)
            }
            #expect(try await subject.blobFiles().isEmpty)
            #expect(try await subject.read("a") == Array("here".utf8))
        }
    }

    @Test func `preconditions decide`() async throws {
        try await StoreSubject.with { subject in
            let first = try await subject.put("a", Array("1".utf8), .absent)
            await #expect(throws: StoreError.preconditionFailed) {
                try await subject.put("a", Array("2".utf8), .absent)
            }
            await #expect(throws: StoreError.preconditionFailed) {
                try await subject.put("a", Array("2".utf8), .entityTag("other"))
            }
            await #expect(throws: StoreError.objectMissing(try ObjectKey("b"))) {
                try await subject.put("b", Array("2".utf8), .entityTag(first.entityTag))
            }
            await #expect(throws: StoreError.objectMissing(try ObjectKey("b"))) {
                try await subject.put("b", Array("2".utf8), .present)
            }
            try await subject.put("a", Array("2".utf8), .entityTag(first.entityTag))
            try await subject.put("a", Array("3".utf8), .present)
            await #expect(throws: StoreError.preconditionFailed) {
                try await subject.store.delete(
                    try ObjectKey("a"),
                    in: subject.namespace,
                    precondition: .entityTag("x")
                )
            }
            #expect(try await subject.read("a") == Array("3".utf8))
        }
    }

    @Test func `one of many racers wins`() async throws {
        try await StoreSubject.with { subject in
            for round in 0..<5 {
                let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for racer in 0..<64 {
                        group.addTask {
                            do {
                                try await subject.put(
                                    "race\(round)",
                                    Array("\(racer)".utf8),
                                    .absent
                                )
                                return true
                            } catch StoreError.preconditionFailed {
                                return false
                            }
                        }
                    }
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(winners == 1)
            }
        }
    }

    @Test func `increments by compare and swap are not lost`() async throws {
        try await StoreSubject.with { subject in
            try await subject.put("n", "0")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        for _ in 0..<10 { try await Self.increment(subject) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await subject.read("n") == Array("160".utf8))
        }
    }

    static func increment(_ subject: StoreSubject) async throws {
        while true {
            let entry = try #require(try subject.entry("n"))
            let text = String(decoding: try await subject.read(entry), as: UTF8.self)
            let next = Array("\(try #require(Int(text)) + 1)".utf8)
            do {
                try await subject.put("n", next, .entityTag(entry.entityTag))
                return
            } catch StoreError.preconditionFailed {
                continue
            }
        }
    }

    @Test func `a read beside overwrites is of one object, whole`() async throws {
        try await StoreSubject.with { subject in
            let versions = (0..<4).map { StoreSubject.bytes(150_000 + $0, seed: UInt64($0)) }
            try await subject.put("hot", versions[0])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for round in 0..<40 { try await subject.put("hot", versions[round % 4]) }
                }
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<40 {
                            let bytes = try await Self.readAgain(subject)
                            #expect(bytes == versions[bytes.count - 150_000])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await subject.blobFiles().count == 1)
        }
    }

    @Test func `a read that has begun goes on to its end when the object is replaced`() async throws
    {
        try await StoreSubject.with { subject in
            let bytes = StoreSubject.bytes(200_000, seed: 1)
            let entry = try await subject.put("a", bytes)
            let reader = try subject.store.reader(entry, range: 0..<entry.sizeBytes)
            let unread = try subject.store.reader(entry, range: 0..<entry.sizeBytes)
            var read: [UInt8] = []
            func readPiece(_ reader: PayloadReader) async throws -> Bool {
                let piece = try await reader.read(max: 65_536, allocator: ByteBufferAllocator())
                guard case .ready(let buffer) = piece else { return false }
                read += buffer.readableBytesView
                return true
            }
            #expect(try await readPiece(reader))
            try await subject.put("a", "other")
            #expect(try await subject.blobFiles().count == 1)
            while try await readPiece(reader) {}
            #expect(read == bytes)
            read = []
            while try await readPiece(unread) {}
            #expect(read == bytes)
            #expect(throws: StoreError.objectReplaced) {
                try subject.store.reader(entry, range: 0..<1)
            }
            _ = consume reader
            _ = consume unread
            #expect(try await subject.blobFiles().isEmpty)
        }
    }

    static func readAgain(_ subject: StoreSubject) async throws -> [UInt8] {
        while true {
            do {
                return try #require(try await subject.read("hot"))
            } catch StoreError.objectReplaced {
                continue
            }
        }
    }

    @Test func `many keys are deleted at once, each once`() async throws {
        try await StoreSubject.with { subject in
            for key in ["a", "b", "c"] { try await subject.put(key, key) }
            let keys = try ["a", "x", "b", "a"].map { try ObjectKey($0) }
            let outcomes = try await subject.store.delete(keys, in: subject.namespace)
            #expect(outcomes == [.deleted, .absent, .deleted, .absent])
            #expect(try await subject.keys() == ["c"])
        }
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `random operations agree with a dictionary, also after reopening`(
        seed: UInt64
    ) async throws {
        let folder = StoreSubject.newFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var random = SeededGenerator(seed: seed)
        var model: [String: [UInt8]] = [:]
        for round in 0..<3 {
            if round == 2 { try FileManager.default.removeItem(atPath: folder + "/index") }
            try await StoreSubject.with(folder) { subject in
                try await Self.check(subject, model, seed)
                for _ in 0..<60 { try await Self.step(subject, &model, &random) }
                try await Self.check(subject, model, seed)
            }
        }
    }

    static func step(
        _ subject: StoreSubject,
        _ model: inout [String: [UInt8]],
        _ random: inout SeededGenerator
    ) async throws {
        let folders = ["", "d/", "m:v0/", "m:v0/g/"]
        func key() -> String { random.pick(folders) + random.pick(["a", "b", "c", "zarr.json"]) }
        let target = key()
        switch Int.random(in: 0..<8, using: &random) {
        case 0..<4:
            let isGroup = target.hasSuffix("zarr.json") && !random.oneIn(3)
            let bytes =
                isGroup
                ? Array(#"{"zarr_format":3,"node_type":"group"}"#.utf8)
                : StoreSubject.bytes(random.pick([0, 10, 1000, 1001, 80_000]), seed: random.next())
            try await subject.put(target, bytes)
            model[target] = bytes
        case 4..<6:
            let outcome = try await subject.store.delete(
                try ObjectKey(target),
                in: subject.namespace
            )
            #expect(outcome == (model[target] == nil ? .absent : .deleted))
            model[target] = nil
        default:
            let source = key()
            guard let entry = try subject.entry(source) else { return }
            _ = try await subject.store.copy(
                from: entry,
                to: try ObjectKey(target),
                in: subject.namespace,
                attributes: ObjectAttributes(),
                checksums: []
            )
            model[target] = model[source]
        }
    }

    static func check(
        _ subject: StoreSubject,
        _ model: [String: [UInt8]],
        _ seed: UInt64
    ) async throws {
        let expected = model.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(try await subject.keys() == expected, "seed \(seed)")
        for (key, bytes) in model {
            #expect(try await subject.read(key) == bytes, "seed \(seed), \(key)")
        }
    }
}
