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

    // MARK: - A log that has holes alone

    static func punchingLimits() -> StoreLimits {
        var limits = CleanedStoreTests.limits()
        limits.inlineBytesMax = 120_000
        limits.stageBufferBytes = 120_000
        limits.logSegmentBytesMax = 1_000_000
        return limits
    }

    /// A store whose log has all its segments, some with holes.
    static func punched(copies: Int) async throws -> Folder {
        let folder = try Folder(copies: copies)
        try await StoreSubject.with(folder, limits: punchingLimits()) { subject in
            for number in 0..<40 {
                try await subject.put("live/\(number)", Folder.bytes(100_000, seed: number))
                try await subject.put("dead/\(number)", Folder.bytes(60_000, seed: number))
            }
            for number in 0..<40 { try await subject.delete("dead/\(number)") }
            // So that something lives in the last segment as well.
            try await subject.put("live/last", Folder.bytes(100_000, seed: 50))
            let before = try folder.segments()
            let report = try await subject.store.cleanLog()
            #expect(report.punchedSegments > 2 && report.removedSegments == 0)
            #expect(try folder.segments().starts(with: before))
            #expect(subject.store.volume.logStart == LogPosition(0))
        }
        return folder
    }

    @Test(arguments: 1...2)
    func `that snapshots are lost is seen at the start though no segment is missing`(
        copies: Int
    ) async throws {
        let folder = try await Self.punched(copies: copies)
        let expected = try await BackupTests.contents(folder)
        try Loss.removed.apply(folder)
        let ledger = DamageLedger()
        try await StoreSubject.with(folder, limits: Self.punchingLimits(), ledger: ledger) {
            subject in
            _ = try await subject.store.expireUploads()
            #expect(!ledger.records.isEmpty)
            #expect(ledger.records.allSatisfy { $0.kind == .snapshot && $0.state == .healed })
            #expect(try await subject.contents() == expected)
        }
        try await CleanedStoreTests.expectWhole(folder, copies: copies, holding: expected)
    }

    @Test func `one that is lost is made again though no segment is missing`() async throws {
        let folder = try await Self.punched(copies: 1)
        let expected = try await BackupTests.contents(folder)
        try FileManager.default.removeItem(atPath: try CleanedStoreTests.snapshots(folder)[0])
        try await CleanedStoreTests.with(folder) { subject in
            _ = try await subject.store.expireUploads()
        }
        try await CleanedStoreTests.expectWhole(folder, copies: 1, holding: expected)
    }

    @Test func `where the index is lost as well, and no segment is, the folder is refused`()
        async throws
    {
        let folder = try await Self.punched(copies: 1)
        let directory = folder.volume + "/snapshots"
        try FileManager.default.removeItem(atPath: directory)
        try FileManager.default.removeItem(atPath: folder.index)
        let before = try folder.segments().map { try Data(contentsOf: URL(filePath: $0)) }
        await #expect(
            throws: StoreError.openFailed(.snapshotsMissing(directory: directory))
        ) {
            _ = try await BackupTests.contents(folder)
        }
        let after = try folder.segments().map { try Data(contentsOf: URL(filePath: $0)) }
        #expect(after == before)
    }

    @Test func `a log that was never cleaned is well, though the disk leaves zeros out`()
        async throws
    {
        let folder = try Folder()
        var limits = Self.punchingLimits()
        limits.logSegmentBytesMax = 100_000
        let place = try await StoreSubject.with(folder, limits: limits) { subject in
            try await subject.put("zeros", [UInt8](repeating: 0, count: 50_000))
            for number in 0..<5 {
                try await subject.put("more/\(number)", Folder.bytes(50_000, seed: number))
            }
            return try folder.place(try subject.extent("zeros"))
        }
        let file = try PosixFileSystem().open(place.path, .readWrite)
        try file.punchHole(Int64(place.offset)..<Int64(place.offset + 50_000))
        let status = try #require(try PosixFileSystem().status(place.path))
        try #require(status.allocatedBytes < status.sizeBytes)
        let ledger = DamageLedger()
        try await StoreSubject.with(folder, limits: limits, ledger: ledger) { subject in
            _ = try await subject.store.expireUploads()
        }
        #expect(ledger.records == [])
        #expect(try InspectionTests.check(folder).disagreements == [])
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
