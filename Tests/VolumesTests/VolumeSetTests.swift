import DiskIO
import Glibc
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks that several volumes keep everything on as many of them as was asked for, go on without any
/// one of them, and get a lost or damaged copy back.
///
/// Method: sets of two and three volumes on simulated disks, of which one is damaged, fails, is left
/// out, comes back or is replaced; then whatever was written is read from the others alone.
@Suite struct VolumeSetTests {
    typealias Subject = VolumeSetSubject

    /// A set of two volumes that keeps two copies, with some records and blobs.
    static func filled(
        _ disks: [SimulatedFileSystem]
    ) throws -> (Subject, blobs: [Extent], inline: [Extent]) {
        let subject = try Subject.open(disks, copies: 2)
        var blobs: [Extent] = []
        var inline: [Extent] = []
        for number in 0..<20 {
            inline.append(try subject.append(number, payloadBytes: 300 + number))
            guard number < 4 else { continue }
            blobs.append(try subject.writeBlob(VolumeSubject.pattern(200_000, seed: number)))
        }
        return (subject, blobs, inline)
    }

    static func expectAll(_ subject: Subject, blobs: [Extent], inline: [Extent]) throws {
        for (number, extent) in blobs.enumerated() {
            #expect(try subject.read(extent) == VolumeSubject.pattern(200_000, seed: number))
        }
        for (number, extent) in inline.enumerated() {
            #expect(try subject.read(extent) == VolumeSubject.pattern(300 + number, seed: number))
        }
        let bodies = try subject.bodies()
        #expect(bodies == inline.indices.map { VolumeSubject.record($0).body })
    }

    @Test func `two copies lie on two volumes, byte for byte, and either is enough`() throws {
        let disks = Subject.disks(2)
        let (subject, blobs, inline) = try Self.filled(disks)
        #expect(subject.conditions == [.current, .current])
        #expect(subject.holdsLog == [true, true])
        #expect(disks[0].logBytes(volume: 0) == disks[1].logBytes(volume: 1))
        #expect(disks[0].logBytes(volume: 0).count > 1)
        for extent in blobs {
            let first = try #require(disks[0].blobPath(extent.blobID, volume: 0))
            let second = try #require(disks[1].blobPath(extent.blobID, volume: 1))
            #expect(disks[0].contents(of: first) == disks[1].contents(of: second))
        }
        try subject.volumes.close()
        for left in 0...1 {
            let disk = disks[left].restart(seed: 3)
            let alone = try Subject.open([disk], numbers: [left])
            #expect(alone.conditions == [.current, .missing])
            try Self.expectAll(alone, blobs: blobs, inline: inline)
            _ = try alone.append(20, payloadBytes: 10)
        }
    }

    @Test(arguments: 0...1)
    func `a damaged blob is read from the other volume and written anew`(bad: Int) throws {
        let disks = Subject.disks(2)
        let (subject, blobs, inline) = try Self.filled(disks)
        try subject.volumes.close()
        let found = disks.map { $0.restartProcess() }
        for (number, extent) in blobs.enumerated() {
            let path = try #require(found[bad].blobPath(extent.blobID, volume: bad))
            // In each block, and in the footer.
            found[bad].flipBit(3, ofByte: [9000, 70_000, 150_000, 204_120][number], in: path)
        }
        let again = try Subject.open(found)
        try Self.expectAll(again, blobs: blobs, inline: inline)
        // Those of which the damaged copy was asked first; the others wait for a scrub.
        let healed = blobs.filter { extent in
            again.events.all.contains(.healed(directory: Subject.directory(bad), extent))
        }
        #expect(!healed.isEmpty)
        try again.volumes.close()
        let alone = try Subject.open([found[bad].restart(seed: 4)], numbers: [bad])
        for extent in healed {
            let number = try #require(blobs.firstIndex(of: extent))
            #expect(try alone.read(extent) == VolumeSubject.pattern(200_000, seed: number))
        }
    }

    @Test(arguments: 0...1)
    func `a damaged payload in the log is read from the other volume and written anew`(
        bad: Int
    ) throws {
        let disks = Subject.disks(2)
        let (subject, blobs, inline) = try Self.filled(disks)
        guard case .inline(let position, _, _) = inline[1] else { return }
        let segment = "\(Subject.directory(bad))/log/0000000000000000.log"
        disks[bad].flipBit(0, ofByte: Int(position.bytes) + 5, in: segment)
        try Self.expectAll(subject, blobs: blobs, inline: inline)
        try subject.volumes.close()
        let alone = try Subject.open([disks[bad].restart(seed: 5)], numbers: [bad])
        if bad == 0 {
            #expect(subject.events.all.contains { $0.isHealed })
            #expect(try alone.read(inline[1]) == VolumeSubject.pattern(301, seed: 1))
        }
    }

    @Test func `copies damaged in different blocks make a whole one together`() throws {
        let disks = Subject.disks(2)
        let (subject, blobs, _) = try Self.filled(disks)
        for (index, offset) in [(0, 10_000), (1, 190_000)] {
            let path = try #require(disks[index].blobPath(blobs[0].blobID, volume: index))
            disks[index].flipBit(7, ofByte: offset, in: path)
        }
        try subject.volumes.close()
        let again = try Subject.open(disks.map { $0.restartProcess() })
        #expect(try again.read(blobs[0]) == VolumeSubject.pattern(200_000, seed: 0))
    }

    @Test func `damage in the same block of every copy is an error and gives no byte`() throws {
        let disks = Subject.disks(2)
        let (subject, blobs, _) = try Self.filled(disks)
        for index in 0...1 {
            let path = try #require(disks[index].blobPath(blobs[0].blobID, volume: index))
            disks[index].flipBit(7, ofByte: 10_000, in: path)
        }
        let error = VolumeSubject.error { _ = try subject.read(blobs[0]) }
        guard case .payloadDamaged = error else {
            Issue.record("expected damage, got \(String(describing: error))")
            return
        }
    }

    @Test(arguments: 0...1)
    func `a volume that fails is taken out, and brought up to date when it returns`(
        bad: Int
    ) throws {
        let disks = Subject.disks(2)
        let (subject, blobs, inline) = try Self.filled(disks)
        disks[bad].inject(
            FaultPlan(
                failures: Dictionary(
                    uniqueKeysWithValues: (1...100_000).map { ($0, EIO) }
                )
            )
        )
        var (blobs2, inline2) = (blobs, inline)
        for number in 20..<40 {
            inline2.append(try subject.append(number, payloadBytes: 300 + number))
        }
        for number in 4..<6 {
            blobs2.append(try subject.writeBlob(VolumeSubject.pattern(200_000, seed: number)))
        }
        #expect(subject.holdsLog == [bad == 1, bad == 0])
        #expect(subject.volumes.isWritable)
        try Self.expectAll(subject, blobs: blobs2, inline: inline2)
        disks[bad].inject(FaultPlan())
        try? subject.volumes.close()

        let found = disks.map { $0.restart(seed: 9) }
        let again = try Subject.open(found)
        #expect(again.conditions[bad] == .behind)
        try Self.expectAll(again, blobs: blobs2, inline: inline2)
        let progress = try again.repair(blobs2)
        #expect(progress.isComplete && progress.copied == 2 && progress.lost == 0)
        #expect(again.conditions == [.current, .current])
        #expect(again.holdsLog == [true, true])
        try again.volumes.close()

        let alone = try Subject.open([found[bad].restart(seed: 10)], numbers: [bad])
        try Self.expectAll(alone, blobs: blobs2, inline: inline2)
    }

    @Test func `an empty volume that joins gets everything`() throws {
        let disks = Subject.disks(3)
        let first = try Subject.open([disks[0]])
        var blobs: [Extent] = []
        var inline: [Extent] = []
        for number in 0..<9 {
            inline.append(try first.append(number, payloadBytes: 300 + number))
            blobs.append(try first.writeBlob(VolumeSubject.pattern(200_000, seed: number)))
        }
        try first.volumes.close()
        let both = try Subject.open([disks[0].restartProcess(), disks[1]], copies: 2, seed: 2)
        #expect(both.conditions[1] == .behind || both.holdsLog[1])
        try both.repair(blobs)
        #expect(both.conditions == [.current, .current])
        try both.volumes.close()
        // The old one is lost, and an empty one takes its place.
        let replaced = try Subject.open(
            [disks[1].restart(seed: 2), disks[2]],
            numbers: [1, 2],
            seed: 3
        )
        try Self.expectAll(replaced, blobs: blobs, inline: inline)
        try replaced.repair(blobs)
        #expect(replaced.holdsLog == [true, true, false])
        try replaced.volumes.close()
        let last = try Subject.open([disks[2].restart(seed: 2)], numbers: [2])
        try Self.expectAll(last, blobs: blobs, inline: inline)
    }

    @Test func `with one copy blobs are spread, and those of a missing volume are missing`() throws
    {
        let disks = [
            SimulatedFileSystem(seed: 1, capacityBytes: 2_000_000),
            SimulatedFileSystem(seed: 2, capacityBytes: 2_000_000),
        ]
        let subject = try Subject.open(disks, copies: 1)
        #expect(subject.holdsLog == [true, false])
        var blobs: [Extent] = []
        for number in 0..<10 {
            blobs.append(try subject.writeBlob(VolumeSubject.pattern(200_000, seed: number)))
        }
        let onFirst = blobs.filter { disks[0].blobPath($0.blobID, volume: 0) != nil }
        let onSecond = blobs.filter { disks[1].blobPath($0.blobID, volume: 1) != nil }
        #expect(onFirst.count + onSecond.count == 10)
        #expect(abs(onFirst.count - onSecond.count) <= 2)
        try subject.volumes.close()
        let alone = try Subject.open([disks[0].restart(seed: 1)])
        for extent in onFirst {
            let number = try #require(blobs.firstIndex(of: extent))
            #expect(try alone.read(extent) == VolumeSubject.pattern(200_000, seed: number))
        }
        let id = try #require(onSecond.first?.blobID)
        #expect(VolumeSubject.error { _ = try alone.read(onSecond[0]) } == .blobMissing(id))
        let other = VolumeSubject.error {
            _ = try Subject.open([disks[1].restart(seed: 1)], numbers: [1])
        }
        guard case .logUnavailable = other else {
            Issue.record("a set without its log opened: \(String(describing: other))")
            return
        }
    }

    @Test func `volumes that went on without each other are refused, and left as they are`() throws
    {
        let disks = Subject.disks(2)
        let (subject, _, _) = try Self.filled(disks)
        try subject.volumes.close()
        var found = disks.map { $0.restartProcess() }
        for number in 0...1 {
            let alone = try Subject.open([found[number]], numbers: [number])
            _ = try alone.append(100 + number, payloadBytes: 10)
            try alone.volumes.close()
            found[number] = found[number].restartProcess()
        }
        let error = VolumeSubject.error { _ = try Subject.open(found) }
        #expect(
            error
                == .membershipSplit(
                    directory: Subject.directory(0),
                    other: Subject.directory(1)
                )
        )
        for number in 0...1 {
            let alone = try Subject.open([found[number].restartProcess()], numbers: [number])
            #expect(try alone.bodies().last == VolumeSubject.record(100 + number).body)
        }
    }

    @Test func `a volume of another Nave is refused, and so is a set that is open`() throws {
        let disks = Subject.disks(3)
        let (subject, _, _) = try Self.filled(Array(disks[..<2]))
        let stranger = try Subject.open([disks[2]], numbers: [2], seed: 77)
        try stranger.volumes.close()
        #expect(
            VolumeSubject.error { _ = try Subject.open(Array(disks[..<2])) }
                == .inUse(directory: Subject.directory(0))
        )
        try subject.volumes.close()
        let error = VolumeSubject.error {
            _ = try Subject.open([disks[0].restartProcess(), disks[2]], numbers: [0, 2])
        }
        guard case .foreign(Subject.directory(2), _, _) = error else {
            Issue.record("a stranger's volume was taken: \(String(describing: error))")
            return
        }
    }

    @Test func `a copy of a volume is no second volume`() throws {
        let disks = Subject.disks(1)
        let first = try Subject.open(disks)
        try first.volumes.close()
        let copies = [disks[0].restartProcess(), disks[0].restartProcess()]
        for (number, copy) in copies.enumerated() where number > 0 {
            try copy.rename("/srv/volume0", to: "/srv/volume\(number)")
        }
        #expect(
            VolumeSubject.error { _ = try Subject.open(copies) }
                == .volumeTwice(
                    directory: Subject.directory(0),
                    other: Subject.directory(1)
                )
        )
    }

    @Test func `what an append refused is not in the log that goes on`() throws {
        for call in 1...40 {
            let disks = Subject.disks(2, seed: UInt64(call))
            let subject = try Subject.open(disks, copies: 2, calls: .inTurn)
            disks[1].inject(
                FaultPlan(
                    failures: Dictionary(uniqueKeysWithValues: (1...1000).map { ($0, EIO) })
                )
            )
            // The survivor fails once as well: in its own flush, or while it notes the other's end.
            disks[0].inject(FaultPlan(failures: [call: EIO]))
            var taken: [[UInt8]] = []
            for number in 0..<3 where (try? subject.append(number, payloadBytes: 50)) != nil {
                taken.append(VolumeSubject.record(number).body)
            }
            disks[0].inject(FaultPlan())
            // A refused record may be the last of a log that takes no more; nothing may follow it.
            let bodies = try subject.bodies()
            let isStopped = !subject.volumes.isWritable && Array(bodies.dropLast()) == taken
            #expect(bodies == taken || isStopped, "failure at call \(call)")
        }
    }

    @Test func `a volume that cannot begin a blob does not keep the others from it`() throws {
        let disks = Subject.disks(2)
        let subject = try Subject.open(disks, copies: 1, calls: .inTurn)
        #expect(subject.holdsLog == [true, false])
        let dead = Dictionary(uniqueKeysWithValues: (1...1000).map { ($0, EIO) })
        // The holder of the log cannot be taken out, so it stays and is passed over.
        disks[0].inject(FaultPlan(failures: dead))
        let blob = try subject.writeBlob(VolumeSubject.pattern(900, seed: 1))
        #expect(disks[1].blobPath(blob.blobID, volume: 1) != nil)
        disks[1].inject(FaultPlan(failures: dead))
        let error = VolumeSubject.error { _ = try subject.volumes.createBlob() }
        #expect(error != nil)
    }

    @Test func `more copies than volumes are refused`() throws {
        #expect(
            VolumeSubject.error { _ = try Subject.open(Subject.disks(2), copies: 3) }
                == .copiesInvalid(copies: 3, volumes: 2)
        )
        #expect(
            VolumeSubject.error { _ = try Subject.open(Subject.disks(1), copies: 2) }
                == .copiesInvalid(copies: 2, volumes: 1)
        )
    }
}

extension VolumeEvent {
    var isHealed: Bool { if case .healed = self { true } else { false } }
}
