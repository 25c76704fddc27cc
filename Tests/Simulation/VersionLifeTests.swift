import DiskIO
import Glibc
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks versions against a model of dictionaries, undisturbed and with the power lost at every call.
///
/// Method: requests of every kind are drawn from a seed; the model says which are refused, and why, and
/// what is shown after each. Then the index is made anew of the log and must be the same; and once all is
/// swept, the rows that are left must be exactly those that something shows.
@Suite struct VersionLifeTests {
    @Test(arguments: SimulationSeeds.versions)
    func `a store shows what a model of dictionaries shows`(seed: UInt64) async throws {
        let life = try VersionLife(seed: seed, requestCount: 160)
        let disk = SimulatedFileSystem(seed: seed)
        try await life.run(on: disk, isObserved: true)
        #expect(life.done.count >= 5, "seed \(seed) did too little: \(life.done)")
        try await life.check(disk, .kept, "seed \(seed)")
    }

    @Test(arguments: [101, 102, 103, 104] as [UInt64])
    func `a power loss at any call leaves a state that was or was about to be`(
        seed: UInt64
    ) async throws {
        let calls = try await Self.undisturbedCalls(seed)
        for call in 1...calls {
            let life = try VersionLife(seed: seed, requestCount: Self.crashRequestCount)
            let disk = SimulatedFileSystem(seed: seed &+ UInt64(call))
            disk.inject(FaultPlan(crashAtCall: call))
            try await life.run(on: disk, isObserved: false)
            let found = disk.restart(seed: seed &* 31 &+ UInt64(call))
            let fate = UptimePlan.IndexFate.allCases[call % 3]
            try await life.check(found, fate, "seed \(seed), power lost at call \(call)")
        }
    }

    static let crashRequestCount = 40

    static func undisturbedCalls(_ seed: UInt64) async throws -> Int {
        let life = try VersionLife(seed: seed, requestCount: crashRequestCount)
        let disk = SimulatedFileSystem(seed: seed)
        disk.inject(FaultPlan())
        let calls = try await life.run(on: disk, isObserved: false)
        try await life.check(disk, .kept, "seed \(seed), undisturbed")
        return calls
    }
}
