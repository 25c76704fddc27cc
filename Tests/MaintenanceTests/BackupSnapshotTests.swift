import DiskIO
import Foundation
import StorageModel
import Testing

@testable import Maintenance
@testable import ObjectStorage

/// Checks that a backup of a cleaned log does not hang on one file.
///
/// Method: snapshots in the backup are broken by hand; then it is restored, or made again.
@Suite struct BackupSnapshotTests {
    /// A cleaned store with a backup, and what is in it.
    static func backedUp() async throws -> (Folder, [String: [UInt8]]) {
        let folder = try await CleanedStoreTests.cleaned(copies: 1)
        let contents = try await CleanedStoreTests.with(folder) { subject in
            #expect(try BackupTests.backUp(subject, folder).damage == [])
            return try await subject.contents()
        }
        return (folder, contents)
    }

    static func snapshots(_ folder: Folder) throws -> [String] {
        let directory = folder.path + "/backup/snapshots"
        return try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            .map { "\(directory)/\($0)" }
    }

    @Test func `a backup holds as many snapshots as a volume, and they are restored`() async throws
    {
        let (folder, contents) = try await Self.backedUp()
        #expect(try Self.snapshots(folder).count == 2)
        let (restored, made) = try BackupTests.restore(folder)
        #expect(made.damage == [])
        #expect(try CleanedStoreTests.snapshots(restored).count == 2)
        #expect(try await BackupTests.contents(restored) == contents)
    }

    @Test(arguments: 0...1, [50, 5000])
    func `with one snapshot damaged everything is restored, and it is named`(
        damaged: Int,
        offset: Int
    ) async throws {
        let (folder, contents) = try await Self.backedUp()
        let path = try Self.snapshots(folder)[damaged]
        try Folder.flip(path, offset)
        let (restored, made) = try BackupTests.restore(folder)
        #expect(made.damage.map(\.kind) == [.snapshotInvalid])
        #expect(made.damage.map(\.path) == [path])
        #expect(try await BackupTests.contents(restored) == contents)
    }

    @Test func `without any that can be read the restore says which file it is`() async throws {
        let (folder, _) = try await Self.backedUp()
        let paths = try Self.snapshots(folder)
        for path in paths { try Folder.flip(path, 5000) }
        #expect(throws: MaintenanceError.snapshotInvalid(path: paths[1])) {
            _ = try BackupTests.restore(folder)
        }
        try FileManager.default.removeItem(atPath: folder.path + "/backup/snapshots")
        let directory = folder.path + "/backup/snapshots"
        #expect(throws: MaintenanceError.snapshotInvalid(path: directory)) {
            _ = try BackupTests.restore(folder)
        }
    }

    /// What is done to the snapshots of the backup.
    enum Breakage: CaseIterable {
        case older, newer, both, header, short, gone

        func apply(_ paths: [String]) throws {
            switch self {
            case .older: try Folder.flip(paths[0], 5000)
            case .newer: try Folder.flip(paths[1], 70_000)
            case .both: for path in paths { try Folder.flip(path, 5000) }
            case .header: try Folder.flip(paths[1], 50)
            case .short: try Folder.truncate(paths[0], by: 100)
            case .gone: try FileManager.default.removeItem(atPath: paths[1])
            }
        }
    }

    @Test(arguments: Breakage.allCases)
    func `the next backup copies anew what is not whole, though nothing is new`(
        breakage: Breakage
    ) async throws {
        let (folder, contents) = try await Self.backedUp()
        let whole = try Self.snapshots(folder).map { try Data(contentsOf: URL(filePath: $0)) }
        try breakage.apply(try Self.snapshots(folder))
        let report = try await CleanedStoreTests.with(folder) { subject in
            try BackupTests.backUp(subject, folder)
        }
        #expect(report.damage == [])
        let again = try Self.snapshots(folder).map { try Data(contentsOf: URL(filePath: $0)) }
        #expect(again == whole)
        let (restored, made) = try BackupTests.restore(folder)
        #expect(made.damage == [])
        #expect(try await BackupTests.contents(restored) == contents)
    }

    @Test func `a backup with one snapshot is restored, and the second is made when it is served`()
        async throws
    {
        let (folder, contents) = try await Self.backedUp()
        try FileManager.default.removeItem(atPath: try Self.snapshots(folder)[0])
        let (restored, made) = try BackupTests.restore(folder)
        #expect(made.damage == [])
        #expect(try CleanedStoreTests.snapshots(restored).count == 1)
        let found = try await CleanedStoreTests.with(restored) { subject in
            // What is asked for comes after what a start does by itself.
            _ = try await subject.store.expireUploads()
            #expect(try CleanedStoreTests.snapshots(restored).count == 2)
            return try await subject.contents()
        }
        #expect(found == contents)
    }
}
