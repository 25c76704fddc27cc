import DiskIO
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks that a volume which comes back beside an earlier state of the others loses nothing that was
/// acknowledged: it is refused, with all that is in it left as it was.
///
/// Method: two volumes keep two copies. Of the first an earlier copy is kept, as of a backup (without a list
/// of volumes) or as of its disk (with one). That copy goes on with a new disk; then the second returns.
@Suite struct VolumeSetReturnTests {
    typealias Subject = VolumeSetSubject

    /// What became of the first volume.
    enum Copy: CaseIterable {
        /// It was restored from a backup, and knows of no other volume.
        case restored
        /// Its files are those of an earlier moment.
        case earlier
    }

    /// How the second volume was stopped.
    enum Ending: CaseIterable { case closed, killed }

    /// Two volumes, and the first as it was some records before.
    struct Scene {
        let earlier: SimulatedFileSystem
        let second: SimulatedFileSystem
        let blobs: [Extent]

        /// Makes it; the first lacks so many records and blobs.
        init(_ copy: Copy, later: Int, _ ending: Ending) throws {
            let disks = Subject.disks(2)
            let first = try Subject.open(disks, copies: 2)
            for number in 0..<3 { _ = try first.append(number, payloadBytes: 100) }
            try first.volumes.close()
            earlier = disks[0].restartProcess()
            if copy == .restored {
                try earlier.remove("\(Subject.directory(0))/members.json")
            }
            let found = disks.map { $0.restartProcess() }
            let subject = try Subject.open(found, seed: 2)
            var blobs: [Extent] = []
            for number in 0..<later {
                blobs.append(try subject.writeBlob(VolumeSubject.pattern(900, seed: number)))
                _ = try subject.append(10 + number, payloadBytes: 100)
            }
            if ending == .closed { try subject.volumes.close() }
            second = found[1].restartProcess()
            self.blobs = blobs
        }

        /// The earlier first volume and a new one, after they went on by some records.
        func goneOn(by records: Int) throws -> [SimulatedFileSystem] {
            let new = SimulatedFileSystem(seed: 77)
            let subject = try Subject.open([earlier, new], numbers: [0, 2], copies: 2, seed: 3)
            for number in 0..<records { _ = try subject.append(50 + number, payloadBytes: 80) }
            try subject.repair([])
            try subject.volumes.close()
            return [earlier.restartProcess(), new.restartProcess()]
        }
    }

    static func files(of disk: SimulatedFileSystem) -> [[UInt8]?] {
        let directory = Subject.directory(1)
        return disk.logBytes(volume: 1) + [
            disk.contents(of: "\(directory)/members.json"),
            disk.contents(of: "\(directory)/volume.json"),
        ]
    }

    @Test(arguments: Copy.allCases, Ending.allCases)
    func `a volume with acknowledged records that the others lack is refused as it is`(
        copy: Copy,
        ending: Ending
    ) throws {
        for records in [0, 1, 5] {
            let scene = try Scene(copy, later: 4, ending)
            let others = try scene.goneOn(by: records)
            let before = Self.files(of: scene.second)
            let error = VolumeSubject.error {
                _ = try Subject.open(others + [scene.second], numbers: [0, 2, 1], seed: 4)
            }
            guard case .membershipSplit(let directory, let other) = error else {
                Issue.record("\(records) records: \(String(describing: error))")
                continue
            }
            #expect(directory == Subject.directory(1) && other == Subject.directory(0))
            #expect(Self.files(of: scene.second) == before)
            let alone = try Subject.open([scene.second.restartProcess()], numbers: [1], seed: 5)
            for (number, blob) in scene.blobs.enumerated() {
                #expect(try alone.read(blob) == VolumeSubject.pattern(900, seed: number))
            }
            let expected = (Array(0..<3) + Array(10..<14)).map { VolumeSubject.record($0).body }
            #expect(try alone.bodies() == expected)
        }
    }

    @Test(arguments: Copy.allCases, Ending.allCases)
    func `a volume all of whose records the others have is taken and brought up to date`(
        copy: Copy,
        ending: Ending
    ) throws {
        let scene = try Scene(copy, later: 0, ending)
        let others = try scene.goneOn(by: 5)
        let all = try Subject.open(others + [scene.second], numbers: [0, 2, 1], copies: 3, seed: 4)
        try all.repair([])
        #expect(all.conditions == [.current, .current, .current])
        #expect(all.holdsLog == [true, true, true])
        let expected = (Array(0..<3) + Array(50..<55)).map { VolumeSubject.record($0).body }
        #expect(try all.bodies() == expected)
    }

    @Test func `of a volume that nobody knows one record is enough`() throws {
        let scene = try Scene(.restored, later: 1, .killed)
        let others = try scene.goneOn(by: 1)
        let error = VolumeSubject.error {
            _ = try Subject.open(others + [scene.second], numbers: [0, 2, 1], seed: 4)
        }
        guard case .membershipSplit = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
