import DiskIO
import Glibc
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks what a log keeps that is flushed later than it is appended to.
///
/// Method: records are appended to one volume, or to two that keep two copies, with a flush now and then;
/// at every call the power is lost, or a disk fails. What is found must be the first records of those that
/// were appended, no fewer than were flushed, and the copies must become alike again even if one of
/// them went on alone with other records.
@Suite struct RelaxedVolumesTests {
    typealias Subject = VolumeSetSubject

    /// What was appended, and how much of it was flushed.
    final class Record {
        var begun: [[UInt8]] = []
        var acknowledged = 0
        var flushed = 0
    }

    static func open(
        _ disks: [SimulatedFileSystem],
        numbers: [Int]? = nil,
        copies: Int? = nil,
        seed: UInt64 = 50
    ) throws -> Subject {
        try Subject.open(
            disks,
            numbers: numbers,
            copies: copies,
            durability: .relaxed,
            seed: seed,
            segmentBytesMax: 1200,
            calls: .inTurn
        )
    }

    static func append(_ numbers: Range<Int>, _ subject: Subject, _ record: Record) throws {
        for number in numbers {
            record.begun.append(VolumeSubject.record(number).body)
            _ = try subject.append(number, payloadBytes: 120 + number * 20)
            record.acknowledged += 1
            if number % 4 == 2 {
                try subject.volumes.flush()
                record.flushed = record.acknowledged
            }
        }
    }

    static func expectPrefix(_ record: Record, _ subject: Subject, _ context: String) throws {
        let bodies = try subject.bodies()
        #expect(record.begun.starts(with: bodies), "\(context): not what was appended")
        #expect(bodies.count >= record.flushed, "\(context): \(bodies.count) records")
        // A payload is whole, or its record is not there.
        try subject.volumes.replay(from: LogPosition(0)) { found in
            guard let extent = found.extent else { return }
            _ = try subject.read(extent)
        }
    }

    @Test func `a power loss at any call leaves two copies with the first records, and alike`()
        throws
    {
        let calls = try Self.undisturbedCalls()
        var lost = 0
        for call in 1...calls {
            let machine = SimulatedFileSystem(seed: UInt64(call))
            machine.inject(FaultPlan(crashAtCall: call))
            let record = Record()
            try? Self.work(machine, record)
            let found = machine.restart(seed: UInt64(call) &* 7)
            let context = "power lost at call \(call)"
            // At first both, or one alone that goes on with other records.
            if call % 3 > 0, record.flushed > 0 {
                let alone = try Self.open([found], numbers: [call % 3 - 1])
                try Self.expectPrefix(record, alone, context + ", alone")
                for number in 30..<36 { _ = try alone.append(number, payloadBytes: 150) }
                let bodies = try alone.bodies()
                try alone.volumes.close()
                try Self.expectAlike(found, bodies, context)
                continue
            }
            let both = try Self.open([found, found], copies: 2)
            try Self.expectPrefix(record, both, context)
            let bodies = try both.bodies()
            if bodies.count < record.acknowledged { lost += 1 }
            try both.volumes.close()
            try Self.expectAlike(found, bodies, context)
        }
        #expect(lost > calls / 90, "\(lost) of \(calls) lost something")
    }

    static func work(_ machine: SimulatedFileSystem, _ record: Record) throws {
        let subject = try open([machine, machine], copies: 2, seed: 1)
        defer { try? subject.volumes.close() }
        try append(0..<14, subject, record)
    }

    static func undisturbedCalls() throws -> Int {
        let machine = SimulatedFileSystem(seed: 1)
        machine.inject(FaultPlan())
        let record = Record()
        try work(machine, record)
        #expect(record.acknowledged == 14 && record.flushed == 11)
        return machine.callCount
    }

    /// Opened together again and brought up to date, each volume alone has the same.
    static func expectAlike(
        _ machine: SimulatedFileSystem,
        _ bodies: [[UInt8]],
        _ context: String
    ) throws {
        let machine = machine.restartProcess()
        let subject = try open([machine, machine], copies: 2, seed: 60)
        try subject.repair([])
        #expect(subject.conditions == [.current, .current], "\(context)")
        #expect(subject.holdsLog == [true, true], "\(context)")
        #expect(try subject.bodies() == bodies, "\(context)")
        try subject.volumes.close()
        for number in 0...1 {
            let alone = try open([machine.restartProcess()], numbers: [number])
            #expect(try alone.bodies() == bodies, "\(context), volume \(number) alone")
        }
    }

    @Test func `a volume whose flush fails is taken out, and the other keeps what was answered`()
        throws
    {
        let disks = Subject.disks(2)
        let subject = try Self.open(disks, copies: 2)
        for number in 0..<3 { _ = try subject.append(number, payloadBytes: 100) }
        #expect(subject.volumes.unflushed.bytes > 300)
        disks[1].inject(FaultPlan(failures: [1: EIO]))
        try subject.volumes.flush()
        #expect(subject.conditions == [.current, .failed(.volumeFailed)])
        #expect(subject.volumes.unflushed.bytes == 0)
        _ = try subject.append(3, payloadBytes: 100)
        let found = try Self.open([disks[0].restart(seed: 4)], numbers: [0])
        let expected = (0..<4).map { VolumeSubject.record($0).body }
        let bodies = try found.bodies()
        #expect(bodies.count >= 3 && expected.starts(with: bodies))
    }

    @Test func `a lone volume whose flush fails says so and takes no more`() throws {
        let disk = SimulatedFileSystem(seed: 3)
        let subject = try Self.open([disk])
        _ = try subject.append(0, payloadBytes: 100)
        try subject.volumes.flush()
        _ = try subject.append(1, payloadBytes: 100)
        disk.inject(FaultPlan(failures: [1: EIO]))
        #expect(VolumeSubject.error { try subject.volumes.flush() } == .volumeFailed)
        #expect(!subject.volumes.isWritable)
        #expect(VolumeSubject.error { try subject.volumes.flush() } == .volumeFailed)
        #expect(throws: VolumeError.volumeFailed) { try subject.append(2, payloadBytes: 100) }
        let found = try Self.open([disk.restart(seed: 5)], numbers: [0])
        let expected = (0..<2).map { VolumeSubject.record($0).body }
        let bodies = try found.bodies()
        #expect(!bodies.isEmpty && expected.starts(with: bodies))
    }

    @Test func `a log that lost what was flushed is damaged, not shorter`() throws {
        let disk = SimulatedFileSystem(seed: 3)
        let subject = try Self.open([disk])
        for number in 0..<3 { _ = try subject.append(number, payloadBytes: 100) }
        try subject.volumes.flush()
        _ = try subject.append(3, payloadBytes: 100)
        try subject.volumes.flush()
        _ = try subject.append(4, payloadBytes: 100)
        // In the body of the second record; the last says that the first three were flushed.
        let path = Subject.directory(0) + "/log/0000000000000000.log"
        let log = try #require(disk.contents(of: path))
        let body = Array("record 1".utf8)
        let place = try #require(
            log.indices.first { log[$0...].starts(with: body) }
        )
        disk.flipBit(2, ofByte: place, in: path)
        let failure = VolumeSubject.error { _ = try Self.open([disk.restartProcess()]) }
        guard case .logDamaged = failure else {
            Issue.record("opened: \(String(describing: failure))")
            return
        }
    }

    @Test func `a strict append writes the same bytes as ever`() throws {
        let disks = [SimulatedFileSystem(seed: 9), SimulatedFileSystem(seed: 9)]
        for (disk, durability) in zip(disks, [Durability.strict, .relaxed]) {
            let subject = try Subject.open([disk], durability: durability, seed: 5)
            for number in 0..<4 {
                _ = try subject.append(number, payloadBytes: 100)
                try subject.volumes.flush()
            }
            try subject.volumes.close()
        }
        // With a flush after every append the two differ in the zeros ahead alone.
        let strict = disks[0].logBytes(volume: 0)[0]
        let relaxed = disks[1].logBytes(volume: 0)[0]
        let common = min(strict.count, relaxed.count)
        #expect(common > 64 + 4 * 156)
        #expect(strict[..<common] == relaxed[..<common])
        #expect((strict[common...] + relaxed[common...]).allSatisfy { $0 == 0 })
    }
}
