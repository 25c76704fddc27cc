import DiskIO
import Glibc
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks that a log which a power loss left shorter than another copy gets what it lacks at once, rather
/// than being given up and copied anew.
///
/// Method: two volumes with relaxed durability lose the power after a flush and some records more, so that
/// their logs end at different places. They are opened, and the second time with the power lost, or one
/// of the disks failing, at every call.
@Suite struct LogCatchUpTests {
    typealias Subject = VolumeSetSubject

    static func open(
        _ disks: [SimulatedFileSystem],
        numbers: [Int]? = nil,
        copies: Int? = nil,
        durability: Durability = .relaxed,
        seed: UInt64 = 50
    ) throws -> Subject {
        try Subject.open(
            disks,
            numbers: numbers,
            copies: copies,
            durability: durability,
            seed: seed,
            segmentBytesMax: 64 << 10,
            calls: .inTurn
        )
    }

    /// Two disks, or one twice, as a power loss left them, and what was appended; three records were
    /// flushed.
    static func found(
        seed: UInt64,
        oneMachine: Bool = false
    ) throws -> ([SimulatedFileSystem], [[UInt8]]) {
        var disks = Subject.disks(2, seed: seed)
        if oneMachine { disks[1] = disks[0] }
        let subject = try open(disks, copies: 2, seed: 1)
        for number in 0..<3 { _ = try subject.append(number, payloadBytes: 700) }
        try subject.volumes.flush()
        for number in 3..<9 { _ = try subject.append(number, payloadBytes: 700) }
        let found = disks.enumerated().map { $1.restart(seed: seed &* 31 &+ UInt64($0)) }
        withExtendedLifetime(subject) {}
        return (found, (0..<9).map { VolumeSubject.record($0).body })
    }

    /// What each volume has of the log when it is opened alone.
    static func bodies(_ disks: [SimulatedFileSystem]) throws -> [[[UInt8]]] {
        try disks.indices.map {
            try open([disks[$0].restartProcess()], numbers: [$0]).bodies()
        }
    }

    /// The log of each volume without zeros at the end.
    static func logs(_ disks: [SimulatedFileSystem]) -> [[[UInt8]]] {
        disks.indices.map { volume in
            disks[volume].logBytes(volume: volume).map { bytes in
                var end = bytes.count
                while end > 0, bytes[end - 1] == 0 { end -= 1 }
                return Array(bytes[..<end])
            }
        }
    }

    @Test(arguments: [Durability.relaxed, .strict])
    func `a shorter log gets what it lacks when it is opened`(durability: Durability) throws {
        var shorter = 0
        for seed in 1...40 as ClosedRange<UInt64> {
            let (disks, appended) = try Self.found(seed: seed)
            let before = try Self.bodies(disks)
            if before[0].count != before[1].count { shorter += 1 }
            let longest = try #require(before.max { $0.count < $1.count })
            #expect(appended.starts(with: longest))
            let opened = disks.map { $0.restartProcess() }
            let both = try Self.open(opened, durability: durability)
            #expect(both.conditions == [.current, .current], "seed \(seed)")
            #expect(both.holdsLog == [true, true], "seed \(seed)")
            #expect(both.events.all.isEmpty, "seed \(seed): \(both.events.all)")
            #expect(try both.bodies() == longest, "seed \(seed)")
            let logs = Self.logs(opened)
            #expect(logs[0] == logs[1], "seed \(seed)")
            // What was copied goes on alike, and is flushed.
            _ = try both.append(30, payloadBytes: 100)
            let more = Self.logs(opened)
            #expect(more[0] == more[1] && more[0] != logs[0], "seed \(seed)")
            let lost = try Self.bodies(opened.map { $0.restart(seed: seed) })
            #expect(lost.allSatisfy { $0.starts(with: longest) }, "seed \(seed)")
        }
        #expect(shorter > 10)
    }

    @Test func `a power loss while a log gets what it lacks leaves each whole`() throws {
        for seed in [2, 3, 5, 8, 13] as [UInt64] {
            let (disks, appended) = try Self.found(seed: seed, oneMachine: true)
            for call in 1...200 {
                let machine = disks[0].restartProcess()
                machine.inject(FaultPlan(crashAtCall: call))
                let both = try? Self.open([machine, machine])
                guard machine.isCrashed else { break }
                withExtendedLifetime(both) {}
                let found = machine.restart(seed: UInt64(call))
                let context = "seed \(seed), power lost at call \(call)"
                for bodies in try Self.bodies([found, found]) {
                    #expect(bodies.count >= 3 && appended.starts(with: bodies), "\(context)")
                }
                let again = [found, found].map { $0.restartProcess() }
                try Self.expectAlike(again, appended, context)
            }
        }
    }

    @Test func `a log that cannot get what it lacks is copied anew`() throws {
        for seed in [2, 3] as [UInt64] {
            let (disks, appended) = try Self.found(seed: seed)
            for (bad, number) in [(0, EIO), (1, EIO), (0, ENOSPC), (1, ENOSPC)] {
                for call in 1...200 {
                    let again = disks.map { $0.restartProcess() }
                    again[bad].inject(FaultPlan(failures: [call: number]))
                    let both = try? Self.open(again)
                    let isOver = again[bad].callCount < call
                    try? both?.volumes.close()
                    let context = "seed \(seed), \(number) at call \(call) of \(bad)"
                    again[bad].inject(FaultPlan())
                    try Self.expectAlike(again.map { $0.restartProcess() }, appended, context)
                    if isOver { break }
                }
            }
        }
    }

    /// Opened and brought up to date, both have the same.
    static func expectAlike(
        _ disks: [SimulatedFileSystem],
        _ appended: [[UInt8]],
        _ context: String
    ) throws {
        let subject = try open(disks, seed: 60)
        try subject.repair([])
        #expect(subject.conditions == [.current, .current], "\(context)")
        #expect(subject.holdsLog == [true, true], "\(context)")
        let bodies = try subject.bodies()
        #expect(bodies.count >= 3 && appended.starts(with: bodies), "\(context)")
        try subject.volumes.close()
        let logs = Self.logs(disks)
        #expect(logs[0] == logs[1], "\(context)")
        #expect(try Self.bodies(disks) == [bodies, bodies], "\(context)")
    }
}
