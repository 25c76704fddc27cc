import DiskIO
import Foundation
import StorageModel
import Testing
import Volumes

@testable import Maintenance
@testable import ObjectStorage

/// Checks that an index which is whole stands in for snapshots that are lost, and that new ones are made.
///
/// Method: the snapshots of a cleaned store are taken away or made unusable on all its volumes; then it is
/// checked, opened, and its index made again of what the opening left.
@Suite struct LostSnapshotTests {
    /// How they are lost.
    enum Loss: CaseIterable {
        case removed, emptied, swapped, headers, flipped

        func apply(_ folder: Folder) throws {
            let files = FileManager.default
            for number in folder.volumes.indices {
                let paths = try CleanedStoreTests.snapshots(folder, number)
                switch self {
                case .removed: try files.removeItem(atPath: folder.volumes[number] + "/snapshots")
                case .emptied: for path in paths { try files.removeItem(atPath: path) }
                case .headers: for path in paths { try Folder.flip(path, 50) }
                case .flipped: for path in paths { try Folder.flip(path, 5000) }
                case .swapped:
                    try files.moveItem(atPath: paths[0], toPath: folder.path + "/aside")
                    try files.moveItem(atPath: paths[1], toPath: paths[0])
                    try files.moveItem(atPath: folder.path + "/aside", toPath: paths[1])
                }
            }
        }

        /// Whether a start notices.
        var isSeenAtStart: Bool { self != .flipped }
    }

    @Test(arguments: Loss.allCases, 1...2)
    func `the store is opened by its index, and two new ones are made at once`(
        loss: Loss,
        copies: Int
    ) async throws {
        let folder = try await CleanedStoreTests.cleaned(copies: copies)
        let expected = try await BackupTests.contents(folder)
        try loss.apply(folder)
        let report = try InspectionTests.check(folder)
        #expect(Set(report.disagreements.map(\.kind)) == [.snapshotInvalid])
        #expect(report.disagreements.allSatisfy { $0.path.contains("/snapshots") })
        let ledger = DamageLedger()
        try await CleanedStoreTests.with(folder, ledger: ledger) { subject in
            // What is asked for comes after what a start does by itself.
            _ = try await subject.store.expireUploads()
            if !loss.isSeenAtStart {
                _ = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
            }
            #expect(!ledger.records.isEmpty)
            #expect(ledger.records.allSatisfy { $0.kind == .snapshot && $0.state == .healed })
            #expect(try await subject.contents() == expected)
            #expect(try BackupTests.backUp(subject, folder).damage == [])
        }
        try await CleanedStoreTests.expectWhole(folder, copies: copies, holding: expected)
        let (_, made) = try BackupTests.restore(folder)
        #expect(made.damage == [])
    }

    @Test func `where the index is lost as well the folder is refused as it is`() async throws {
        let folder = try await CleanedStoreTests.cleaned(copies: 1)
        let expected = try await BackupTests.contents(folder)
        let directory = folder.volume + "/snapshots"
        try FileManager.default.moveItem(atPath: directory, toPath: folder.path + "/aside")
        try FileManager.default.moveItem(atPath: folder.index, toPath: folder.path + "/index-aside")
        let before = try folder.segments().map { try Data(contentsOf: URL(filePath: $0)) }
        await #expect(
            throws: StoreError.openFailed(.snapshotsMissing(directory: directory))
        ) {
            _ = try await BackupTests.contents(folder)
        }
        #expect(throws: MaintenanceError.volume(.snapshotsMissing(directory: directory))) {
            _ = try IndexRebuildTests.rebuild(folder)
        }
        let after = try folder.segments().map { try Data(contentsOf: URL(filePath: $0)) }
        #expect(after == before)
        // Either of them is enough.
        try FileManager.default.removeItem(atPath: directory)
        try FileManager.default.moveItem(atPath: folder.path + "/aside", toPath: directory)
        #expect(try await BackupTests.contents(folder) == expected)
    }

    @Test func `a volume that alone lost its snapshots gets them from the other`() async throws {
        let folder = try await CleanedStoreTests.cleaned(copies: 2)
        let expected = try await BackupTests.contents(folder)
        try FileManager.default.removeItem(atPath: folder.volumes[1] + "/snapshots")
        let ledger = DamageLedger()
        let found = try await CleanedStoreTests.with(folder, ledger: ledger) { subject in
            _ = await subject.store.makeCopies()
            return try await subject.contents()
        }
        #expect(ledger.records == [])
        #expect(found == expected)
        #expect(try CleanedStoreTests.snapshots(folder, 1).count == 2)
        #expect(try InspectionTests.check(folder).disagreements == [])
    }
}
