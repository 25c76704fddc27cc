import DiskIO
import Foundation
import StorageModel
import Synchronization
import Testing

@testable import Maintenance
@testable import ObjectStorage

/// Checks that a check of a backup names what could not be restored of it, and nothing else, and that
/// it leaves the backup as it is.
///
/// Method: a store with objects of every kind is backed up; files of the backup are broken by hand.
@Suite struct BackupInspectionTests {
    static func check(
        _ folder: Folder,
        _ depth: Inspection.Depth = .payloads,
        progress: ProgressVisitor = { _ in }
    ) throws -> InspectionReport {
        let scratch = folder.path + "/scratch"
        try FileManager.default.createDirectory(
            atPath: scratch,
            withIntermediateDirectories: true
        )
        let report = try BackupInspection(
            of: folder.path + "/backup",
            scratchDirectory: scratch,
            fileSystem: PosixFileSystem()
        ).run(depth, progress: progress)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch) == [])
        return report
    }

    /// Every file of the backup, with its bytes.
    static func files(_ folder: Folder) throws -> [String: Data] {
        let backup = folder.path + "/backup"
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: backup) {
            files[name] =
                (try? Data(contentsOf: URL(fileURLWithPath: "\(backup)/\(name)"))) ?? Data()
        }
        return files
    }

    /// A file of the volume, in the backup.
    static func copy(_ path: String, _ folder: Folder) -> String {
        folder.path + "/backup" + path.dropFirst(folder.volume.utf8.count)
    }

    @Test func `a backup that is whole has nothing to name, and stays as it is`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            _ = try BackupTests.backUp(subject, folder)
        }
        let before = try Self.files(folder)
        for depth in [Inspection.Depth.structure, .payloads] {
            let report = try Self.check(folder, depth)
            #expect(report.disagreements == [])
            #expect(report.litterCount == 0)
            #expect(report.blobs == 10)
            #expect(report.records > 50)
        }
        #expect(try Self.check(folder).verifiedBytes > 5 * 70_000)
        #expect(try Self.files(folder) == before)
    }

    @Test func `of a backup that did not end nothing counts`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            let first = try BackupTests.backUp(subject, folder)
            for number in 0..<6 {
                try await subject.put("new/\(number)", Folder.bytes(3000, seed: number))
                try await subject.put("small/\(number)", Folder.bytes(300, seed: number))
            }
            let stop = StopFlag()
            #expect(throws: MaintenanceError.stopped) {
                try BackupTests.backUp(subject, folder, stop: stop) { progress in
                    if progress.stage == .blobs, progress.bytes > 6000 { stop.stop() }
                }
            }
            let report = try Self.check(folder)
            #expect(report.disagreements == [])
            #expect(report.blobs == first.manifest.blobCount)
        }
    }

    @Test func `what is damaged in a backup is named with its objects`() async throws {
        let folder = try Folder()
        let (flipped, gone, small) = try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            _ = try BackupTests.backUp(subject, folder)
            return (
                Self.copy(try folder.blobPath(try subject.extent("large/2")), folder),
                Self.copy(try folder.blobPath(try subject.extent("large/0")), folder),
                try folder.place(try subject.extent("small/20"))
            )
        }
        try Folder.flip(flipped, 4096 + 66_000)
        try FileManager.default.removeItem(atPath: gone)
        let log = Self.copy(small.path, folder)
        try Folder.flip(log, small.offset + 3)
        #expect(try Self.check(folder, .structure).disagreements.map(\.kind) == [.blobMissing])
        let report = try Self.check(folder)
        let found = Dictionary(
            uniqueKeysWithValues: report.disagreements.map { ($0.path, $0) }
        )
        #expect(found[flipped]?.kind == .blobDamaged)
        #expect(found[gone]?.kind == .blobMissing)
        #expect(found[log]?.kind == .payloadDamaged)
        #expect(
            Set(report.disagreements.flatMap(\.objects.names))
                == ["subject/large/2", "subject/large/0", "subject/small/20"]
        )
        try Folder.flip(log, small.offset - 12)
        #expect(try (Self.check(folder).counts[.logRecordUnreadable] ?? 0) > 0)
    }

    @Test func `a backup whose log ends too early is named`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            _ = try BackupTests.backUp(subject, folder)
        }
        let last = try #require(try folder.segments().last)
        try Folder.truncate(Self.copy(last, folder), by: 8)
        #expect(try (Self.check(folder, .structure).counts[.logRecordUnreadable] ?? 0) > 0)
    }

    @Test func `a manifest that names another last record is named, and so is it when restored`()
        async throws
    {
        let folder = try Folder()
        let contents = try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            _ = try BackupTests.backUp(subject, folder)
            return try await subject.contents()
        }
        let path = folder.path + "/backup/backup.json"
        var lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let place = try #require(lines.firstIndex { $0.contains("\"checksum\"") })
        lines[place] = "  \"checksum\": \"0123456789abcdef\","
        try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        let found = try Self.check(folder).disagreements
        #expect(found.map(\.kind) == [.logRecordUnreadable])
        let (restored, made) = try BackupTests.restore(folder)
        #expect(made.damage == found)
        #expect(try await BackupTests.contents(restored) == contents)
    }

    @Test func `where another backup takes its place meanwhile, that is checked`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            _ = try BackupTests.backUp(subject, folder)
            let isReplaced = Mutex(false)
            let report = try await subject.store.diskPool.run {
                try Self.check(folder) { progress in
                    guard progress.stage == .blobs, !isReplaced.withLock({ $0 }) else { return }
                    isReplaced.withLock { $0 = true }
                    do { try BackupReplacementTests.replace(subject, folder, seed: 500) } catch {
                        Issue.record(error)
                    }
                }
            }
            #expect(report.disagreements == [])
        }
    }

    @Test func `what is no finished backup is not checked`() async throws {
        let folder = try Folder()
        let backup = folder.path + "/backup"
        #expect(throws: MaintenanceError.backupMissing(path: backup)) { try Self.check(folder) }
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            _ = try BackupTests.backUp(subject, folder)
        }
        try Data("{}".utf8).write(to: URL(fileURLWithPath: backup + "/backup.json"))
        #expect(throws: MaintenanceError.manifestInvalid(path: backup + "/backup.json")) {
            try Self.check(folder)
        }
    }
}
