import DiskIO
import Foundation
import StorageModel
import Testing

@testable import Maintenance
@testable import ObjectStorage

/// Checks that a power loss of the backup's disk, at any call, leaves the backup before or the new
/// one, whole.
///
/// Method: the target is a simulated disk that loses its power at the n-th call of the second backup,
/// for every n; what it holds then is restored and compared with the two states. The backup is then
/// made again on what is left, and must be the second state.
@Suite struct BackupCrashTests {
    static let target = "/backups/nave"

    static func backUp(
        _ subject: StoreSubject,
        _ folder: Folder,
        _ disk: SimulatedFileSystem
    ) throws -> Backup.Report {
        try Backup(
            of: subject.store,
            to: target,
            fileSystem: disk,
            companions: [.init(name: "keys.env", bytes: Array("secret".utf8))],
            clock: folder.clock
        ).run()
    }

    /// What a backup on a simulated disk holds, restored on the same disk.
    static func restored(
        _ disk: SimulatedFileSystem,
        _ number: Int
    ) async throws -> [String: [UInt8]] {
        let folder = try Folder(volume: "/restored\(number)")
        let report = try Restore(
            from: target,
            volumeDirectory: folder.volume,
            indexDirectory: folder.index,
            fileSystem: disk,
            now: WallTime(milliseconds: 1)
        ).run(companions: ["keys.env"])
        #expect(report.damage == [])
        let (contents, keys) = try await StoreSubject.with(folder, fileSystem: disk) { subject in
            (try await subject.contents(), disk.contents(of: folder.volume + "/keys.env"))
        }
        #expect(keys == Array("secret".utf8))
        return contents
    }

    static func change(_ subject: StoreSubject) async throws {
        for number in 0..<4 {
            try await subject.put("large/\(number)", Folder.bytes(3000, seed: 200 + number))
            try await subject.put("small/\(number)", Folder.bytes(200, seed: 300 + number))
        }
        try await subject.delete("large/5")
    }

    @Test func `a power loss of the target leaves one of the two backups`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            for number in 0..<6 {
                try await subject.put("large/\(number)", Folder.bytes(2000, seed: number))
                try await subject.put("small/\(number)", Folder.bytes(700, seed: 100 + number))
            }
            let disk = SimulatedFileSystem(seed: 1)
            _ = try Self.backUp(subject, folder, disk)
            let first = try await subject.contents()
            try await Self.change(subject)
            let second = try await subject.contents()
            var crash = 0
            var isOver = false
            while !isOver {
                crash += 1
                let trial = disk.restartProcess()
                trial.inject(FaultPlan(crashAtCall: crash))
                do {
                    _ = try Self.backUp(subject, folder, trial)
                    isOver = true
                } catch {
                    #expect(trial.isCrashed, "call \(crash): \(error)")
                }
                let found = trial.restart(seed: UInt64(crash))
                let contents = try await Self.restored(found, 1)
                #expect(contents == first || contents == second, "call \(crash)")
                if isOver { #expect(contents == second) }
                _ = try Self.backUp(subject, folder, found)
                let again = try await Self.restored(found.restart(seed: 7), 2)
                #expect(again == second, "call \(crash)")
            }
            #expect(crash > 60)
        }
    }

    @Test func `a first backup that loses its power is no backup, or whole`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.put("large", Folder.bytes(2000, seed: 1))
            try await subject.put("small", Folder.bytes(200, seed: 2))
            let contents = try await subject.contents()
            var crash = 0
            while true {
                crash += 1
                let disk = SimulatedFileSystem(seed: UInt64(crash))
                disk.inject(FaultPlan(crashAtCall: crash))
                let isOver = (try? Self.backUp(subject, folder, disk)) != nil
                let found = disk.restart(seed: UInt64(crash))
                do {
                    let restored = try await Self.restored(found, 1)
                    #expect(restored == contents, "call \(crash)")
                } catch MaintenanceError.backupMissing {
                    #expect(!isOver)
                }
                _ = try Self.backUp(subject, folder, found)
                let again = try await Self.restored(found.restart(seed: 7), 2)
                #expect(again == contents, "call \(crash)")
                if isOver { break }
            }
            #expect(crash > 20)
        }
    }

    @Test func `a target that fails or is full is said to be, and is used again`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.put("large", Folder.bytes(2000, seed: 1))
            let contents = try await subject.contents()
            for errorNumber in [EIO, ENOSPC] {
                var call = 0
                while true {
                    call += 1
                    let disk = SimulatedFileSystem(seed: UInt64(call))
                    disk.inject(FaultPlan(failures: [call: errorNumber], shortPercent: 20))
                    let report = try? Self.backUp(subject, folder, disk)
                    let isOver = disk.callCount < call
                    disk.inject(FaultPlan())
                    if report == nil { _ = try Self.backUp(subject, folder, disk) }
                    let restored = try await Self.restored(disk, 1)
                    #expect(restored == contents, "call \(call)")
                    if isOver { break }
                }
            }
        }
    }
}
