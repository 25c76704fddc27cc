import DiskIO
import Glibc
import StorageModel
import Testing

@testable import Volumes

/// Checks that a disk which does not read is done without, and that one with a damaged sector is not.
///
/// Method: files of simulated disks are made unreadable, all of them or single ones, while their volumes are
/// read again and again.
@Suite struct VolumeReadFailureTests {
    typealias Subject = VolumeSetSubject

    /// Volumes that hold blobs and records.
    struct Scene {
        let disks: [SimulatedFileSystem]
        let subject: Subject
        let blobs: [Extent]
        let records: [Extent]

        init(volumes: Int = 2, copies: Int = 2, blobs count: Int = 40) throws {
            disks = Subject.disks(volumes)
            subject = try Subject.open(
                disks,
                copies: volumes > 1 ? copies : nil,
                segmentBytesMax: 2 << 20,
                calls: .inTurn
            )
            var blobs: [Extent] = []
            var records: [Extent] = []
            for number in 0..<count {
                blobs.append(try subject.writeBlob(VolumeSubject.pattern(900, seed: number)))
                records.append(try subject.append(number, payloadBytes: 100))
            }
            try subject.repair(blobs)
            (self.blobs, self.records) = (blobs, records)
        }

        /// The files of a volume's blobs and log.
        func files(of volume: Int) -> [String] {
            let directory = Subject.directory(volume)
            let names = (try? disks[volume].list("\(directory)/log")) ?? []
            return blobs.compactMap { disks[volume].blobPath($0.blobID, volume: volume) }
                + names.map { "\(directory)/log/\($0)" }
        }

        /// Has every read of some files fail, while writes succeed.
        func lose(_ files: [String], of volume: Int) {
            let all = files.map { ($0, 0..<Int.max) }
            disks[volume].inject(FaultPlan(unreadable: Dictionary(uniqueKeysWithValues: all)))
        }

        /// Reads everything; gives how much of it was read.
        func readAll() -> Int {
            var count = 0
            for (number, extent) in blobs.enumerated() {
                guard let bytes = try? subject.read(extent) else { continue }
                #expect(bytes == VolumeSubject.pattern(900, seed: number))
                count += 1
            }
            for (number, extent) in records.enumerated() {
                guard let bytes = try? subject.read(extent) else { continue }
                #expect(bytes == VolumeSubject.pattern(100, seed: number))
                count += 1
            }
            return count
        }

        var failures: [UInt64] {
            subject.volumes.reports(.withoutSpace).map(\.readFailures)
        }
    }

    @Test(arguments: 0...1)
    func `a disk that reads nothing is taken out though it takes writes`(bad: Int) throws {
        let scene = try Scene()
        scene.lose(scene.files(of: bad), of: bad)
        for _ in 0..<3 { #expect(scene.readAll() == 80) }
        guard case .failed(.readFailed) = scene.subject.conditions[bad] else {
            Issue.record("it is \(scene.subject.conditions[bad])")
            return
        }
        #expect(scene.subject.conditions[1 - bad] == .current)
        #expect(scene.subject.holdsLog == [bad == 1, bad == 0])
        let failures = scene.failures
        #expect(failures[bad] >= 8 && failures[1 - bad] == 0)
        // It is read no more, and a restart does not believe it.
        #expect(scene.readAll() == 80)
        #expect(scene.failures == failures)
        let more = try scene.subject.append(90, payloadBytes: 100)
        try scene.subject.volumes.close()
        let again = try Subject.open(
            scene.disks.map { $0.restartProcess() },
            segmentBytesMax: 2 << 20,
            calls: .inTurn
        )
        #expect(again.conditions[bad] == .behind)
        #expect(try again.read(more) == VolumeSubject.pattern(100, seed: 90))
    }

    @Test(arguments: 0...1)
    func `a disk that neither reads nor writes is taken out by its first read`(bad: Int) throws {
        let scene = try Scene(blobs: 4)
        scene.disks[bad].inject(FaultPlan(dead: [Subject.directory(bad): 1]))
        #expect(scene.readAll() == 8)
        guard case .failed = scene.subject.conditions[bad] else {
            Issue.record("it is \(scene.subject.conditions[bad])")
            return
        }
        #expect(scene.failures[bad] == 1)
    }

    @Test func `a damaged sector takes no disk out, however often it is read`() throws {
        let scene = try Scene()
        let first = try #require(scene.files(of: 0).first)
        let log = try #require(scene.files(of: 0).last)
        scene.lose([first, log], of: 0)
        for _ in 0..<20 { #expect(scene.readAll() == 80) }
        #expect(scene.subject.conditions == [.current, .current])
        #expect(scene.failures[0] > 100)
    }

    @Test func `places that fail now and then among many that do not take no disk out`() throws {
        let scene = try Scene()
        let blobs = scene.files(of: 0).filter { $0.hasSuffix(".blob") }
        for bad in blobs {
            scene.lose([bad], of: 0)
            for _ in 0..<3 { #expect(scene.readAll() == 80) }
        }
        #expect(scene.subject.conditions == [.current, .current])
        #expect(scene.failures[0] >= 8)
    }

    @Test func `a lone volume says that it does not read, and that it does again`() throws {
        let scene = try Scene(volumes: 1)
        #expect(scene.subject.conditions == [.current])
        scene.lose(scene.files(of: 0), of: 0)
        #expect(scene.readAll() == 0)
        #expect(scene.subject.conditions == [.failing])
        #expect(scene.failures == [80])
        // Whether it writes is told by writes.
        _ = try scene.subject.append(90, payloadBytes: 100)
        scene.disks[0].inject(FaultPlan())
        #expect(scene.readAll() == 80)
        #expect(scene.subject.conditions == [.current])
        #expect(scene.failures == [80])
    }

    @Test func `of two disks that do not read one stays, and says so`() throws {
        let scene = try Scene()
        for volume in 0...1 { scene.lose(scene.files(of: volume), of: volume) }
        for _ in 0..<3 { #expect(scene.readAll() == 0) }
        let failing = scene.subject.conditions.filter { $0 == .failing }
        #expect(failing.count == 1 && scene.subject.volumes.isWritable)
        _ = try scene.subject.append(90, payloadBytes: 100)
    }

    @Test func `what only a volume took that is taken out meanwhile is not acknowledged`() throws {
        let scene = try Scene()
        // As by a reader, while the batch is on its way and before that is written down.
        #expect(scene.subject.volumes.members[0].fail(.volumeFailed))
        scene.disks[1].inject(FaultPlan(dead: [Subject.directory(1): 1]))
        #expect(throws: VolumeError.volumeFailed) {
            try scene.subject.append(90, payloadBytes: 100)
        }
    }

    @Test func `without copies a disk that holds payloads alone gets no more of them`() throws {
        let scene = try Scene(copies: 1)
        let payloads = try #require(scene.subject.holdsLog.firstIndex(of: false))
        scene.lose(scene.files(of: payloads), of: payloads)
        #expect(scene.readAll() < 80)
        guard case .failed = scene.subject.conditions[payloads] else {
            Issue.record("it is \(scene.subject.conditions[payloads])")
            return
        }
        for number in 0..<4 {
            let blob = try scene.subject.writeBlob(VolumeSubject.pattern(900, seed: number))
            #expect(try scene.subject.read(blob) == VolumeSubject.pattern(900, seed: number))
        }
    }
}
