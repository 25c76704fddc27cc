import DiskIO
import Glibc
import StorageModel
import Testing
import Volumes

/// Checks that a volume which a process left in trouble, and the next one opened, outlives a power loss.
///
/// The power stays between the two, so the second sees what the system caches, whether or not it is on
/// the disk.
@Suite struct VolumeRestartTests {
    /// Opens and appends a record, tells what a process after it reads, and what one after a power loss.
    private static func numbers(
        _ disk: SimulatedFileSystem,
        powerLossSeed: UInt64
    ) throws -> (before: [ReplayedRecord], after: [ReplayedRecord]) {
        let volume = try VolumeSubject.open(disk)
        let before = try VolumeSubject.replay(volume)
        let found = try VolumeSubject.open(disk.restart(seed: powerLossSeed))
        return (before, try VolumeSubject.replay(found))
    }

    @Test func `a first start that failed at any call leaves nothing that a power loss takes away`()
        throws
    {
        for call in 1...40 {
            for seed in UInt64(1)...4 {
                let disk = SimulatedFileSystem(seed: UInt64(call))
                disk.inject(FaultPlan(failures: [call: EIO]))
                _ = try? VolumeSubject.open(disk)
                let next = disk.restartProcess()
                let volume = try VolumeSubject.open(next)
                _ = try volume.append([VolumeSubject.record(1)])
                let found = try VolumeSubject.open(next.restart(seed: seed))
                #expect(try VolumeSubject.replay(found).count == 1, "call \(call), seed \(seed)")
            }
        }
    }

    @Test func `what a start finds of a batch whose flush failed stays`() throws {
        for seed in UInt64(1)...20 {
            let disk = SimulatedFileSystem(seed: seed)
            let volume = try VolumeSubject.open(disk)
            _ = try volume.append([VolumeSubject.record(1, payloadBytes: 100)])
            // The write, the beginning of writing it out, and then the flush.
            disk.inject(FaultPlan(failures: [3: EIO]))
            #expect(throws: VolumeError.volumeFailed) {
                try volume.append([VolumeSubject.record(2, payloadBytes: 100)])
            }
            let (before, after) = try Self.numbers(disk.restartProcess(), powerLossSeed: seed)
            #expect(before.map(\.body) == after.map(\.body), "seed \(seed)")
        }
    }
}
