import DiskIO
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks that blobs which are gone from a volume with all their directories, as when a disk is not mounted
/// there, are missed at the next start.
///
/// Method: the directories are removed on one of two volumes, or on a lone one, as a hand would.
@Suite struct LostBlobsTests {
    typealias Subject = VolumeSetSubject
    typealias Loss = VolumeSetLossTests

    /// Whether the directory of blobs is there.
    enum Remains: CaseIterable { case nothing, emptyDirectory }

    static func removeBlobs(
        _ disk: SimulatedFileSystem,
        _ number: Int,
        leaving remains: Remains
    ) throws {
        let blobs = Subject.directory(number) + "/blobs"
        for folder in try disk.list(blobs) {
            for name in try disk.list("\(blobs)/\(folder)") {
                try disk.remove("\(blobs)/\(folder)/\(name)")
            }
            try disk.removeDirectory("\(blobs)/\(folder)")
        }
        if remains == .nothing { try disk.removeDirectory(blobs) }
    }

    @Test(arguments: 0...1, Remains.allCases)
    func `of two volumes the one that lost them gets them back`(
        bad: Int,
        remains: Remains
    ) throws {
        let disks = Subject.disks(2)
        let contents = try Loss.filled(disks)
        let found = disks.map { $0.restartProcess() }
        try Self.removeBlobs(found[bad], bad, leaving: remains)
        let subject = try Loss.open(found, [0, 1])
        #expect(subject.events.all == [.blobsMissing(directory: Subject.directory(bad))])
        #expect(subject.volumes.isThin && subject.volumes.needsRepair)
        let progress = try subject.repair(contents.blobs)
        #expect(progress.copied == contents.blobs.count && progress.lost == 0)
        #expect(!subject.volumes.isThin)
        try subject.volumes.close()
        let again = found.map { $0.restartProcess() }
        try Loss.expectEachHasAll(again, [0, 1], contents)
    }

    @Test func `volumes without a blob are not looked through again and again`() throws {
        let disks = Subject.disks(2)
        let first = try Subject.open(disks, copies: 2)
        for number in 0..<3 { _ = try first.append(number, payloadBytes: 100) }
        try first.volumes.close()
        let second = try Subject.open(disks.map { $0.restartProcess() }, seed: 2)
        #expect(second.events.all == [])
        #expect(!second.volumes.isThin && !second.volumes.needsRepair)
    }

    @Test func `a lone volume without the directory is refused as it is`() throws {
        let disk = Subject.disks(1)[0]
        let subject = try Subject.open([disk])
        let blob = try subject.writeBlob(VolumeSubject.pattern(900, seed: 1))
        _ = try subject.append(1, payloadBytes: 100)
        try subject.volumes.close()
        let found = disk.restartProcess()
        try Self.removeBlobs(found, 0, leaving: .nothing)
        let blobs = Subject.directory(0) + "/blobs"
        let error = VolumeSubject.error { _ = try Subject.open([found], seed: 2) }
        #expect(error == .blobsMissing(directory: blobs))
        #expect(try found.status(blobs) == nil)
        // By hand, for what is left.
        try found.makeDirectory(blobs)
        let rest = try Subject.open([found], seed: 2)
        #expect(try rest.bodies() == [VolumeSubject.record(1).body])
        #expect(!rest.volumes.foundBlobDirectories)
        let failure = VolumeSubject.error { _ = try rest.read(blob) }
        #expect(failure != nil)
    }

    @Test func `where everything is kept once, each of several is refused without it`() throws {
        let disks = Subject.disks(2)
        let subject = try Subject.open(disks, copies: 1)
        _ = try subject.append(1, payloadBytes: 100)
        try subject.volumes.close()
        let found = disks.map { $0.restartProcess() }
        try Self.removeBlobs(found[1], 1, leaving: .nothing)
        let error = VolumeSubject.error { _ = try Subject.open(found, seed: 2) }
        #expect(error == .blobsMissing(directory: Subject.directory(1) + "/blobs"))
    }
}
