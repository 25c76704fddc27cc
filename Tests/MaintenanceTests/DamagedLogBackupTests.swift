import DiskIO
import Foundation
import StorageModel
import Testing
import Volumes

@testable import Maintenance
@testable import ObjectStorage

/// Checks backups of stores with a damaged log, and the restoring of backups whose log is damaged.
///
/// Method: a bit is turned in a record of a log, or of the copy of it in a backup, which is then restored;
/// its objects are compared with what was written before the record, or with all, where a snapshot holds
/// what the record said.
@Suite struct DamagedLogBackupTests {
    /// The byte of a segment where the body of the change ends whose payload is somewhere.
    static func spoil(_ extent: Extent?, _ folder: Folder, in root: String? = nil) throws -> String
    {
        let place = try folder.place(extent)
        let path = place.path.replacingOccurrences(of: folder.volume, with: root ?? folder.volume)
        try Folder.flip(path, place.offset - 12)
        return path
    }

    static func backup(_ folder: Folder) -> String { folder.path + "/backup" }

    /// Twenty small objects, in order.
    static func fill(_ subject: StoreSubject, _ name: String = "object") async throws {
        for number in 0..<20 {
            try await subject.put("\(name)/\(number)", Folder.bytes(700, seed: number))
        }
    }

    @Test(arguments: 0..<20)
    func `a store with a damaged record is backed up and restored`(number: Int) async throws {
        let folder = try Folder()
        let ledger = DamageLedger()
        let (contents, path) = try await StoreSubject.with(folder, ledger: ledger) { subject in
            try await Self.fill(subject)
            let contents = try await subject.contents()
            let path = try Self.spoil(try subject.extent("object/\(number)"), folder)
            for _ in 0..<2 { #expect(try BackupTests.backUp(subject, folder).damage == []) }
            #expect(ledger.records.map(\.path) == [path])
            #expect(ledger.records.map(\.kind) == [.logRecord])
            #expect(ledger.records.map(\.state) == [.healed])
            try await subject.put("later", [1])
            #expect(try BackupTests.backUp(subject, folder).damage == [])
            try await subject.delete("later")
            #expect(try BackupTests.backUp(subject, folder).damage == [])
            return (contents, path)
        }
        let (restored, report) = try BackupTests.restore(folder)
        let copied = path.replacingOccurrences(of: folder.volume, with: Self.backup(folder))
        #expect(report.damage.map(\.kind) == [.logRecordUnreadable])
        #expect(report.damage.map(\.path) == [copied])
        #expect(try await BackupTests.contents(restored) == contents)
        #expect(try InspectionTests.check(restored).disagreements == [])
    }

    @Test(arguments: 0..<20)
    func `a backup with a damaged record is restored up to it`(number: Int) async throws {
        let folder = try Folder()
        let path = try await StoreSubject.with(folder) { subject in
            try await Self.fill(subject)
            _ = try BackupTests.backUp(subject, folder)
            let extent = try subject.extent("object/\(number)")
            return try Self.spoil(extent, folder, in: Self.backup(folder))
        }
        let (restored, report) = try BackupTests.restore(folder)
        #expect(report.damage.map(\.kind) == [.logRecordUnreadable])
        #expect(report.damage.map(\.path) == [path])
        let missing = (number + 1..<20).map { "subject/object/\($0)" }.prefix(16)
        #expect(report.damage.first?.objects == Array(missing))
        let contents = try await BackupTests.contents(restored)
        #expect(Set(contents.keys) == Set((0..<number).map { "object/\($0)" }))
        for (key, bytes) in contents {
            let seed = try #require(Int(key.dropFirst("object/".count)))
            #expect(bytes == Folder.bytes(700, seed: seed))
        }
        #expect(try InspectionTests.check(restored).disagreements == [])
        try await StoreSubject.with(restored) { subject in
            try await subject.put("new", [1, 2])
            #expect(try BackupTests.backUp(subject, restored).damage == [])
        }
    }

    @Test(arguments: 0..<20)
    func `a damaged record that the snapshot of a backup holds is named, and all is restored`(
        number: Int
    ) async throws {
        let folder = try Folder()
        let (contents, path) = try await StoreSubject.with(folder) { subject in
            try await Self.fill(subject)
            try await subject.store.takeSnapshot()
            if number.isMultiple(of: 2) { try await subject.put("later", [4, 5]) }
            _ = try BackupTests.backUp(subject, folder)
            let extent = try subject.extent("object/\(number)")
            let path = try Self.spoil(extent, folder, in: Self.backup(folder))
            return (try await subject.contents(), path)
        }
        let (restored, report) = try BackupTests.restore(folder)
        #expect(report.damage.map(\.kind) == [.logRecordUnreadable])
        #expect(report.damage.map(\.path) == [path])
        #expect(try await BackupTests.contents(restored) == contents)
        #expect(try InspectionTests.check(restored).disagreements == [])
        try FileManager.default.removeItem(atPath: restored.index)
        #expect(try await BackupTests.contents(restored) == contents)
    }

    @Test(arguments: [false, true])
    func `what is copied again of a log, or was by an attempt that was given up, is read`(
        isGivenUp: Bool
    ) async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await Self.fill(subject)
            #expect(try BackupTests.backUp(subject, folder).damage == [])
            let place = try folder.place(try subject.extent("object/3"))
            try Folder.flip(place.path, place.offset + 3)
            let copied = place.path.replacingOccurrences(
                of: folder.volume,
                with: Self.backup(folder)
            )
            try FileManager.default.removeItem(atPath: copied)
            if isGivenUp {
                try FileManager.default.copyItem(atPath: place.path, toPath: copied)
                try Data().write(to: URL(filePath: Self.backup(folder) + "/attempt"))
            }
            for _ in 0..<2 {
                let made = try BackupTests.backUp(subject, folder)
                #expect(made.damage.map(\.kind) == [.payloadDamaged])
                #expect(made.damage.map(\.path) == [place.path])
                #expect(made.damage.map(\.objects) == [["subject/object/3"]])
            }
        }
    }

    @Test func `a segment of a backup that was cut is restored up to its end`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await Self.fill(subject)
            _ = try BackupTests.backUp(subject, folder)
        }
        let log = Self.backup(folder) + "/log"
        let names = try FileManager.default.contentsOfDirectory(atPath: log).sorted()
        let cut = "\(log)/\(names[1])"
        try Folder.truncate(cut, by: 1500)
        let (restored, report) = try BackupTests.restore(folder)
        #expect(report.damage.map(\.path) == [cut])
        let contents = try await BackupTests.contents(restored)
        let count = contents.count
        #expect(count > 8 && count < 20)
        #expect(Set(contents.keys) == Set((0..<count).map { "object/\($0)" }))
        try FileManager.default.removeItem(atPath: cut)
        let again = try BackupTests.restore(folder)
        #expect(again.1.damage.first?.kind == .logSegmentMissing)
        let fewer = try await BackupTests.contents(again.0)
        #expect(fewer.count < count && fewer.count > 4)
    }

    @Test func `a restore that fails leaves its target as it was, and names the backup's file`()
        async throws
    {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await Self.fill(subject)
            try await subject.put("large", Folder.bytes(3000, seed: 1))
            _ = try BackupTests.backUp(subject, folder)
        }
        let first = Self.backup(folder) + "/log/0000000000000000.log"
        try Folder.flip(first, 20)
        for isThere in [false, true] {
            let target = try Folder()
            if isThere {
                try FileManager.default.createDirectory(
                    atPath: target.volume,
                    withIntermediateDirectories: false
                )
            }
            let restore = Restore(
                from: Self.backup(folder),
                volumeDirectory: target.volume,
                indexDirectory: target.volume + "/index",
                fileSystem: PosixFileSystem(),
                now: WallTime(milliseconds: 1)
            )
            for _ in 0..<2 {
                #expect(throws: MaintenanceError.backupDamaged(path: first, offset: 0)) {
                    try restore.run(companions: ["keys.env"])
                }
                #expect(FileManager.default.fileExists(atPath: target.volume) == isThere)
                if isThere { #expect(try PosixFileSystem().list(target.volume) == []) }
            }
            let stop = StopFlag()
            #expect(throws: MaintenanceError.self) {
                try restore.run(companions: ["keys.env"], stop: stop) { _ in stop.stop() }
            }
            #expect(FileManager.default.fileExists(atPath: target.volume) == isThere)
        }
        try Folder.flip(first, 20)
        #expect(try BackupTests.restore(folder).1.damage == [])
    }

    @Test func `a power loss while a damaged backup is restored leaves no volume, or a whole one`()
        async throws
    {
        let folder = try Folder()
        let disk = SimulatedFileSystem(seed: 1)
        try await StoreSubject.with(folder) { subject in
            try await Self.fill(subject)
            _ = try BackupCrashTests.backUp(subject, folder, disk)
        }
        let log = BackupCrashTests.target + "/log"
        let second = try disk.list(log)[1]
        disk.flipBit(1, ofByte: 64 + 49, in: "\(log)/\(second)")
        var call = 0
        var isOver = false
        while !isOver {
            call += 1
            let trial = disk.restartProcess()
            trial.inject(FaultPlan(crashAtCall: call))
            let target = try Folder(volume: "/restored")
            let report = try? Restore(
                from: BackupCrashTests.target,
                volumeDirectory: target.volume,
                indexDirectory: target.index,
                fileSystem: trial,
                now: WallTime(milliseconds: 1)
            ).run()
            isOver = report != nil
            if let report { #expect(report.damageCount == 1) }
            let found = trial.restart(seed: UInt64(call))
            guard found.contents(of: target.volume + "/volume.json") != nil else {
                #expect(!isOver, "call \(call)")
                continue
            }
            let contents = try await StoreSubject.with(target, fileSystem: found) { subject in
                try await subject.contents()
            }
            #expect(contents.count > 4 && contents.count < 20, "call \(call)")
            let isAsWritten = contents.allSatisfy { key, bytes in
                Int(key.dropFirst("object/".count)).map { bytes == Folder.bytes(700, seed: $0) }
                    ?? false
            }
            #expect(isAsWritten, "call \(call)")
        }
        #expect(call > 40)
    }
}
