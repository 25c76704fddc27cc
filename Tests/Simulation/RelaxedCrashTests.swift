import DiskIO
import Foundation
import Glibc
import StorageModel
import Testing
import Volumes

@testable import ObjectStorage

/// Checks that a store which flushes its log later than it answers is, after a power loss, what it was
/// at some moment not before the last flush, and after the end of the process what it was last.
///
/// Method: as `CrashTests`, with the power lost at every call. The index is on a disk that loses
/// nothing, so it is ahead of the log by all that the log lost. The store then goes on with other
/// changes, loses its power again, and at last gets back the index that was ahead of the first loss, which
/// by then names addresses where the log holds something else.
@Suite struct RelaxedCrashTests {
    static let stepCount = 14

    /// What ends the first life.
    enum End: Sendable {
        case powerLoss
        case processEnd
    }

    static func steps(_ seed: UInt64) -> [Step] {
        seed.isMultiple(of: 2)
            ? Workload.cleaningSteps(seed: seed, count: stepCount)
            : Workload.steps(seed: seed, count: stepCount)
    }

    @Test(arguments: CrashTests.seeds)
    func `a power loss at any call leaves a state not older than the last flush`(
        seed: UInt64
    ) async throws {
        let calls = try await RelaxedRun(seed).undisturbedCalls()
        var lost = 0
        for call in 1...calls.upperBound {
            let run = try RelaxedRun(seed)
            lost += try await run.check(FaultPlan(crashAtCall: call), .powerLoss, call)
        }
        // Or nothing was ever unflushed, and this checks nothing.
        #expect(lost > 0, "seed \(seed): \(lost) of \(calls) lost something")
        print("seed \(seed): \(lost) of \(calls.upperBound) power losses took what was answered")
    }

    @Test(arguments: CrashTests.seeds)
    func `a kill at any call loses nothing that was acknowledged`(seed: UInt64) async throws {
        let calls = try await RelaxedRun(seed).undisturbedCalls()
        for call in stride(from: calls.lowerBound, through: calls.upperBound, by: 5) {
            let run = try RelaxedRun(seed)
            _ = try await run.check(FaultPlan(crashAtCall: call), .processEnd, call)
        }
    }

    @Test(arguments: CrashTests.seeds)
    func `a call that fails, then a power loss, leave a state not older than the last flush`(
        seed: UInt64
    ) async throws {
        let calls = try await RelaxedRun(seed).undisturbedCalls()
        for call in stride(from: 1 + Int(seed % 4), through: calls.upperBound, by: 4) {
            let run = try RelaxedRun(seed)
            let plan = FaultPlan(
                failures: [call: call % 2 == 0 ? ENOSPC : EIO],
                shortPercent: 30
            )
            _ = try await run.check(plan, .powerLoss, call)
        }
    }

    @Test func `the log is flushed by itself`() async throws {
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/nave-flushed-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let disk = SimulatedFileSystem(seed: 1)
        let subject = try await SimulatedStore.open(
            disk,
            index: folder,
            seed: 1,
            durability: .relaxed,
            flushIntervalMilliseconds: 10
        )
        try await subject.put("a", .noise(300, seed: 1))
        let deadline = ContinuousClock.now + .seconds(20)
        while subject.store.unflushed.bytes > 0, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(subject.store.unflushed == UnflushedLog(bytes: 0, age: .zero))
        let found = disk.restart(seed: 2)
        await subject.store.close()
        let again = try await SimulatedStore.open(found, index: folder, seed: 2)
        #expect(try await again.read("a") == Content.noise(300, seed: 1).bytes)
        await again.store.close()
    }
}
