import DiskIO
import Glibc
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks that whatever is on fewer volumes than wanted is copied until it is not, however the set came
/// to that, and whatever ends the copying in the middle.
///
/// Method: sets of two and three volumes that keep two copies lose one while they are closed, or are
/// closed before copies are made; then every other volume is lost as well and all is read. The power is
/// lost at every call of the copying.
@Suite struct VolumeSetLossTests {
    typealias Subject = VolumeSetSubject

    static let blobBytes = 900

    /// What was written.
    struct Contents {
        var inline: [Extent] = []
        var blobs: [Extent] = []
    }

    /// Three volumes that keep two copies, at rest.
    static func filled(
        _ disks: [SimulatedFileSystem],
        copies: Int = 2,
        blobs: Int = 12
    ) throws -> Contents {
        let subject = try Subject.open(
            disks,
            copies: copies,
            segmentBytesMax: 1500,
            calls: .inTurn
        )
        var contents = Contents()
        for number in 0..<blobs {
            contents.inline.append(try subject.append(number, payloadBytes: 100))
            let bytes = VolumeSubject.pattern(blobBytes, seed: number)
            contents.blobs.append(try subject.writeBlob(bytes))
        }
        try subject.volumes.close()
        return contents
    }

    static func open(
        _ disks: [SimulatedFileSystem],
        _ numbers: [Int],
        copies: Int? = nil,
        seed: UInt64 = 50
    ) throws -> Subject {
        try Subject.open(
            disks,
            numbers: numbers,
            copies: copies,
            seed: seed,
            segmentBytesMax: 1500,
            calls: .inTurn
        )
    }

    static func expectAll(
        _ subject: Subject,
        _ contents: Contents,
        _ context: String = ""
    ) throws {
        for (number, extent) in contents.blobs.enumerated() {
            let expected = VolumeSubject.pattern(blobBytes, seed: number)
            #expect(try subject.read(extent) == expected, "\(context): blob \(number)")
        }
        for (number, extent) in contents.inline.enumerated() {
            let expected = VolumeSubject.pattern(100, seed: number)
            #expect(try subject.read(extent) == expected, "\(context): record \(number)")
        }
    }

    /// Opens each volume alone; everything is there.
    static func expectEachHasAll(
        _ disks: [SimulatedFileSystem],
        _ numbers: [Int],
        _ contents: Contents,
        _ context: String = ""
    ) throws {
        for (disk, number) in zip(disks, numbers) {
            let alone = try open([disk.restartProcess()], [number], seed: 70)
            try expectAll(alone, contents, "\(context), volume \(number) alone")
        }
    }

    @Test(arguments: 0...2)
    func `a volume that is left out at the start is made up for, once`(lost: Int) throws {
        let disks = Subject.disks(3)
        let contents = try Self.filled(disks)
        let left = [0, 1, 2].filter { $0 != lost }
        let found = left.map { disks[$0].restartProcess() }
        let onLost = contents.blobs.count { disks[lost].blobPath($0.blobID, volume: lost) != nil }
        #expect(onLost > 0)

        let subject = try Self.open(found, left)
        #expect(subject.volumes.isThin && subject.volumes.needsRepair)
        let progress = try subject.repair(contents.blobs)
        #expect(progress.isComplete && progress.copied == onLost && progress.wanting == 0)
        #expect(!subject.volumes.isThin && !subject.volumes.needsRepair)
        try subject.volumes.close()

        let again = try Self.open(found.map { $0.restartProcess() }, left, seed: 51)
        #expect(!again.volumes.isThin && !again.volumes.needsRepair)
        #expect(again.volumes.logCopies == 2)
        try again.volumes.close()
        try Self.expectEachHasAll(found, left, contents)
    }

    @Test func `with one volume left nothing can be copied, and that is remembered`() throws {
        let disks = Subject.disks(3)
        let contents = try Self.filled(Array(disks[..<2]))
        let left = disks[0].restartProcess()
        let alone = try Self.open([left], [0])
        #expect(alone.volumes.isThin && !alone.volumes.needsRepair && !alone.volumes.canSpread)
        try alone.volumes.close()
        let both = try Self.open([left.restartProcess(), disks[2]], [0, 2], seed: 51)
        #expect(both.volumes.needsRepair)
        #expect(try both.repair(contents.blobs).copied == contents.blobs.count)
        #expect(!both.volumes.isThin)
    }

    @Test func `a volume that comes back is brought up to date, though it was made up for`() throws
    {
        let disks = Subject.disks(3)
        var contents = try Self.filled(disks)
        let found = [disks[0].restartProcess(), disks[2].restartProcess()]
        let without = try Self.open(found, [0, 2])
        try without.repair(contents.blobs)
        contents.blobs.append(try without.writeBlob(VolumeSubject.pattern(900, seed: 12)))
        try without.volumes.close()

        let all = [found[0].restartProcess(), disks[1].restartProcess(), found[1].restartProcess()]
        let back = try Self.open(all, [0, 1, 2], seed: 51)
        #expect(back.conditions == [.current, .behind, .current])
        #expect(back.volumes.isThin && back.volumes.needsRepair)
        try back.repair(contents.blobs)
        #expect(back.conditions == [.current, .current, .current])
        #expect(!back.volumes.isThin)
    }

    @Test func `more copies are made though the set is closed before`() throws {
        let disks = Subject.disks(2)
        let contents = try Self.filled(disks, copies: 1)
        var found = disks.map { $0.restartProcess() }
        for copies in [2, nil] {
            let subject = try Self.open(found, [0, 1], copies: copies)
            #expect(subject.volumes.isThin && subject.volumes.needsRepair)
            try subject.volumes.close()
            found = found.map { $0.restartProcess() }
        }
        let subject = try Self.open(found, [0, 1])
        #expect(try subject.repair(contents.blobs).copied == contents.blobs.count)
        #expect(!subject.volumes.isThin && !subject.volumes.needsRepair)
        try subject.volumes.close()
        try Self.expectEachHasAll(found, [0, 1], contents)
    }

    @Test func `copying that is ended in the middle goes on after a restart`() throws {
        let disks = Subject.disks(3)
        let contents = try Self.filled(disks)
        let known = Set(contents.blobs.compactMap(\.blobID))
        var found = [disks[0].restartProcess(), disks[1].restartProcess()]
        var copied = 0
        for _ in 0..<100 where copied < 100 {
            let subject = try Self.open(found, [0, 1])
            guard subject.volumes.needsRepair else { break }
            var copiedNow = 0
            let progress = try subject.volumes.repair(
                Subject.Census(known: known, volumes: subject.volumes),
                isCancelled: { copiedNow > 0 },
                report: { copiedNow = $0.copied }
            )
            // What was not looked at counts as wanting.
            #expect(progress.belowCopies >= 0 && progress.belowCopies < contents.blobs.count)
            #expect(subject.volumes.isThin == !progress.isComplete)
            copied += progress.copied
            try subject.volumes.close()
            found = found.map { $0.restartProcess() }
        }
        let onLost = contents.blobs.count { disks[2].blobPath($0.blobID, volume: 2) != nil }
        #expect(copied == onLost && onLost > 2)
        try Self.expectEachHasAll(found, [0, 1], contents)
    }

    @Test func `a copy that finds no room is tried again`() throws {
        let disks = Subject.disks(3)
        let contents = try Self.filled(disks)
        let found = [disks[0].restartProcess(), disks[1].restartProcess()]
        let subject = try Self.open(found, [0, 1])
        for disk in found { disk.leaveRoom(100) }
        #expect(throws: VolumeError.self) { try subject.repair(contents.blobs) }
        #expect(subject.volumes.isThin && subject.volumes.needsRepair)
        for disk in found { disk.leaveRoom(1 << 30) }
        try subject.repair(contents.blobs)
        #expect(!subject.volumes.isThin && !subject.volumes.needsRepair)
        try Self.expectEachHasAll(found, [0, 1], contents)
    }

    @Test func `a blob that nothing names yet when its volume fails gets its copies`() throws {
        let disks = Subject.disks(3)
        let subject = try Self.open(disks, [0, 1, 2], copies: 2, seed: 1)
        let bytes = VolumeSubject.pattern(Self.blobBytes, seed: 0)
        // On volumes 0 and 1, and finished before 1 fails.
        let writer = try subject.volumes.createBlob()
        let appended = bytes.withUnsafeBytes { bytes in
            Result { () throws(VolumeError) in try writer.append(bytes) }
        }
        try appended.get()
        let extent = try writer.finish()
        let holding = [0, 1, 2].filter { disks[$0].blobPath(extent.blobID, volume: $0) != nil }
        let bad = try #require(holding.last { subject.holdsLog[$0] })
        let dead = Dictionary(uniqueKeysWithValues: (1...10_000).map { ($0, EIO) })
        disks[bad].inject(FaultPlan(failures: dead))
        _ = try subject.append(1, payloadBytes: 50)
        #expect(subject.volumes.needsRepair)
        // Nothing names it: it stays noted as long as somebody may commit it.
        try subject.repair([])
        #expect(subject.volumes.isThin && subject.volumes.needsRepair)
        #expect(try subject.repair([extent]).copied == 1)
        #expect(!subject.volumes.isThin && !subject.volumes.needsRepair)
        withExtendedLifetime(writer) {}
    }

    @Test func `a blob that is given up is not waited for`() throws {
        let disks = Subject.disks(3)
        let subject = try Self.open(disks, [0, 1, 2], copies: 2, seed: 1)
        do {
            let writer = try subject.volumes.createBlob()
            let dead = Dictionary(uniqueKeysWithValues: (1...10_000).map { ($0, EIO) })
            disks[1].inject(FaultPlan(failures: dead))
            _ = try subject.append(1, payloadBytes: 50)
            writer.discard()
        }
        try subject.repair([])
        #expect(!subject.volumes.isThin && !subject.volumes.needsRepair)
    }
}
