import DiskIO
import StorageModel
import Testing
import Volumes

/// Checks that a power loss at any call while copies are made that a lost volume took away neither loses
/// anything nor has the set forget that copies are wanting.
///
/// Method: three volumes of one simulated machine keep two copies. One is left out, and the power is lost
/// at each call of opening and copying in turn. The next start copies the rest; then every volume alone
/// must have all, or the lost one comes back and any one of the three may go.
@Suite struct VolumeSetLossCrashTests {
    typealias Subject = VolumeSetSubject
    typealias Loss = VolumeSetLossTests

    static let left = [0, 2]

    /// A machine with three volumes at rest.
    static func machine(_ seed: UInt64) throws -> (SimulatedFileSystem, Loss.Contents) {
        let machine = SimulatedFileSystem(seed: seed)
        let contents = try Loss.filled([machine, machine, machine], blobs: 6)
        return (machine.restartProcess(), contents)
    }

    /// Starts without the second volume, and copies what it took away.
    static func makeUpFor(_ machine: SimulatedFileSystem, _ contents: Loss.Contents) throws {
        let subject = try Loss.open([machine, machine], left)
        try subject.repair(contents.blobs)
        try subject.volumes.close()
    }

    static func calls() throws -> Int {
        let (machine, contents) = try machine(1)
        machine.inject(FaultPlan())
        try makeUpFor(machine, contents)
        return machine.callCount
    }

    @Test func `the next start makes the copies that are wanting`() throws {
        let calls = try Self.calls()
        var unfinished = 0
        for call in 1...calls {
            let (machine, contents) = try Self.machine(UInt64(call))
            machine.inject(FaultPlan(crashAtCall: call))
            try? Self.makeUpFor(machine, contents)
            let found = machine.restart(seed: UInt64(call) &* 7)
            let context = "power lost at call \(call)"
            let subject = try Loss.open([found, found], Self.left, seed: 51)
            if subject.volumes.needsRepair { unfinished += 1 }
            // What is not wanting by the list must be there without any more copying.
            if subject.volumes.isThin { try subject.repair(contents.blobs) }
            #expect(!subject.volumes.isThin && !subject.volumes.needsRepair, "\(context)")
            #expect(subject.volumes.logCopies == 2, "\(context)")
            try subject.volumes.close()
            try Loss.expectEachHasAll([found, found], Self.left, contents, context)
        }
        #expect(unfinished > calls / 2)
    }

    @Test func `a volume that comes back after it is brought up to date`() throws {
        let calls = try Self.calls()
        for call in 1...calls {
            let (machine, contents) = try Self.machine(UInt64(call))
            machine.inject(FaultPlan(crashAtCall: call))
            try? Self.makeUpFor(machine, contents)
            let found = machine.restart(seed: UInt64(call) &* 11)
            let context = "power lost at call \(call)"
            let back = try Loss.open([found, found, found], [0, 1, 2], seed: 52)
            try back.repair(contents.blobs)
            #expect(back.conditions == [.current, .current, .current], "\(context)")
            #expect(!back.volumes.isThin && !back.volumes.needsRepair, "\(context)")
            try back.volumes.close()
            for lost in 0...2 {
                let numbers = [0, 1, 2].filter { $0 != lost }
                let rest = found.restartProcess()
                let subject = try Loss.open([rest, rest], numbers, seed: 53)
                try Loss.expectAll(subject, contents, "\(context), without \(lost)")
            }
        }
    }
}
