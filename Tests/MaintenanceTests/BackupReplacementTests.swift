import DiskIO
import Foundation
import StorageModel
import Synchronization
import Testing

@testable import Maintenance
@testable import ObjectStorage

/// Checks that whoever reads a backup gets the whole of one, while another is made in its place.
///
/// Method: at a chosen step of restoring or checking a backup, its store replaces and deletes objects
/// and is backed up again into the same directory. For what a backup does before its manifest is
/// there: its disk loses its power at the n-th call, or the log that it copies has lost a record.
@Suite struct BackupReplacementTests {
    /// Replaces what is large, so that the blobs of the backup before are removed, and backs up.
    ///
    /// Called on a thread that may wait.
    static func replace(_ subject: StoreSubject, _ folder: Folder, seed: Int) throws {
        let over = DispatchSemaphore(value: 0)
        let failure = Mutex<(any Error)?>(nil)
        Task {
            do {
                for number in 0..<6 {
                    let bytes = Folder.bytes(2000, seed: seed + number)
                    try await subject.put("large/\(number)", bytes)
                }
                try await subject.delete("small/1")
            } catch {
                failure.withLock { $0 = error }
            }
            over.signal()
        }
        over.wait()
        if let error = failure.withLock({ $0 }) { throw error }
        _ = try BackupTests.backUp(subject, folder)
    }

    static func restore(
        _ folder: Folder,
        into restored: Folder,
        progress: ProgressVisitor
    ) throws -> Restore.Report {
        try Restore(
            from: folder.path + "/backup",
            volumeDirectory: restored.volume,
            indexDirectory: restored.index,
            fileSystem: PosixFileSystem(),
            now: WallTime(milliseconds: 1)
        ).run(companions: ["keys.env"], progress: progress)
    }

    @Test(arguments: [MaintenanceProgress.Stage.log, .blobs])
    func `a backup that is made while another is restored is restored in its place`(
        _ stage: MaintenanceProgress.Stage
    ) async throws {
        let folder = try Folder()
        let restored = try Folder()
        let expected = try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            _ = try BackupTests.backUp(subject, folder)
            let times = Mutex(0)
            let report = try await subject.store.diskPool.run {
                try Self.restore(folder, into: restored) { progress in
                    guard progress.stage == stage else { return }
                    let time = times.withLock { times in
                        times += 1
                        return times
                    }
                    // Twice: the second while the one that took the first's place is restored.
                    guard time == 1 || time == 3 else { return }
                    do { try Self.replace(subject, folder, seed: 1000 * time) } catch {
                        Issue.record(error)
                    }
                }
            }
            #expect(report.damage == [])
            return try await subject.contents()
        }
        let contents = try await BackupTests.contents(restored)
        #expect(contents == expected)
        let checked = try InspectionTests.check(restored)
        #expect(checked.disagreements == [])
    }

    @Test func `a restore that never comes to an end is given up`() async throws {
        let folder = try Folder()
        let restored = try Folder()
        try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            _ = try BackupTests.backUp(subject, folder)
            let seed = Mutex(1000)
            let error = await #expect(throws: MaintenanceError.self) {
                try await subject.store.diskPool.run {
                    try Self.restore(folder, into: restored) { progress in
                        guard progress.stage == .blobs else { return }
                        let next = seed.withLock { seed in
                            seed += 10
                            return seed
                        }
                        do { try Self.replace(subject, folder, seed: next) } catch {
                            Issue.record(error)
                        }
                    }
                }
            }
            #expect(error == .backupReplaced(path: folder.path + "/backup"))
        }
        // What is there is no volume.
        #expect(!FileManager.default.fileExists(atPath: restored.volume + "/volume.json"))
    }

    @Test func `a log that is copied anew keeps the backup before whole through a power loss`()
        async throws
    {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            for number in 0..<3 {
                try await subject.put("large/\(number)", Folder.bytes(2000, seed: number))
                try await subject.put("small/\(number)", Folder.bytes(700, seed: 100 + number))
            }
            let gone = try folder.blobPath(try subject.extent("large/1"))
            try FileManager.default.removeItem(atPath: gone)
            let disk = SimulatedFileSystem(seed: 1)
            let first = try BackupCrashTests.backUp(subject, folder, disk)
            #expect(first.manifest.damagedPayloadCount == 1)
            try await subject.put("later", Folder.bytes(500, seed: 9))
            var crash = 0
            while true {
                crash += 1
                let trial = disk.restartProcess()
                trial.inject(FaultPlan(crashAtCall: crash))
                let isOver = (try? BackupCrashTests.backUp(subject, folder, trial)) != nil
                let found = trial.restart(seed: UInt64(crash))
                let restored = try Folder(volume: "/restored")
                let report = try Restore(
                    from: BackupCrashTests.target,
                    volumeDirectory: restored.volume,
                    indexDirectory: restored.index,
                    fileSystem: found,
                    now: WallTime(milliseconds: 1)
                ).run(companions: ["keys.env"])
                #expect(report.damage.map(\.kind) == [.blobMissing], "call \(crash)")
                #expect(report.manifest.position >= first.manifest.position)
                if isOver { break }
            }
            #expect(crash > 20)
        }
    }
}
