import DiskIO
import Foundation
import StorageModel
import Synchronization
import Testing

@testable import Maintenance
@testable import ObjectStorage

/// Checks that a backup holds one committed state, copies only what is new, and can be restored
/// whatever became of a later one.
///
/// Method: a store is backed up while it is written to, and restored into another folder; its objects
/// are compared with what was written. The keys of ``StoreSubject/fill()`` are of every kind.
@Suite struct BackupTests {
    static func backUp(
        _ subject: StoreSubject,
        _ folder: Folder,
        to target: String? = nil,
        stop: StopFlag = StopFlag(),
        progress: ProgressVisitor = { _ in }
    ) throws -> Backup.Report {
        try Backup(
            of: subject.store,
            to: target ?? folder.path + "/backup",
            fileSystem: PosixFileSystem(),
            companions: [.init(name: "keys.env", bytes: Array("secret".utf8))],
            clock: folder.clock
        ).run(stop: stop, progress: progress)
    }

    /// Restores the backup of a folder into a new one and gives it.
    static func restore(_ folder: Folder) throws -> (Folder, Restore.Report) {
        let restored = try Folder()
        let report = try Restore(
            from: folder.path + "/backup",
            volumeDirectory: restored.volume,
            indexDirectory: restored.index,
            fileSystem: PosixFileSystem(),
            now: WallTime(milliseconds: 1)
        ).run(companions: ["keys.env"])
        return (restored, report)
    }

    static func contents(_ folder: Folder) async throws -> [String: [UInt8]] {
        try await StoreSubject.with(folder) { subject in try await subject.contents() }
    }

    @Test func `what is restored is what was backed up`() async throws {
        let folder = try Folder()
        let (contents, report) = try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            let report = try Self.backUp(subject, folder)
            let contents = try await subject.contents()
            // What comes after it is not in it.
            try await subject.put("later", [1])
            return (contents, report)
        }
        #expect(report.damage == [])
        #expect(report.copiedBlobs == 10)
        #expect(report.manifest.blobCount == 10)
        let (restored, made) = try Self.restore(folder)
        #expect(made.damage == [])
        #expect(made.blobs == 10)
        #expect(try await Self.contents(restored) == contents)
        #expect(try InspectionTests.check(restored).disagreements == [])
        let keys = try FileManager.default.attributesOfItem(
            atPath: restored.volume + "/keys.env"
        )
        #expect(keys[.posixPermissions] as? Int == 0o600)
        // It goes on as a store.
        try await StoreSubject.with(restored) { subject in
            try await subject.put("new", Folder.bytes(2000, seed: 3))
            #expect(try await subject.read("new").count == 2000)
        }
    }

    @Test func `a store in which nothing was ever written is restored as one`() async throws {
        let folder = try Folder()
        let store = try await ObjectStore.open(
            ObjectStoreConfiguration(
                volumeDirectories: folder.volumes,
                indexDirectory: folder.index,
                clock: folder.clock
            ),
            fileSystem: PosixFileSystem(),
            logger: Folder.logger
        )
        for _ in 0..<2 {
            let report = try Backup(
                of: store,
                to: folder.path + "/backup",
                fileSystem: PosixFileSystem(),
                companions: [.init(name: "keys.env", bytes: Array("secret".utf8))],
                clock: folder.clock
            ).run()
            #expect(report.damage == [])
        }
        await store.close()
        let (restored, made) = try Self.restore(folder)
        #expect(made.damage == [])
        let contents = try await Self.contents(restored)
        #expect(contents == [:])
    }

    @Test func `a second backup copies what is new and drops what is not needed`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            let first = try Self.backUp(subject, folder)
            try await subject.put("new", Folder.bytes(5000, seed: 1))
            try await subject.delete("large/0")
            try await subject.delete("large/5")
            let before = subject.store.volume.logEnd.bytes
            let second = try Self.backUp(subject, folder)
            #expect(second.copiedBlobs == 1)
            #expect(second.copiedLogBytes == before - first.manifest.position.bytes)
            #expect(second.removedFiles == 2)
            #expect(second.manifest.blobCount == first.manifest.blobCount - 1)
            let third = try Self.backUp(subject, folder)
            #expect(third.copiedBlobs == 0)
            #expect(third.copiedLogBytes == 0)
        }
        let (restored, _) = try Self.restore(folder)
        let whole = try await Self.contents(folder)
        #expect(try await Self.contents(restored) == whole)
        #expect(whole["large/0"] == nil && whole["new"] != nil)
    }

    /// How far the writer in the test below has come, and whether it is to end.
    final class Writing: Sendable {
        let done = Mutex(0)
        let isOver = Mutex(false)
    }

    /// One step of that writer.
    static func step(_ number: Int, _ subject: StoreSubject) async throws {
        let key = "k\(number % 23)"
        if number % 5 == 4 {
            try await subject.delete(key)
        } else {
            let size = number % 3 == 0 ? 2500 : 30
            try await subject.put(key, Folder.bytes(size, seed: number))
        }
    }

    /// What the store holds after so many steps.
    static func model(_ steps: Int) -> [String: [UInt8]] {
        var model: [String: [UInt8]] = [:]
        for number in 0..<steps {
            let isDelete = number % 5 == 4
            let size = number % 3 == 0 ? 2500 : 30
            model["k\(number % 23)"] = isDelete ? nil : Folder.bytes(size, seed: number)
        }
        return model
    }

    @Test func `a backup under writes holds exactly one committed state`() async throws {
        for round in 0..<4 {
            let folder = try Folder()
            let writing = Writing()
            let before = try await StoreSubject.with(folder) { subject in
                try await withThrowingTaskGroup(of: Int?.self) { group in
                    group.addTask {
                        var number = 0
                        while !writing.isOver.withLock({ $0 }) {
                            try await Self.step(number, subject)
                            number += 1
                            let reached = number
                            writing.done.withLock { $0 = reached }
                        }
                        return nil
                    }
                    group.addTask {
                        defer { writing.isOver.withLock { $0 = true } }
                        let pool = subject.store.diskPool
                        var acknowledged = 0
                        for _ in 0...round {
                            while writing.done.withLock({ $0 }) < acknowledged + 40 {
                                await Task.yield()
                            }
                            acknowledged = writing.done.withLock { $0 }
                            _ = try await pool.run { try Self.backUp(subject, folder) }
                        }
                        return acknowledged
                    }
                    return try await group.reduce(0) { $1 ?? $0 }
                }
            }
            let after = writing.done.withLock { $0 }
            let (restored, report) = try Self.restore(folder)
            #expect(report.damage == [])
            let contents = try await Self.contents(restored)
            let state = (before...after + 1).first { Self.model($0) == contents }
            #expect(state != nil, "round \(round): no state of steps \(before)...\(after)")
        }
    }

    @Test func `what a backup needs is kept until it ends`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            let contents = try await subject.contents()
            let blobs = try folder.blobs().count
            let isDeleted = Mutex(false)
            let report = try await subject.store.diskPool.run {
                try Self.backUp(subject, folder) { progress in
                    // Once the state is chosen, before the first blob: everything goes.
                    guard progress.stage == .log, !isDeleted.withLock({ $0 }) else { return }
                    isDeleted.withLock { $0 = true }
                    let over = DispatchSemaphore(value: 0)
                    Task {
                        for key in contents.keys { try await subject.delete(key) }
                        await subject.settle()
                        over.signal()
                    }
                    over.wait()
                }
            }
            #expect(report.damage == [])
            let (restored, _) = try Self.restore(folder)
            #expect(try await Self.contents(restored) == contents)
            await subject.settle()
            // The part of the upload in progress is all that is left.
            #expect(blobs == 10)
            #expect(try folder.blobs().count == 1)
        }
    }

    @Test func `a backup that does not end leaves the one before`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            _ = try Self.backUp(subject, folder)
            let first = try await subject.contents()
            for number in 0..<6 {
                try await subject.put("large/\(number)", Folder.bytes(80_000, seed: 200 + number))
                try await subject.put("small/\(number)", Folder.bytes(200, seed: 300 + number))
            }
            var cuts = 0
            while cuts < 100 {
                let stop = StopFlag()
                var calls = 0
                do {
                    _ = try Self.backUp(subject, folder, stop: stop) { _ in
                        calls += 1
                        if calls > cuts { stop.stop() }
                    }
                    break
                } catch MaintenanceError.stopped {
                    cuts += 1
                }
                let (restored, report) = try Self.restore(folder)
                #expect(report.damage == [], "cut after \(cuts)")
                #expect(try await Self.contents(restored) == first, "cut after \(cuts)")
            }
            #expect(cuts > 6)
            let (restored, _) = try Self.restore(folder)
            let second = try await subject.contents()
            #expect(try await Self.contents(restored) == second)
        }
    }

    @Test func `damage goes along by name, and the rest is restored`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            let blob = try folder.blobPath(try subject.extent("large/2"))
            try Folder.flip(blob, 4096 + 66_000)
            let gone = try folder.blobPath(try subject.extent("large/0"))
            try FileManager.default.removeItem(atPath: gone)
            let small = try folder.place(try subject.extent("small/20"))
            try Folder.flip(small.path, small.offset + 3)
            let report = try Self.backUp(subject, folder)
            #expect(
                Set(report.damage.map(\.kind)) == [.blobDamaged, .blobMissing, .payloadDamaged]
            )
            #expect(Set(report.damage.map(\.path)) == [blob, gone, small.path])
            let names = ["subject/large/2", "subject/large/0", "subject/small/20"]
            #expect(Set(report.damage.flatMap(\.objects)) == Set(names))
            #expect(report.manifest.damagedPayloadCount == 3)
            // Mended, it is whole in the next backup, which would copy nothing of it otherwise.
            try Folder.flip(small.path, small.offset + 3)
            let next = try Self.backUp(subject, folder)
            #expect(next.manifest.damagedPayloadCount == 2)
            #expect(Set(next.damage.map(\.path)) == [blob, gone])
            try Folder.flip(small.path, small.offset + 3)
            _ = try Self.backUp(subject, folder)
        }
        let (restored, report) = try Self.restore(folder)
        #expect(
            Set(report.damage.map(\.kind)) == [.blobDamaged, .blobMissing, .payloadDamaged]
        )
        #expect(
            Set(report.damage.flatMap(\.objects))
                == ["subject/large/2", "subject/large/0", "subject/small/20"]
        )
        try await StoreSubject.with(restored) { subject in
            let bytes = try await subject.read("large/3")
            #expect(bytes == Folder.bytes(90_000, seed: 51))
            await #expect(throws: StoreError.checksumMismatch) {
                try await subject.read("small/20")
            }
        }
    }

    @Test func `a log that lacks a record is backed up with a snapshot that holds it`()
        async throws
    {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            let first = try Self.backUp(subject, folder)
            try await subject.put("later", Array("later".utf8))
            try await subject.put("last", Array("last".utf8))
            let place = try folder.place(try subject.extent("later"))
            try Folder.flip(place.path, place.offset - 30)
            let second = try Self.backUp(subject, folder)
            #expect(first.damage == [] && second.damage == [])
            let (restored, report) = try Self.restore(folder)
            #expect(report.damage.map(\.kind) == [.logRecordUnreadable])
            let contents = try await subject.contents()
            #expect(try await Self.contents(restored) == contents)
            #expect(contents["later"] != nil)
        }
    }

    @Test func `a target that holds something else is left alone`() async throws {
        let folder = try Folder()
        let other = try Folder()
        try await StoreSubject.with(other) { subject in
            try await subject.put("theirs", [1])
            _ = try Self.backUp(subject, other)
        }
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            let foreign = other.path + "/backup"
            #expect(throws: MaintenanceError.targetForeign(path: foreign)) {
                try Self.backUp(subject, folder, to: foreign)
            }
            #expect(throws: MaintenanceError.targetNotBackup(path: other.volume)) {
                try Self.backUp(subject, folder, to: other.volume)
            }
            let strange = folder.path + "/strange"
            try FileManager.default.createDirectory(
                atPath: strange,
                withIntermediateDirectories: true
            )
            try Data("mine".utf8).write(to: URL(fileURLWithPath: strange + "/thesis.tex"))
            #expect(throws: MaintenanceError.targetNotBackup(path: strange)) {
                try Self.backUp(subject, folder, to: strange)
            }
            let newer = folder.path + "/backup"
            _ = try Self.backUp(subject, folder)
            let manifest = newer + "/backup.json"
            let text = try String(contentsOfFile: manifest, encoding: .utf8)
                .replacing("\"version\": 1", with: "\"version\": 2")
            try Data(text.utf8).write(to: URL(fileURLWithPath: manifest))
            #expect(throws: MaintenanceError.versionUnknown(path: manifest, version: 2)) {
                try Self.backUp(subject, folder)
            }
            #expect(throws: MaintenanceError.versionUnknown(path: manifest, version: 2)) {
                try Self.restore(folder)
            }
        }
        let (restored, _) = try Self.restore(other)
        #expect(try await Self.contents(restored) == ["theirs": [1]])
    }

    @Test func `a log that went on differently is not put over a backup`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.put("a", [1])
            _ = try Self.backUp(subject, folder)
        }
        let (restored, _) = try Self.restore(folder)
        try await StoreSubject.with(folder) { subject in
            try await subject.put("b", Folder.bytes(500, seed: 1))
            _ = try Self.backUp(subject, folder)
        }
        try await StoreSubject.with(restored) { subject in
            for number in 0..<40 {
                try await subject.put("c\(number)", Folder.bytes(500, seed: number))
            }
            let target = folder.path + "/backup"
            #expect(throws: MaintenanceError.targetDiverged(path: target)) {
                try Self.backUp(subject, folder)
            }
        }
        let (again, _) = try Self.restore(folder)
        #expect(try await Self.contents(again).keys.sorted() == ["a", "b"])
    }

    @Test func `only an empty directory is restored into, and only from a backup`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.put("a", [1])
            _ = try Self.backUp(subject, folder)
        }
        let full = try Folder()
        try await StoreSubject.with(full) { subject in try await subject.put("mine", [2]) }
        #expect(throws: MaintenanceError.directoryNotEmpty(path: full.volume)) {
            try Restore(
                from: folder.path + "/backup",
                volumeDirectory: full.volume,
                indexDirectory: full.index,
                fileSystem: PosixFileSystem(),
                now: WallTime(milliseconds: 1)
            ).run()
        }
        #expect(try await Self.contents(full) == ["mine": [2]])
        let empty = try Folder()
        #expect(throws: MaintenanceError.backupMissing(path: folder.volume)) {
            try Restore(
                from: folder.volume,
                volumeDirectory: empty.volume,
                indexDirectory: empty.index,
                fileSystem: PosixFileSystem(),
                now: WallTime(milliseconds: 1)
            ).run()
        }
    }
}
