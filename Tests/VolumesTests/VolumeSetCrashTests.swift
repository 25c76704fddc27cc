import DiskIO
import Glibc
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks that neither a power loss nor the death of a disk, at any call, loses what a set of volumes
/// acknowledged.
///
/// Method: a short workload on two volumes that keep two copies runs once undisturbed, to count the
/// calls; then once for every call with the power of both disks lost there, and once for every call
/// of either disk with that disk dead from there on. Afterwards the set is opened, brought up to date,
/// and each volume alone must show all that was acknowledged.
@Suite struct VolumeSetCrashTests {
    typealias Subject = VolumeSetSubject

    /// What was acknowledged, and what was under way when it ended.
    final class Record {
        var inline: [(number: Int, extent: Extent)] = []
        var blobs: [(number: Int, extent: Extent)] = []
        var numbers: [Int] { inline.map(\.number) }
    }

    static func length(_ number: Int) -> Int { 120 + number * 40 }

    /// Opens the set, writes, closes, opens it again and writes on; ends where a call fails.
    static func work(_ disks: [SimulatedFileSystem], _ record: Record) throws {
        for round in 0..<2 {
            let subject = try Subject.open(
                disks,
                copies: 2,
                seed: UInt64(round + 1),
                segmentBytesMax: 1500,
                calls: .inTurn
            )
            defer { try? subject.volumes.close() }
            for step in 0..<5 {
                let number = round * 5 + step
                let extent = try subject.append(number, payloadBytes: length(number))
                record.inline.append((number, extent))
                if step == 1 || step == 3 {
                    let blob = try subject.writeBlob(VolumeSubject.pattern(900, seed: number))
                    record.blobs.append((number, blob))
                }
            }
            try subject.repair(record.blobs.map(\.extent))
        }
    }

    static func expectAll(_ record: Record, _ subject: Subject, _ context: String) throws {
        for (number, extent) in record.inline {
            let expected = VolumeSubject.pattern(length(number), seed: number)
            #expect(try subject.read(extent) == expected, "\(context): record \(number)")
        }
        for (number, extent) in record.blobs {
            let expected = VolumeSubject.pattern(900, seed: number)
            #expect(try subject.read(extent) == expected, "\(context): blob \(number)")
        }
        // All that was acknowledged, in order; at most one more that was not.
        let bodies = try subject.bodies()
        let acknowledged = record.numbers.map { VolumeSubject.record($0).body }
        #expect(bodies.starts(with: acknowledged), "\(context): log")
        #expect(bodies.count <= acknowledged.count + 1, "\(context): log")
    }

    /// Opens, brings up to date, and looks at each volume alone.
    static func check(
        _ disks: [SimulatedFileSystem],
        _ record: Record,
        _ context: String
    ) throws {
        let subject = try Subject.open(disks, seed: 50, segmentBytesMax: 1500, calls: .inTurn)
        try expectAll(record, subject, context)
        if subject.conditions.contains(.missing) == false {
            let progress = try subject.repair(record.blobs.map(\.extent))
            #expect(progress.lost == 0, "\(context)")
            #expect(subject.conditions == [.current, .current], "\(context)")
            #expect(subject.holdsLog == [true, true], "\(context)")
        }
        let more = try subject.append(99, payloadBytes: 80)
        #expect(try subject.read(more) == VolumeSubject.pattern(80, seed: 99), "\(context)")
        try subject.volumes.close()
        for number in disks.indices {
            let alone = try Subject.open(
                [disks[number].restartProcess()],
                numbers: [number],
                seed: 60,
                segmentBytesMax: 1500,
                calls: .inTurn
            )
            for (number, extent) in record.blobs {
                let expected = VolumeSubject.pattern(900, seed: number)
                #expect(try alone.read(extent) == expected, "\(context): blob \(number) alone")
            }
            #expect(try alone.read(more) == VolumeSubject.pattern(80, seed: 99), "\(context)")
        }
    }

    @Test func `a power loss at any call loses nothing that was acknowledged`() throws {
        // One simulated machine: both directories lose what was not flushed at the same call.
        let calls = try Self.undisturbed(oneMachine: true)[0]
        for call in 1...calls {
            let machine = SimulatedFileSystem(seed: UInt64(call))
            machine.inject(FaultPlan(crashAtCall: call))
            let record = Record()
            try? Self.work([machine, machine], record)
            let found = machine.restart(seed: UInt64(call) &* 7)
            let context = "power lost at call \(call)"
            let subject = try Subject.open(
                [found, found],
                copies: 2,
                seed: 50,
                segmentBytesMax: 1500,
                calls: .inTurn
            )
            try Self.expectAll(record, subject, context)
            try subject.repair(record.blobs.map(\.extent))
            #expect(subject.conditions == [.current, .current], "\(context)")
            #expect(subject.holdsLog == [true, true], "\(context)")
            try subject.volumes.close()
            for number in 0...1 {
                let alone = try Subject.open(
                    [found.restartProcess()],
                    numbers: [number],
                    seed: 60,
                    segmentBytesMax: 1500,
                    calls: .inTurn
                )
                try Self.expectAll(record, alone, "\(context), volume \(number) alone")
            }
        }
    }

    @Test(arguments: 0...1)
    func `a disk that is away after a power loss at any call is taken back`(away: Int) throws {
        let calls = try Self.undisturbed(oneMachine: true)[0]
        for call in 1...calls {
            let machine = SimulatedFileSystem(seed: UInt64(call))
            machine.inject(FaultPlan(crashAtCall: call))
            let record = Record()
            try? Self.work([machine, machine], record)
            let found = machine.restart(seed: UInt64(call) &* 11)
            let context = "power lost at call \(call)"
            // Before the first change the other may not be made yet, or not hold the log.
            let label = "\(Subject.directory(1 - away))/volume.json"
            guard found.contents(of: label) != nil else { continue }
            let alone = try? Subject.open(
                [found],
                numbers: [1 - away],
                seed: 50,
                segmentBytesMax: 1500,
                calls: .inTurn
            )
            #expect(alone != nil || record.inline.isEmpty, "\(context)")
            guard let alone else { continue }
            try Self.expectAll(record, alone, context)
            let more = try alone.append(99, payloadBytes: 80)
            try alone.volumes.close()
            let both = try Subject.open(
                [found.restartProcess()].flatMap { [$0, $0] },
                copies: 2,
                seed: 60,
                segmentBytesMax: 1500,
                calls: .inTurn
            )
            #expect(try both.read(more) == VolumeSubject.pattern(80, seed: 99), "\(context)")
            try both.repair(record.blobs.map(\.extent))
            #expect(both.conditions == [.current, .current], "\(context)")
            #expect(both.holdsLog == [true, true], "\(context)")
            try both.volumes.close()
        }
    }

    @Test(arguments: 0...1)
    func `a disk that dies at any call stops nothing`(bad: Int) throws {
        let calls = try Self.undisturbed(oneMachine: false)[bad]
        for call in stride(from: 1, through: calls, by: 2) {
            let disks = Subject.disks(2, seed: UInt64(call))
            let dead = (call...(call + 20_000)).map { ($0, EIO) }
            disks[bad].inject(FaultPlan(failures: Dictionary(uniqueKeysWithValues: dead)))
            let record = Record()
            // The very first start needs both; a later one goes on with the other.
            let outcome = Result { try Self.work(disks, record) }
            let context = "disk \(bad) dead from call \(call)"
            if !record.inline.isEmpty {
                #expect((try? outcome.get()) != nil, "\(context): work stopped")
                #expect(record.numbers == Array(0..<10), "\(context)")
            }
            let alone = disks[1 - bad].restart(seed: UInt64(call))
            guard !record.inline.isEmpty else { continue }
            let survivor = try Subject.open(
                [alone],
                numbers: [1 - bad],
                seed: 60,
                segmentBytesMax: 1500,
                calls: .inTurn
            )
            try Self.expectAll(record, survivor, context)
            try survivor.volumes.close()
            disks[bad].inject(FaultPlan())
            let both = [alone.restartProcess(), disks[bad].restart(seed: 3)]
            try Self.check(bad == 1 ? both : both.reversed(), record, context)
        }
    }

    /// How many calls each disk gets when nothing goes wrong.
    static func undisturbed(oneMachine: Bool) throws -> [Int] {
        let disks =
            oneMachine
            ? [SimulatedFileSystem](repeating: SimulatedFileSystem(seed: 1), count: 2)
            : Subject.disks(2)
        for disk in disks { disk.inject(FaultPlan()) }
        let record = Record()
        try work(disks, record)
        #expect(record.numbers == Array(0..<10))
        return disks.map(\.callCount)
    }
}
