import DiskIO
import Foundation
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks that giving room back loses nothing, wherever it is cut off.
///
/// Method: as `CrashTests`, with a workload in which every third step takes a snapshot, cleans the
/// log or ends uploads, under bounds so small that segments are removed, emptied and punched. The
/// index is found as it was, lost, or of an earlier commit than the log still serves.
@Suite struct CleaningCrashTests {
    static let stepCount = 15

    @Test(arguments: CrashTests.seeds)
    func `a power loss at any call of cleaning loses nothing`(seed: UInt64) async throws {
        let steps = Workload.cleaningSteps(seed: seed, count: Self.stepCount)
        let calls = try await CrashTests.undisturbedCalls(seed, steps)
        for call in 1...calls {
            let simulation = try Simulation(seed: seed, steps: steps)
            let disk = SimulatedFileSystem(seed: seed &+ UInt64(call))
            disk.inject(FaultPlan(crashAtCall: call))
            try await simulation.run(on: disk)
            let found = disk.restart(seed: seed &* 41 &+ UInt64(call))
            let fate = Simulation.IndexFate.allCases[call % 3]
            try await simulation.check(found, fate, "seed \(seed), power lost at call \(call)")
        }
    }

    @Test(arguments: CrashTests.seeds)
    func `a call of cleaning that fails loses nothing`(seed: UInt64) async throws {
        let steps = Workload.cleaningSteps(seed: seed, count: Self.stepCount)
        let calls = try await CrashTests.undisturbedCalls(seed, steps)
        for call in stride(from: 1 + Int(seed % 2), through: calls, by: 2) {
            let simulation = try Simulation(seed: seed, steps: steps)
            let disk = SimulatedFileSystem(seed: seed &+ UInt64(call))
            disk.inject(
                FaultPlan(failures: [call: call % 4 < 2 ? ENOSPC : EIO], shortPercent: 20)
            )
            try await simulation.run(on: disk)
            let found = disk.restart(seed: seed &* 43 &+ UInt64(call))
            let fate = Simulation.IndexFate.allCases[call % 3]
            try await simulation.check(found, fate, "seed \(seed), failure at call \(call)")
        }
    }

    @Test func `the workloads remove, empty and punch segments, and end uploads`() async throws {
        var removed = 0
        var punched = 0
        var relocated = 0
        var expired = 0
        for seed in UInt64(1)...12 {
            let steps = Workload.cleaningSteps(seed: seed, count: Self.stepCount)
            let simulation = try Simulation(seed: seed, steps: steps)
            let disk = SimulatedFileSystem(seed: seed)
            try await simulation.run(on: disk)
            try await simulation.check(disk, .lost, "seed \(seed), undisturbed")
            removed += simulation.cleaned.removedSegments
            punched += simulation.cleaned.punchedSegments
            relocated += simulation.cleaned.relocatedExtents
            expired += simulation.expiredUploads
        }
        #expect(removed > 20 && punched > 0 && relocated > 20 && expired > 3)
        print("removed \(removed), punched \(punched), relocated \(relocated), expired \(expired)")
    }
}
