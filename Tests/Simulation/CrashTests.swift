import DiskIO
import Foundation
import Glibc
import StorageModel
import Testing

/// Checks that no crash and no failing call loses what was acknowledged or shows what is not whole.
///
/// Method: a seeded workload runs on a simulated disk once undisturbed, to count its calls, and
/// then once for every call with the power lost there; the disk is found with an arbitrary part of
/// what was not flushed, and the index as it was, lost, or of an earlier commit. The same with a
/// call that fails. The seeds are those of ``SimulationSeeds``.
@Suite struct CrashTests {
    static let seeds = SimulationSeeds.workloads

    static let stepCount = 14

    static func undisturbedCalls(_ seed: UInt64, _ steps: [Step]) async throws -> Int {
        let simulation = try Simulation(seed: seed, steps: steps)
        let disk = SimulatedFileSystem(seed: seed)
        disk.inject(FaultPlan())
        let calls = try await simulation.run(on: disk)
        try await simulation.check(disk, .kept, "seed \(seed), undisturbed")
        return calls
    }

    @Test(arguments: seeds)
    func `a power loss at any call loses nothing that was acknowledged`(seed: UInt64) async throws {
        let steps = Workload.steps(seed: seed, count: Self.stepCount)
        let calls = try await Self.undisturbedCalls(seed, steps)
        for call in 1...calls {
            let simulation = try Simulation(seed: seed, steps: steps)
            let disk = SimulatedFileSystem(seed: seed &+ UInt64(call))
            disk.inject(FaultPlan(crashAtCall: call))
            try await simulation.run(on: disk)
            let found = disk.restart(seed: seed &* 31 &+ UInt64(call))
            let fate = Simulation.IndexFate.allCases[call % 3]
            try await simulation.check(found, fate, "seed \(seed), power lost at call \(call)")
        }
    }

    @Test(arguments: seeds)
    func `a call that fails costs at most the write that made it`(seed: UInt64) async throws {
        let steps = Workload.steps(seed: seed, count: Self.stepCount)
        let calls = try await Self.undisturbedCalls(seed, steps)
        for call in stride(from: 1 + Int(seed % 3), through: calls, by: 3) {
            let simulation = try Simulation(seed: seed, steps: steps)
            let disk = SimulatedFileSystem(seed: seed &+ UInt64(call))
            // Calls that do less than asked come first, so that a write fails in its middle.
            disk.inject(
                FaultPlan(failures: [call: call % 2 == 0 ? ENOSPC : EIO], shortPercent: 30)
            )
            try await simulation.run(on: disk)
            let found = disk.restart(seed: seed &* 37 &+ UInt64(call))
            let fate = Simulation.IndexFate.allCases[call % 3]
            try await simulation.check(found, fate, "seed \(seed), failure at call \(call)")
        }
    }
}
