import DiskIO
import Foundation
import Logging
import NIOCore
import SeededRandom
import StorageModel
import Synchronization
import Testing

@testable import ObjectStorage

/// Checks that room comes back, on a real file system, while readers and writers go on.
@Suite struct ReclaimTests {
    /// Bounds at which a few MiB make many segments.
    static func limits() -> StoreLimits {
        var limits = StoreSubject.limits(inlineBytesMax: 131_072, stageBufferBytes: 524_288)
        limits.logSegmentBytesMax = 2 << 20
        return limits
    }

    struct Mix: Sendable, CustomTestStringConvertible {
        let name: String
        let objects: Int
        let sizes: ClosedRange<Double>
        /// How many of a hundred are deleted.
        let deletedPercent: Int

        var testDescription: String { name }
    }

    static let mixes = [
        Mix(
            name: "1 KiB to 1 MiB, 80 % deleted",
            objects: 300,
            sizes: 10...20,
            deletedPercent: 80
        ),
        Mix(
            name: "1 KiB to 128 KiB, 30 % deleted",
            objects: 800,
            sizes: 10...17,
            deletedPercent: 30
        ),
        Mix(
            name: "2 KiB to 8 KiB, 50 % deleted",
            objects: 4000,
            sizes: 11...13,
            deletedPercent: 50
        ),
        Mix(
            name: "48 to 128 KiB, 40 % deleted",
            objects: 300,
            sizes: 15.6...17,
            deletedPercent: 40
        ),
    ]

    @Test(arguments: mixes)
    func `after many deletions the volume takes little more than what is left`(
        _ mix: Mix
    ) async throws {
        try await StoreSubject.with(limits: Self.limits()) { subject in
            var random = SeededGenerator(seed: 11)
            var kept: [String: [UInt8]] = [:]
            var deleted: [ObjectKey] = []
            for number in 0..<mix.objects {
                let exponent = Double.random(in: mix.sizes, using: &random)
                let bytes = StoreSubject.bytes(
                    Int(Foundation.pow(2, exponent)),
                    seed: UInt64(number)
                )
                let key = "k/\(number)"
                try await subject.put(key, bytes)
                if Int.random(in: 0..<100, using: &random) < mix.deletedPercent {
                    deleted.append(try ObjectKey(key))
                } else {
                    kept[key] = bytes
                }
            }
            _ = try await subject.store.delete(deleted, in: subject.namespace)
            let before = try subject.allocatedBytes("log") + subject.allocatedBytes("blobs")
            let report = try await subject.store.cleanLog()
            _ = try await subject.blobFiles()
            let after = try subject.allocatedBytes("log") + subject.allocatedBytes("blobs")
            let live = kept.values.reduce(0) { $0 + Int64($1.count) }
            print(
                "\(mix.name): live \(live), before \(before), after \(after)"
                    + " (\(Double(after) / Double(live))), snapshots"
                    + " \(try subject.allocatedBytes("snapshots")), \(report)"
            )
            #expect(Double(after) <= 1.1 * Double(live))
            #expect(report.freedBytes > 0)
            for (key, bytes) in kept { #expect(try await subject.read(key) == bytes) }
            for key in deleted.prefix(20) { #expect(try subject.entry(key.text) == nil) }
            // A second pass finds nothing that is worth its while.
            let again = try await subject.store.cleanLog()
            #expect(again.relocatedBytes <= live / 10)
        }
    }

    @Test func `readers in flight read on, and late ones look again`() async throws {
        var limits = StoreSubject.limits()
        limits.punchBlockBytes = 64
        try await StoreSubject.with(limits: limits) { subject in
            for number in 0..<60 {
                try await subject.put("k/\(number)", StoreSubject.bytes(900, seed: UInt64(number)))
            }
            var entries: [ObjectEntry] = []
            for number in 0..<60 {
                entries.append(try #require(try subject.entry("k/\(number)")))
            }
            // Every tenth is being read; of the rest, most are deleted and the others move.
            var readers: [(Int, PayloadReader)] = []
            for number in stride(from: 0, to: 60, by: 10) {
                let reader = try subject.store.reader(entries[number], range: 0..<900)
                readers.append((number, reader))
            }
            let doomed = try (0..<60).filter { $0 % 5 != 3 }.map { try ObjectKey("k/\($0)") }
            _ = try await subject.store.delete(doomed, in: subject.namespace)
            let first = try await subject.store.cleanLog()
            #expect(first.removedSegments > 0 && first.relocatedExtents > 0)
            for (number, reader) in readers {
                let piece = try await reader.read(max: 900, allocator: ByteBufferAllocator())
                guard case .ready(let buffer) = piece else {
                    Issue.record("reader \(number) gives \(piece)")
                    continue
                }
                let expected = StoreSubject.bytes(900, seed: UInt64(number))
                #expect(Array(buffer.readableBytesView) == expected)
            }
            readers = []
            let second = try await subject.store.cleanLog()
            #expect(second.removedSegments > 0, "what was read goes once it is not")
            var refused = 0
            for (number, entry) in entries.enumerated() {
                do {
                    let reader = try subject.store.reader(entry, range: 0..<900)
                    _ = try await reader.read(max: 900, allocator: ByteBufferAllocator())
                } catch StoreError.objectReplaced {
                    refused += 1
                }
                let bytes = StoreSubject.bytes(900, seed: UInt64(number))
                let expected = number % 5 == 3 ? bytes : nil
                #expect(try await subject.read("k/\(number)") == expected)
                guard number % 5 == 3 else { continue }
                // A copy of an outdated entry is refused or whole.
                do {
                    let copy = try await subject.store.copy(
                        from: entry,
                        to: ObjectKey(trusted: "copy"),
                        in: subject.namespace,
                        attributes: ObjectAttributes(),
                        checksums: []
                    )
                    #expect(try await subject.read(copy) == bytes)
                } catch StoreError.objectReplaced {
                    continue
                }
            }
            #expect(refused > 40)
        }
    }

    @Test func `clients go on while the log is cleaned again and again`() async throws {
        var limits = StoreSubject.limits()
        limits.punchBlockBytes = 64
        try await StoreSubject.with(limits: limits) { subject in
            let progress = Progress()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<4 {
                    group.addTask {
                        var random = SeededGenerator(seed: UInt64(client))
                        var held: [String: [UInt8]] = [:]
                        for step in 0..<400 {
                            let key = "\(client)/\(Int.random(in: 0..<25, using: &random))"
                            switch Int.random(in: 0..<10, using: &random) {
                            case 0..<4:
                                let count = Int.random(in: 1...1500, using: &random)
                                let bytes = StoreSubject.bytes(
                                    count,
                                    seed: UInt64(client * 10_000 + step)
                                )
                                try await subject.put(key, bytes)
                                held[key] = bytes
                            case 4..<6:
                                try await subject.store.delete(
                                    ObjectKey(trusted: key),
                                    in: subject.namespace
                                )
                                held[key] = nil
                            default:
                                #expect(try await Self.readAgain(key, subject) == held[key])
                                progress.state.withLock { $0.reads += 1 }
                            }
                        }
                        for (key, bytes) in held {
                            #expect(try await Self.readAgain(key, subject) == bytes)
                        }
                    }
                }
                group.addTask {
                    while !progress.state.withLock({ $0.isDone }) {
                        for depth in [CleaningPlan.Depth.shallow, .deep] {
                            let outcome = try await subject.store.reclaimer.perform(.clean(depth))
                            guard case .cleaned(let report) = outcome else { continue }
                            progress.state.withLock { $0.reports.append(report) }
                        }
                    }
                }
                for _ in 0..<4 { try await group.next() }
                progress.state.withLock { $0.isDone = true }
                try await group.waitForAll()
            }
            let (all, reads) = progress.state.withLock { ($0.reports, $0.reads) }
            #expect(all.reduce(0) { $0 + $1.removedSegments } > 20)
            #expect(all.reduce(0) { $0 + $1.relocatedExtents } > 20)
            #expect(reads > 100)
        }
    }

    /// What clients and cleaning tell each other.
    final class Progress: Sendable {
        struct State {
            var isDone = false
            var reads = 0
            var reports: [CleaningReport] = []
        }

        let state = Mutex(State())
    }

    /// As clients of the store do: an object that was replaced is looked up again.
    static func readAgain(_ key: String, _ subject: StoreSubject) async throws -> [UInt8]? {
        for _ in 0..<100 {
            do {
                return try await subject.read(key)
            } catch StoreError.objectReplaced {
                continue
            }
        }
        Issue.record("\(key) was replaced a hundred times")
        return nil
    }

    @Test func `room is given back without being asked for`() async throws {
        var limits = StoreSubject.limits()
        limits.reclaimIntervalSeconds = 1
        limits.deadBytesMin = 10_000
        try await StoreSubject.with(limits: limits) { subject in
            for number in 0..<400 {
                try await subject.put("k/\(number % 40)", StoreSubject.bytes(900, seed: 1))
            }
            for _ in 0..<300 where subject.store.volume.sealedSegments.count > 20 {
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(subject.store.volume.sealedSegments.count <= 20)
            #expect(subject.store.volume.snapshotPositions.count == 2)
            for number in 0..<40 {
                #expect(try await subject.read("k/\(number)") == StoreSubject.bytes(900, seed: 1))
            }
        }
    }

    @Test func `closing ends a pass that is under way`() async throws {
        let directory = StoreSubject.newFolder()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = try await ObjectStore.open(
            StoreSubject.configuration(directory, StoreSubject.limits()),
            fileSystem: PosixFileSystem(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let subject = try await StoreSubject(directory, store)
        for number in 0..<300 {
            try await subject.put("k/\(number)", StoreSubject.bytes(900, seed: 2))
        }
        let doomed = try (0..<300).filter { $0 % 3 > 0 }.map { try ObjectKey("k/\($0)") }
        _ = try await store.delete(doomed, in: subject.namespace)
        async let report = store.cleanLog()
        let began = ContinuousClock.now
        await store.close()
        do {
            _ = try await report
        } catch {
            #expect(error as? StoreError == .closed)
        }
        #expect(ContinuousClock.now - began < .seconds(5))
        await #expect(throws: StoreError.closed) { try await store.cleanLog() }
        var kept: [String: [UInt8]] = [:]
        for number in stride(from: 0, to: 300, by: 3) {
            kept["k/\(number)"] = StoreSubject.bytes(900, seed: 2)
        }
        try await SnapshotStoreTests.check(directory, kept)
    }
}
