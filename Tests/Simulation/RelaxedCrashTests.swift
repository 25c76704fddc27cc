import DiskIO
import Foundation
import Glibc
import StorageModel
import Testing

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
        for call in 1...calls {
            let run = try RelaxedRun(seed)
            lost += try await run.check(FaultPlan(crashAtCall: call), .powerLoss, call)
        }
        // Or nothing was ever unflushed, and this checks nothing.
        #expect(lost > calls / 20, "seed \(seed): \(lost) of \(calls) lost something")
    }

    @Test(arguments: CrashTests.seeds)
    func `a kill at any call loses nothing that was acknowledged`(seed: UInt64) async throws {
        let calls = try await RelaxedRun(seed).undisturbedCalls()
        for call in stride(from: 1, through: calls, by: 2) {
            let run = try RelaxedRun(seed)
            _ = try await run.check(FaultPlan(crashAtCall: call), .processEnd, call)
        }
    }

    @Test(arguments: CrashTests.seeds)
    func `a call that fails, then a power loss, leave a state not older than the last flush`(
        seed: UInt64
    ) async throws {
        let calls = try await RelaxedRun(seed).undisturbedCalls()
        for call in stride(from: 1 + Int(seed % 3), through: calls, by: 3) {
            let run = try RelaxedRun(seed)
            let plan = FaultPlan(
                failures: [call: call % 2 == 0 ? ENOSPC : EIO],
                shortPercent: 30
            )
            _ = try await run.check(plan, .powerLoss, call)
        }
    }
}
