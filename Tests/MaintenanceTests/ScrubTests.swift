import DiskIO
import Foundation
import StorageModel
import Synchronization
import Testing
import Volumes

@testable import Maintenance
@testable import ObjectStorage

/// Checks that the scrub reads every byte once, finds what is damaged and says whose it is, and goes
/// on where it was stopped.
///
/// Method: the files of an open store are broken by hand; the bytes that are read are compared with
/// those that are stored.
@Suite struct ScrubTests {
    static func scrub(_ subject: StoreSubject, _ folder: Folder) throws -> Scrub {
        try Scrub(
            subject.store,
            stateFile: { folder.path + "/scrub.json" },
            fileSystem: PosixFileSystem(),
            clock: folder.clock,
            logger: Folder.logger
        )
    }

    /// What all objects and parts have together, those that share bytes once.
    static func storedBytes(_ folder: Folder) throws -> Int64 {
        var bytes: Int64 = 0
        for path in try folder.blobs() {
            // The payload without header and footer, as its trailer says.
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes += data.suffix(40).prefix(8).reversed().reduce(0) { $0 << 8 | Int64($1) }
        }
        return bytes
    }

    @Test func `a store that is well is read wholly, and nothing is listed`() async throws {
        let folder = try Folder()
        let ledger = DamageLedger()
        try await StoreSubject.with(folder, ledger: ledger) { subject in
            try await subject.fill()
            await subject.settle()
            let scrub = try Self.scrub(subject, folder)
            let pass = try scrub.runPass(.unlimited)
            #expect(pass.damaged == 0)
            let logBytes = subject.store.volume.logEnd.bytes
            let expected = try Self.storedBytes(folder) + logBytes
            // All but the headers of segments.
            #expect(pass.bytes <= expected)
            #expect(pass.bytes > expected - 64 * 20)
            #expect(ledger.records == [])
            #expect(scrub.status.passes == 1)
            #expect(scrub.status.lastEnded != nil)
        }
    }

    @Test(arguments: 1...3)
    func `the size of a pass is what it reads, of every copy`(copies: Int) async throws {
        let folder = try Folder(copies: copies)
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            await subject.settle()
            let scrub = try Self.scrub(subject, folder)
            let pass = try scrub.runPass(.unlimited)
            // What `copy` shares with `large/1` counts for both, and the headers of segments are not read.
            let size = scrub.status.totalBytes - Int64(copies) * 70_001
            #expect(pass.bytes <= size)
            #expect(pass.bytes > size - Int64(copies) * 64 * 20)
        }
    }

    @Test func `damage is listed with its objects, and what nobody needs is not`() async throws {
        let folder = try Folder()
        let ledger = DamageLedger()
        try await StoreSubject.with(folder, ledger: ledger) { subject in
            try await subject.put("replaced", Folder.bytes(300, seed: 1))
            let replaced = try folder.place(try subject.extent("replaced"))
            try await subject.put("replaced", Folder.bytes(300, seed: 2))
            try await subject.fill()
            await subject.settle()
            try Folder.flip(replaced.path, replaced.offset)
            let small = try folder.place(try subject.extent("small/20"))
            try Folder.flip(small.path, small.offset + 1)
            let part = try folder.place(try subject.extent("in-parts"))
            try Folder.flip(part.path, part.offset + 1)
            let shared = try folder.blobPath(try subject.extent("large/1"))
            try Folder.flip(shared, 4096 + 5)
            let footer = try folder.blobPath(try subject.extent("large/2"))
            try Folder.truncate(footer, by: 8)
            let gone = try folder.blobPath(try subject.extent("large/0"))
            try FileManager.default.removeItem(atPath: gone)

            let pass = try Self.scrub(subject, folder).runPass(.unlimited)
            #expect(pass.damaged == 5)
            let found = Dictionary(uniqueKeysWithValues: ledger.records.map { ($0.path, $0) })
            #expect(ledger.counts.found == 5)
            #expect(ledger.records.count == 5)
            #expect(found[shared]?.kind == .payload)
            #expect(found[shared]?.offset == Int64(4096))
            #expect(found[shared]?.objects.names.sorted() == ["subject/copy", "subject/large/1"])
            #expect(found[footer]?.kind == .blobInvalid)
            #expect(found[footer]?.objects.names == ["subject/large/2"])
            #expect(found[gone]?.kind == .blobMissing)
            #expect(found[gone]?.objects.names == ["subject/large/0"])
            let inLog = ledger.records.filter { $0.path.hasSuffix(".log") }
            #expect(
                Set(inLog.flatMap(\.objects.names)) == ["subject/small/20", "subject/in-parts"]
            )
            #expect(inLog.contains { $0.path == small.path && $0.offset == Int64(small.offset) })
            #expect(ledger.records.allSatisfy { $0.volume == folder.volume })
        }
    }

    @Test func `a scrub goes on where the last one was stopped`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            for number in 0..<12 {
                try await subject.put("large/\(number)", Folder.bytes(200_000, seed: number))
            }
            let whole = try Self.scrub(subject, folder).runPass(.unlimited).bytes
            var stops = 0
            var finished: ScrubState.FinishedPass?
            while finished == nil, stops < 100 {
                // Each is a process of its own, as far as the scrub can tell.
                let scrub = try Self.scrub(subject, folder)
                let stop = StopFlag()
                let before = scrub.state.withLock { $0.current?.bytes ?? 0 }
                do {
                    finished = try scrub.runPass(.unlimited, stop: stop) { progress in
                        if progress.bytes > before + 300_000 { stop.stop() }
                    }
                } catch MaintenanceError.stopped {
                    stops += 1
                }
            }
            #expect(stops >= 4)
            let bytes = try #require(finished?.bytes)
            // A blob that a stop cut short is read again.
            #expect(bytes >= whole)
            #expect(bytes <= whole + Int64(stops) * 200_000)
        }
    }

    @Test func `the list outlives the process, and forgets what is gone`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            try Folder.flip(try folder.blobPath(try subject.extent("large/2")), 4096)
            _ = try Self.scrub(subject, folder).runPass(.unlimited)
        }
        let ledger = DamageLedger()
        try await StoreSubject.with(folder, ledger: ledger) { subject in
            let scrub = try Self.scrub(subject, folder)
            #expect(ledger.records.map(\.objects.names) == [["subject/large/2"]])
            let first = try #require(ledger.records.first)
            // Found again: listed once, and known since the first time.
            _ = try scrub.runPass(.unlimited)
            #expect(ledger.records.map(\.found) == [first.found])
            #expect(ledger.counts.found == 1)
            try await subject.delete("large/2")
            _ = try scrub.runPass(.unlimited)
            #expect(ledger.records == [])
            #expect(ledger.counts.found == 1)
        }
    }

    @Test func `a scrub keeps to its rate`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.put("large", Folder.bytes(400_000, seed: 1))
            let scrub = try Self.scrub(subject, folder)
            let began = ContinuousClock.now
            let pass = try scrub.runPass(.bytesPerSecond(1_000_000))
            let took = ContinuousClock.now - began
            #expect(took > .seconds(Double(pass.bytes) / 1_000_000 * 0.7))
            #expect(took < .seconds(5))
        }
    }

    @Test func `a state of a newer version is refused and left alone`() async throws {
        let folder = try Folder()
        let path = folder.path + "/scrub.json"
        let text = #"{"format": "nave-scrub", "version": 2, "anything": true}"#
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try await StoreSubject.with(folder) { subject in
            #expect(throws: MaintenanceError.versionUnknown(path: path, version: 2)) {
                try Self.scrub(subject, folder)
            }
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test func `a read that fails lists what it ran into`() async throws {
        let folder = try Folder()
        let ledger = DamageLedger()
        try await StoreSubject.with(folder, ledger: ledger) { subject in
            try await subject.fill()
            let path = try folder.blobPath(try subject.extent("large/5"))
            try Folder.flip(path, 4096 + 66_000)
            await #expect(throws: StoreError.checksumMismatch) {
                try await subject.read("large/5")
            }
            let small = try folder.place(try subject.extent("small/9"))
            try Folder.flip(small.path, small.offset)
            for _ in 0..<2 {
                await #expect(throws: StoreError.checksumMismatch) {
                    try await subject.read("small/9")
                }
            }
            let gone = try folder.blobPath(try subject.extent("large/0"))
            try FileManager.default.removeItem(atPath: gone)
            await #expect(throws: StoreError.checksumMismatch) {
                try await subject.read("large/0")
            }
            // The owners are looked for on a disk thread.
            for _ in 0..<1000 where ledger.records.contains(where: { $0.objects.names.isEmpty }) {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(ledger.counts.found == 3)
            #expect(
                ledger.records.map(\.objects.names)
                    == [["subject/large/5"], ["subject/small/9"], ["subject/large/0"]]
            )
            #expect(ledger.records.map(\.path) == [path, small.path, gone])
            #expect(ledger.records.first?.offset == Int64(4096 + 65_536))
        }
    }
}
