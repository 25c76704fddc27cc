import DiskIO
import Glibc
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks that of volumes which were started without each other none's changes are lost in silence.
///
/// Method: the workload of ``VolumeSetCrashTests`` ends at every call, by a power loss or a failure;
/// then each of the two volumes is started alone and acknowledges something. Started together they must be
/// refused; if only one of them went on, it must be believed.
@Suite struct VolumeSetSplitTests {
    typealias Subject = VolumeSetSubject
    typealias Crash = VolumeSetCrashTests

    /// Starts a volume alone and has it acknowledge something; false if it does not start.
    static func goOn(_ disk: SimulatedFileSystem, _ volume: Int) -> Bool {
        // One that was never finished would be made anew.
        guard disk.contents(of: "\(Subject.directory(volume))/volume.json") != nil else {
            return false
        }
        let alone = try? Subject.open(
            [disk],
            numbers: [volume],
            seed: 50 + UInt64(volume),
            segmentBytesMax: 1500,
            calls: .inTurn
        )
        guard let alone, (try? alone.append(90 + volume, payloadBytes: 80)) != nil else {
            return false
        }
        return (try? alone.volumes.close()) != nil
    }

    /// Starts the volumes alone, one after the other, and then both.
    static func expectSplit(
        _ disks: [SimulatedFileSystem],
        startedFirst: Int,
        _ context: String
    ) throws {
        let wentOn = [startedFirst, 1 - startedFirst].filter { goOn(disks[$0], $0) }
        let both = Result { () throws(VolumeError) in
            try Subject.open(
                [disks[0].restartProcess(), disks[1].restartProcess()],
                copies: 2,
                seed: 60,
                segmentBytesMax: 1500,
                calls: .inTurn
            )
        }
        switch (wentOn.count, both) {
        case (2, .failure(.membershipSplit)): break
        case (2, _): Issue.record("\(context): volumes that went on alone were taken: \(both)")
        case (1, .success(let both)):
            let last = VolumeSubject.record(90 + wentOn[0]).body
            #expect(try both.bodies().last == last, "\(context)")
        case (1, .failure(let error)): Issue.record("\(context): \(error)")
        default: break
        }
    }

    @Test(arguments: 0...1)
    func `volumes that each went on alone after a power loss are refused`(first: Int) throws {
        let calls = try Crash.undisturbed(oneMachine: true)[0]
        for call in 1...calls {
            let machine = SimulatedFileSystem(seed: UInt64(call))
            machine.inject(FaultPlan(crashAtCall: call))
            try? Crash.work([machine, machine], Crash.Record())
            // Each on a disk of its own from here.
            let found = (0...1).map { _ in machine.restart(seed: UInt64(call) &* 13) }
            try Self.expectSplit(found, startedFirst: first, "power lost at call \(call)")
        }
    }

    @Test(arguments: [ENOSPC, EIO], 0...1)
    func `volumes that each went on alone after a failure of one are refused`(
        number: Int32,
        bad: Int
    ) throws {
        let calls = try Crash.undisturbed(oneMachine: false)[bad]
        for call in 1...calls {
            let disks = Subject.disks(2, seed: UInt64(call))
            disks[bad].inject(FaultPlan(failures: [call: number]))
            try? Crash.work(disks, Crash.Record())
            let found = disks.map { $0.restart(seed: UInt64(call) &* 17) }
            let context = "disk \(bad) fails with \(number) at call \(call)"
            try Self.expectSplit(found, startedFirst: bad, context)
        }
    }

    @Test(arguments: 0...1, 0...2)
    func `logs that went on differently are refused whatever the lists say`(
        longer: Int,
        more: Int
    ) throws {
        let disks = Subject.disks(2)
        let subject = try Subject.open(disks, copies: 2)
        for number in 0..<3 { _ = try subject.append(number, payloadBytes: 100) }
        try subject.volumes.close()
        let list = try #require(disks[0].contents(of: "\(Subject.directory(0))/members.json"))
        var found = disks.map { $0.restartProcess() }
        for number in 0...1 {
            let alone = try Subject.open([found[number]], numbers: [number])
            _ = try alone.append(90 + number, payloadBytes: 80)
            // Of no length, so that the other's log ends within a record or between two, or of a
            // segment, so that it ends before the last.
            if number == longer {
                for _ in 0..<(more * more * 6) { _ = try alone.append(7, payloadBytes: 100) }
            }
            try alone.volumes.close()
            found[number] = found[number].restartProcess()
            let path = "\(Subject.directory(number))/members.json"
            try found[number].open(path, .createOrReplace).write(list, at: 0)
        }
        let error = VolumeSubject.error { _ = try Subject.open(found) }
        guard case .membershipSplit = error else {
            Issue.record("opened, with \(more) more on \(longer): \(String(describing: error))")
            return
        }
    }
}
