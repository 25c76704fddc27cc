import DiskIO
import Foundation
import StorageModel
import Testing
import Volumes

@testable import Maintenance
@testable import ObjectStorage

/// Checks that check, scrub, rebuild and backup know of several volumes: what one has damaged is
/// named, and mended from the other.
///
/// Method: two volumes that each hold everything; the files of one are broken by hand.
@Suite struct SeveralVolumesTests {
    typealias Damage = @Sendable (Folder, Int) throws -> Void

    struct Places: Sendable {
        let large: Extent?
        let small: Extent?
    }

    static func filled() async throws -> (Folder, Places) {
        let folder = try Folder(copies: 2)
        let places = try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            await subject.settle()
            return Places(
                large: try subject.extent("large/2"),
                small: try subject.extent("small/20")
            )
        }
        return (folder, places)
    }

    enum Breakage: String, CaseIterable {
        case blobBlock, blobFooter, blobCut, inline, recordHeader

        func apply(_ folder: Folder, _ places: Places, on volume: Int) throws {
            switch self {
            case .blobBlock:
                try Folder.flip(try folder.blobPath(places.large, on: volume), 4096 + 5)
            case .blobFooter:
                try Folder.flip(try folder.blobPath(places.large, on: volume), 4096 + 70_002 + 9)
            case .blobCut:
                try Folder.truncate(try folder.blobPath(places.large, on: volume), by: 100)
            case .inline:
                let small = try folder.place(places.small, on: volume)
                try Folder.flip(small.path, small.offset + 1)
            case .recordHeader:
                // The body of the record lies right before its payload.
                let small = try folder.place(places.small, on: volume)
                try Folder.flip(small.path, small.offset - 30)
            }
        }

        var expected: Disagreement.Kind {
            switch self {
            case .blobBlock: .blobDamaged
            case .blobFooter, .blobCut: .blobInvalid
            case .inline: .payloadDamaged
            case .recordHeader: .logRecordUnreadable
            }
        }
    }

    @Test func `two volumes that are well have nothing to name`() async throws {
        let (folder, _) = try await Self.filled()
        let report = try InspectionTests.check(folder)
        #expect(report.disagreements == [])
        #expect(report.isIndexCompared)
        #expect(report.blobs == 10)
        // Each payload of each copy.
        #expect(report.verifiedBytes > 2 * 5 * 70_000)
    }

    @Test(arguments: Breakage.allCases, 0...1)
    func `what one volume has damaged is named, and the scrub mends it`(
        breakage: Breakage,
        volume: Int
    ) async throws {
        let (folder, places) = try await Self.filled()
        try breakage.apply(folder, places, on: volume)
        let found = try InspectionTests.check(folder)
        #expect(found.disagreements.map(\.kind) == [breakage.expected])
        let path = try #require(found.disagreements.first?.path)
        #expect(path.hasPrefix(folder.volumes[volume] + "/"))
        #expect(found.isIndexCompared)

        let ledger = DamageLedger()
        try await StoreSubject.with(folder, ledger: ledger) { subject in
            let pass = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
            #expect(pass.damaged == 1)
            #expect(ledger.records.map(\.state) == [.healed])
            #expect(ledger.records.first?.path == path)
            let contents = try await subject.contents()
            #expect(contents["large/2"] == Folder.bytes(70_002, seed: 102))
            #expect(contents["small/20"] == Folder.bytes(800, seed: 20))
            await subject.settle()
        }
        #expect(try InspectionTests.check(folder).disagreements == [])
    }

    @Test func `damage in different places of both copies is mended`() async throws {
        let (folder, places) = try await Self.filled()
        try Folder.flip(try folder.blobPath(places.large, on: 0), 4096 + 5)
        try Folder.flip(try folder.blobPath(places.large, on: 1), 4096 + 70_000)
        #expect(
            try InspectionTests.check(folder).disagreements.map(\.kind)
                == [.blobDamaged, .blobDamaged]
        )
        try await StoreSubject.with(folder) { subject in
            _ = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
            await subject.settle()
        }
        #expect(try InspectionTests.check(folder).disagreements == [])
    }

    @Test func `a copy that is gone is named, and made again after a scrub`() async throws {
        let (folder, places) = try await Self.filled()
        let path = try folder.blobPath(places.large, on: 1)
        try FileManager.default.removeItem(atPath: path)
        let found = try InspectionTests.check(folder).disagreements
        #expect(found.map(\.kind) == [.blobCopies])
        #expect(found.first?.objects.names == ["subject/large/2"])
        try await StoreSubject.with(folder) { subject in
            _ = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
            // Brought up to date in the background.
            while !FileManager.default.fileExists(atPath: path) {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        #expect(try InspectionTests.check(folder).disagreements == [])
    }

    @Test func `a blob of which no copy is left is missing`() async throws {
        let (folder, places) = try await Self.filled()
        for number in 0...1 {
            let path = try folder.blobPath(places.large, on: number)
            try FileManager.default.removeItem(atPath: path)
        }
        let found = try InspectionTests.check(folder).disagreements
        #expect(found.map(\.kind) == [.blobMissing])
        #expect(found.first?.objects.names == ["subject/large/2"])
    }

    @Test func `a volume that is not named is missing`() async throws {
        let (folder, _) = try await Self.filled()
        let report = try Inspection(
            volumeDirectories: [folder.volumes[1]],
            indexDirectory: folder.index,
            fileSystem: PosixFileSystem()
        ).run(.payloads)
        // Every blob is on one volume of two.
        #expect(report.counts == [.volumeMissing: 1, .blobCopies: 10])
        #expect(report.isIndexCompared)
    }

    @Test func `copies of the log that differ are named`() async throws {
        let (folder, _) = try await Self.filled()
        let other = try Folder(copies: 2)
        try await StoreSubject.with(other) { subject in try await subject.put("other", [1]) }
        // The log of another Nave, in files that name this one's volume.
        for path in try folder.segments(1) { try FileManager.default.removeItem(atPath: path) }
        for path in try other.segments(1) {
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            try FileManager.default.copyItem(
                atPath: path,
                toPath: "\(folder.volumes[1])/log/\(name)"
            )
        }
        let kinds = Set(try InspectionTests.check(folder).disagreements.map(\.kind))
        #expect(!kinds.isDisjoint(with: [.logSegmentInvalid, .logCopiesDiffer]))
    }

    @Test(arguments: 0...1)
    func `the index is made again though one log is damaged`(volume: Int) async throws {
        let (folder, places) = try await Self.filled()
        let lost = try IndexRebuildTests.dump(folder.indexFile)
        try Breakage.recordHeader.apply(folder, places, on: volume)
        try FileManager.default.removeItem(atPath: folder.index)
        let report = try IndexRebuildTests.rebuild(folder)
        #expect(report.changes > 50)
        #expect(try IndexRebuildTests.dump(folder.indexFile) == lost)
    }

    @Test(arguments: Breakage.allCases, 0...1)
    func `a backup takes what is whole on either, and is restored as one volume`(
        _ breakage: Breakage,
        volume: Int
    ) async throws {
        let (folder, places) = try await Self.filled()
        try breakage.apply(folder, places, on: volume)
        let contents = try await StoreSubject.with(folder) { subject in
            let report = try BackupTests.backUp(subject, folder)
            #expect(report.damage == [])
            return try await subject.contents()
        }
        let (restored, made) = try BackupTests.restore(folder)
        #expect(made.damage == [])
        #expect(try await BackupTests.contents(restored) == contents)
        #expect(try InspectionTests.check(restored).disagreements == [])
    }

    @Test func `a backup of which each volume has damaged another payload is whole`() async throws {
        let (folder, _) = try await Self.filled()
        let contents = try await StoreSubject.with(folder) { subject in
            for volume in 0...1 {
                let small = try folder.place(try subject.extent("small/2\(volume)"), on: volume)
                try Folder.flip(small.path, small.offset + 1)
            }
            let report = try BackupTests.backUp(subject, folder)
            #expect(report.damage == [])
            return try await subject.contents()
        }
        let (restored, made) = try BackupTests.restore(folder)
        #expect(made.damage == [])
        let found = try await BackupTests.contents(restored)
        #expect(found == contents)
    }
}
