import DiskIO
import Foundation
import StorageModel
import Testing
import Volumes

@testable import Maintenance
@testable import ObjectStorage

/// Checks that check, scrub, rebuild and backup know of logs that were cleaned: segments are gone,
/// others have holes, and the index begins with a snapshot.
@Suite struct CleanedStoreTests {
    static func limits() -> StoreLimits {
        var limits = StoreSubject.limits()
        limits.sealedDeadBytesMin = 1
        limits.reclaimIntervalSeconds = 0
        return limits
    }

    static func with<Value>(
        _ folder: Folder,
        ledger: DamageLedger = DamageLedger(),
        _ body: (StoreSubject) async throws -> Value
    ) async throws -> Value {
        try await StoreSubject.with(folder, limits: limits(), ledger: ledger, body)
    }

    static func fill(_ subject: StoreSubject, _ name: String) async throws {
        for number in 0..<40 {
            try await subject.put("dead/\(name)/\(number)", Folder.bytes(990, seed: number))
            try await subject.put("dead/\(name)/\(number)a", Folder.bytes(980, seed: number))
            if number % 5 == 0 {
                try await subject.put("live/\(name)/\(number)", Folder.bytes(970, seed: number))
            }
        }
        try await subject.fill()
        for number in 0..<40 {
            try await subject.delete("dead/\(name)/\(number)")
            try await subject.delete("dead/\(name)/\(number)a")
        }
    }

    /// A store whose log has lost segments and has holes, and some changes after that.
    static func cleaned(copies: Int) async throws -> Folder {
        let folder = try Folder(copies: copies)
        try await with(folder) { subject in
            try await fill(subject, "first")
            let before = try folder.segments().count
            let report = try await subject.store.cleanLog()
            #expect(report.removedSegments > 0)
            #expect(try folder.segments().count < before)
            try await subject.put("after", Folder.bytes(500, seed: 77))
            await subject.settle()
        }
        return folder
    }

    static func snapshots(_ folder: Folder, _ number: Int = 0) throws -> [String] {
        let directory = folder.volumes[number] + "/snapshots"
        return try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            .map { "\(directory)/\($0)" }
    }

    /// Checks that every volume has two snapshots, that all agrees, and that an index which is made of the
    /// log is the one that there was.
    static func expectWhole(
        _ folder: Folder,
        copies: Int,
        holding contents: [String: [UInt8]]
    ) async throws {
        for number in 0..<copies { #expect(try snapshots(folder, number).count == 2) }
        #expect(try InspectionTests.check(folder).disagreements == [])
        let lost = try IndexRebuildTests.dump(folder.indexFile)
        try FileManager.default.removeItem(atPath: folder.index)
        _ = try IndexRebuildTests.rebuild(folder)
        #expect(try IndexRebuildTests.dump(folder.indexFile) == lost)
        #expect(try await BackupTests.contents(folder) == contents)
    }

    @Test(arguments: 1...2)
    func `a cleaned store is well`(copies: Int) async throws {
        let folder = try await Self.cleaned(copies: copies)
        let report = try InspectionTests.check(folder)
        #expect(report.disagreements == [])
        #expect(report.isIndexCompared)
        // Small payloads are read as well, wherever they are.
        let small = report.verifiedBytes
        #expect(small > Int64(copies) * (5 * 70_000 + 8 * 970))
        try await Self.with(folder) { subject in
            let pass = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
            #expect(pass.damaged == 0)
            let read = try await subject.read("live/first/5")
            #expect(read == Folder.bytes(970, seed: 5))
        }
    }

    @Test(arguments: 1...2)
    func `a damaged payload in the cleaned part is named, and mended from a copy`(
        copies: Int
    ) async throws {
        let folder = try await Self.cleaned(copies: copies)
        let place = try await Self.with(folder) { subject in
            // Cleaning has taken all records up to here out of what a replay needs.
            _ = try await subject.store.cleanLog()
            let extent = try subject.extent("live/first/5")
            guard case .inline(let position, _, _) = extent else {
                throw Folder.FolderError.noInline
            }
            #expect(position < subject.store.volume.replayStart)
            return try folder.place(extent, on: copies - 1)
        }
        try Folder.flip(place.path, place.offset + 3)
        let found = try InspectionTests.check(folder).disagreements
        #expect(found.map(\.kind) == [.payloadDamaged])
        #expect(found.first?.path == place.path)
        #expect(found.first?.offset == Int64(place.offset))
        #expect(found.first?.objects == ["subject/live/first/5"])
        let ledger = DamageLedger()
        try await Self.with(folder, ledger: ledger) { subject in
            let pass = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
            #expect(pass.damaged == 1)
            #expect(ledger.records.map(\.objects) == [["subject/live/first/5"]])
            #expect(ledger.records.map(\.state) == [copies == 1 ? .found : .healed])
        }
        let left = try InspectionTests.check(folder).disagreements
        #expect(left.map(\.kind) == (copies == 1 ? [.payloadDamaged] : []))
    }

    @Test(arguments: 1...2)
    func `a damaged payload among those that cleaning moved is named alone, and mended`(
        copies: Int
    ) async throws {
        let folder = try await Self.cleaned(copies: copies)
        let (name, place) = try await Self.with(folder) { subject in
            for number in stride(from: 0, to: 40, by: 5) {
                let extent = try subject.extent("live/first/\(number)")
                guard case .inline(let position, _, _) = extent,
                    position > subject.store.volume.replayStart
                else { continue }
                return ("live/first/\(number)", try folder.place(extent, on: copies - 1))
            }
            throw Folder.FolderError.noInline
        }
        try Folder.flip(place.path, place.offset + 3)
        let found = try InspectionTests.check(folder).disagreements
        #expect(found.map(\.kind) == [.payloadDamaged])
        #expect(found.first?.path == place.path)
        #expect(found.first?.objects == ["subject/\(name)"])
        let ledger = DamageLedger()
        try await Self.with(folder, ledger: ledger) { subject in
            _ = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
            #expect(ledger.records.map(\.objects) == [["subject/\(name)"]])
            #expect(ledger.records.map(\.state) == [copies == 1 ? .found : .healed])
            if copies == 1 { _ = try BackupTests.backUp(subject, folder) }
        }
        guard copies == 1 else {
            return #expect(try InspectionTests.check(folder).disagreements == [])
        }
        let (_, made) = try BackupTests.restore(folder)
        #expect(made.damage.map(\.objects) == [["subject/\(name)"]])
    }

    @Test(arguments: 1...2)
    func `a backup takes a damaged payload of the cleaned part from a copy, or names it`(
        copies: Int
    ) async throws {
        let folder = try await Self.cleaned(copies: copies)
        try await Self.with(folder) { subject in
            _ = try await subject.store.cleanLog()
            let extent = try subject.extent("live/first/5")
            guard case .inline(let position, _, _) = extent else {
                throw Folder.FolderError.noInline
            }
            #expect(position < subject.store.volume.replayStart)
            // The log of the first volume is what is copied.
            let place = try folder.place(extent, on: 0)
            try Folder.flip(place.path, place.offset + 3)
            for _ in 0..<2 {
                let made = try BackupTests.backUp(subject, folder)
                #expect(made.damage.map(\.kind) == (copies == 1 ? [.payloadDamaged] : []))
                guard let damage = made.damage.first else { continue }
                #expect(damage.path == place.path && damage.offset == Int64(place.offset))
                #expect(damage.objects == ["subject/live/first/5"])
            }
            if copies == 1 {
                try await subject.put("live/first/5", Folder.bytes(970, seed: 5))
                #expect(try BackupTests.backUp(subject, folder).damage == [])
            }
        }
        let (restored, made) = try BackupTests.restore(folder)
        #expect(made.damage == [])
        let contents = try await BackupTests.contents(restored)
        #expect(contents["live/first/5"] == Folder.bytes(970, seed: 5))
    }

    @Test func `a backup of which an older snapshot was left is restored`() async throws {
        let folder = try Folder()
        let snapshots = folder.path + "/backup/snapshots"
        let contents = try await Self.with(folder) { subject in
            try await Self.fill(subject, "first")
            _ = try await subject.store.cleanLog()
            _ = try BackupTests.backUp(subject, folder)
            try FileManager.default.copyItem(atPath: snapshots, toPath: folder.path + "/older")
            try await Self.fill(subject, "second")
            _ = try await subject.store.cleanLog()
            _ = try await subject.store.cleanLog()
            _ = try BackupTests.backUp(subject, folder)
            return try await subject.contents()
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path + "/older") {
            try FileManager.default.copyItem(
                atPath: folder.path + "/older/" + name,
                toPath: snapshots + "/" + name
            )
        }
        let (restored, made) = try BackupTests.restore(folder)
        #expect(made.damage == [])
        #expect(try await BackupTests.contents(restored) == contents)
    }

    @Test func `a backup that lost a piece of its log gets it again, though nothing is new`()
        async throws
    {
        let folder = try Folder()
        let contents = try await Self.with(folder) { subject in
            try await Self.fill(subject, "first")
            _ = try BackupTests.backUp(subject, folder)
            let log = folder.path + "/backup/log"
            let segments = try FileManager.default.contentsOfDirectory(atPath: log).sorted()
            try FileManager.default.removeItem(atPath: log + "/" + segments[1])
            try Folder.truncate(log + "/" + segments[2], by: 100)
            _ = try BackupTests.backUp(subject, folder)
            return try await subject.contents()
        }
        let (restored, made) = try BackupTests.restore(folder)
        #expect(made.damage == [])
        #expect(try await BackupTests.contents(restored) == contents)
    }

    @Test func `a damaged snapshot is named`() async throws {
        let folder = try await Self.cleaned(copies: 1)
        let paths = try Self.snapshots(folder)
        #expect(paths.count == 2)
        try Folder.flip(paths[0], 5000)
        let report = try InspectionTests.check(folder)
        #expect(report.disagreements.map(\.kind) == [.snapshotInvalid])
        #expect(report.disagreements.first?.path == paths[0])
        #expect(report.isIndexCompared)
    }

    @Test(arguments: 0...1)
    func `the index is made again from either snapshot`(damaged: Int) async throws {
        let folder = try await Self.cleaned(copies: 1)
        let lost = try IndexRebuildTests.dump(folder.indexFile)
        try Folder.flip(try Self.snapshots(folder)[damaged], 5000)
        try FileManager.default.removeItem(atPath: folder.index)
        _ = try IndexRebuildTests.rebuild(folder)
        #expect(try IndexRebuildTests.dump(folder.indexFile) == lost)
    }

    @Test func `without any snapshot the index cannot be made again, and that is said`()
        async throws
    {
        let folder = try await Self.cleaned(copies: 1)
        for path in try Self.snapshots(folder) { try Folder.flip(path, 5000) }
        try FileManager.default.removeItem(atPath: folder.index)
        #expect {
            try IndexRebuildTests.rebuild(folder)
        } throws: { error in
            guard case MaintenanceError.snapshotInvalid = error else { return false }
            return true
        }
    }

    @Test(arguments: 1...2)
    func `a backup of a cleaned store is restored`(copies: Int) async throws {
        let folder = try await Self.cleaned(copies: copies)
        let contents = try await Self.with(folder) { subject in
            #expect(try BackupTests.backUp(subject, folder).damage == [])
            return try await subject.contents()
        }
        let (restored, made) = try BackupTests.restore(folder)
        #expect(made.damage == [])
        #expect(try InspectionTests.check(restored).disagreements == [])
        #expect(try await BackupTests.contents(restored) == contents)
    }

    @Test func `a backup goes on over a cleaning, and gives its room back`() async throws {
        let folder = try Folder()
        let contents = try await Self.with(folder) { subject in
            try await Self.fill(subject, "first")
            _ = try BackupTests.backUp(subject, folder)
            _ = try await subject.store.cleanLog()
            try await Self.fill(subject, "second")
            let report = try BackupTests.backUp(subject, folder)
            #expect(report.damage == [])
            #expect(report.removedFiles > 0)
            let kept = try FileManager.default.contentsOfDirectory(
                atPath: folder.path + "/backup/log"
            )
            #expect(kept.sorted() == (try folder.segments().map { String($0.suffix(20)) }))
            _ = try await subject.store.cleanLog()
            _ = try BackupTests.backUp(subject, folder)
            return try await subject.contents()
        }
        let (restored, made) = try BackupTests.restore(folder)
        #expect(made.damage == [])
        #expect(try InspectionTests.check(restored).disagreements == [])
        #expect(try await BackupTests.contents(restored) == contents)
    }

    @Test func `a restored store does not go on in a backup that it has nothing to do with`()
        async throws
    {
        let folder = try Folder()
        try await Self.with(folder) { subject in
            try await Self.fill(subject, "first")
            _ = try BackupTests.backUp(subject, folder)
        }
        let (restored, _) = try BackupTests.restore(folder)
        // The original goes on, and is backed up; the restored one goes on differently.
        try await Self.with(folder) { subject in
            try await subject.put("original", [1])
            _ = try BackupTests.backUp(subject, folder)
        }
        try await Self.with(restored) { subject in
            try await Self.fill(subject, "second")
            _ = try await subject.store.cleanLog()
            #expect(throws: MaintenanceError.targetDiverged(path: folder.path + "/backup")) {
                try BackupTests.backUp(subject, restored, to: folder.path + "/backup")
            }
        }
    }

    @Test func `nothing is taken out of the log while a backup holds it`() async throws {
        let folder = try Folder()
        try await Self.with(folder) { subject in
            try await Self.fill(subject, "first")
            let before = try folder.segments()
            do {
                let hold = subject.store.holdRemovals()
                #expect(hold.isLogStill)
                #expect(try await subject.store.cleanLog() == CleaningReport())
                #expect(try folder.segments() == before)
                #expect(hold.isUnbroken)
            }
            #expect(try await subject.store.cleanLog().removedSegments > 0)
        }
    }
}
