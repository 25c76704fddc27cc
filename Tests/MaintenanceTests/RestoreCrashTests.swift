import DiskIO
import Foundation
import StorageModel
import Testing

@testable import Maintenance
@testable import ObjectStorage

/// Checks that a restore which was interrupted is no volume, and is taken up again.
///
/// Method: backup and target are on one simulated disk, which loses its power, or whose process is killed,
/// at the n-th call of the restore, for every n. What is found then is restored into again.
@Suite struct RestoreCrashTests {
    static let volume = "/restored"

    static func restore(
        _ disk: SimulatedFileSystem,
        into folder: Folder,
        progress: ProgressVisitor = { _ in }
    ) throws -> Restore.Report {
        try Restore(
            from: BackupCrashTests.target,
            volumeDirectory: folder.volume,
            indexDirectory: folder.index,
            fileSystem: disk,
            now: WallTime(milliseconds: 1)
        ).run(companions: ["keys.env"], progress: progress)
    }

    /// A disk with a backup, and what is in that.
    static func backedUp() async throws -> (SimulatedFileSystem, [String: [UInt8]]) {
        let folder = try Folder()
        let disk = SimulatedFileSystem(seed: 1)
        let contents = try await CleanedStoreTests.with(folder) { subject in
            for number in 0..<40 {
                try await subject.put("dead/\(number)", Folder.bytes(990, seed: number))
            }
            for number in 0..<40 { try await subject.delete("dead/\(number)") }
            _ = try await subject.store.cleanLog()
            for number in 0..<3 {
                try await subject.put("large/\(number)", Folder.bytes(2000, seed: number))
                try await subject.put("small/\(number)", Folder.bytes(700, seed: 100 + number))
            }
            _ = try BackupCrashTests.backUp(subject, folder, disk)
            return try await subject.contents()
        }
        return (disk, contents)
    }

    static func contents(
        _ disk: SimulatedFileSystem,
        _ folder: Folder
    ) async throws -> [String: [UInt8]] {
        try await StoreSubject.with(folder, fileSystem: disk) { subject in
            #expect(disk.contents(of: volume + "/keys.env") == Array("secret".utf8))
            return try await subject.contents()
        }
    }

    static func isMarked(_ disk: SimulatedFileSystem) -> Bool {
        disk.contents(of: volume + "/" + Restore.markName) != nil
    }

    @Test(arguments: [false, true])
    func `a restore that ends at any call is marked, or whole, and goes on`(
        losesPower: Bool
    ) async throws {
        let (disk, contents) = try await Self.backedUp()
        var call = 0
        var marked = 0
        while true {
            call += 1
            let trial = disk.restartProcess()
            trial.inject(FaultPlan(crashAtCall: call))
            let folder = try Folder(volume: Self.volume)
            let isOver = (try? Self.restore(trial, into: folder)) != nil
            let found = losesPower ? trial.restart(seed: UInt64(call)) : trial.restartProcess()
            let names = Set((try? found.list(Self.volume)) ?? [])
            if Self.isMarked(found) {
                marked += 1
            } else if !names.isSubset(of: ["volume.lock", "restoring.new"]) {
                let whole = try await Self.contents(found.restartProcess(), folder)
                #expect(whole == contents, "call \(call)")
                #expect(found.contents(of: Self.volume + "/volume.json") != nil, "call \(call)")
            }
            if isOver { break }
            guard Self.isMarked(found) || names.isSubset(of: ["volume.lock", "restoring.new"])
            else {
                continue
            }
            let report = try Self.restore(found, into: folder)
            #expect(report.damage == [])
            #expect(!Self.isMarked(found))
            let again = try await Self.contents(found, folder)
            #expect(again == contents, "call \(call)")
        }
        #expect(marked > 40)
    }

    @Test func `one that goes on does not copy the blobs that are whole`() async throws {
        let (disk, contents) = try await Self.backedUp()
        let folder = try Folder(volume: Self.volume)
        var seen = 0
        _ = try? Self.restore(disk, into: folder) { progress in
            guard progress.stage == .blobs else { return }
            seen += 1
            // The next call of the disk is its last.
            if seen == 2 { disk.inject(FaultPlan(crashAtCall: 1)) }
        }
        let found = disk.restartProcess()
        #expect(Self.isMarked(found))
        let whole = try Self.restore(found, into: try Folder(volume: "/other"))
        let rest = try Self.restore(found, into: folder)
        #expect(rest.blobs == 3 && whole.blobs == 3)
        #expect(whole.bytes - rest.bytes > 2 * 2000)
        #expect(try await Self.contents(found, folder) == contents)
    }

    @Test func `two restores into one directory are refused`() async throws {
        let (disk, contents) = try await Self.backedUp()
        let folder = try Folder(volume: Self.volume)
        var second: MaintenanceError?
        _ = try Self.restore(disk, into: folder) { progress in
            guard second == nil, progress.stage == .blobs else { return }
            do throws(MaintenanceError) {
                _ = try Restore(
                    from: BackupCrashTests.target,
                    volumeDirectory: folder.volume,
                    indexDirectory: folder.index,
                    fileSystem: disk,
                    now: WallTime(milliseconds: 2)
                ).run(companions: ["keys.env"])
            } catch {
                second = error
            }
        }
        #expect(second == .volume(.inUse(directory: Self.volume)))
        #expect(try await Self.contents(disk, folder) == contents)
        #expect(throws: MaintenanceError.directoryNotEmpty(path: Self.volume)) {
            try Self.restore(disk, into: folder)
        }
    }

    @Test func `one that goes on and fails leaves what it found, marked`() async throws {
        let (disk, contents) = try await Self.backedUp()
        let folder = try Folder(volume: Self.volume)
        _ = try? Self.restore(disk, into: folder) { progress in
            if progress.stage == .blobs { disk.inject(FaultPlan(crashAtCall: 1)) }
        }
        let found = disk.restartProcess()
        #expect(throws: MaintenanceError.stopped) {
            let stop = StopFlag()
            _ = try Restore(
                from: BackupCrashTests.target,
                volumeDirectory: folder.volume,
                indexDirectory: folder.index,
                fileSystem: found,
                now: WallTime(milliseconds: 2)
            ).run(companions: ["keys.env"], stop: stop) { progress in
                if progress.stage == .blobs { stop.stop() }
            }
        }
        #expect(Self.isMarked(found))
        _ = try Self.restore(found, into: folder)
        #expect(try await Self.contents(found, folder) == contents)
    }
}
