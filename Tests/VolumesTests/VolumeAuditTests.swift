import DiskIO
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks the look at a volume's files: that it sees every record and blob, names each damaged place
/// and goes on behind it, and writes nothing.
@Suite struct VolumeAuditTests {
    /// A volume with six records in two segments, closed.
    static func closed(_ disk: SimulatedFileSystem) throws -> [AppendedRecord] {
        let volume = try VolumeSubject.open(disk)
        var placed: [AppendedRecord] = []
        for number in 0..<6 {
            placed += try volume.append([VolumeSubject.record(number, payloadBytes: 900)])
        }
        try volume.close()
        return placed
    }

    static func steps(
        _ disk: SimulatedFileSystem,
        from start: LogPosition? = nil,
        flushed: LogPosition = LogPosition(0)
    ) throws -> (records: [LogAudit.Record], damage: [LogAudit.Damage]) {
        let audit = try VolumeAudit.open(directory: VolumeSubject.directory, fileSystem: disk)
        let end = try? audit.logEnd(flushed: flushed)
        var log = try audit.log(from: start, to: end, payloads: .verified)
        var records: [LogAudit.Record] = []
        var damage: [LogAudit.Damage] = []
        while let step = try log.next() {
            switch step {
            case .record(let record): records.append(record)
            case .damage(let place): damage.append(place)
            }
        }
        return (records, damage)
    }

    static func segment(_ disk: SimulatedFileSystem, _ number: Int) throws -> String {
        let log = VolumeSubject.directory + "/log"
        return "\(log)/\(try disk.list(log)[number])"
    }

    @Test func `every record is seen, marks as well`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let placed = try Self.closed(disk)
        let calls = try Self.steps(disk)
        #expect(calls.damage == [])
        #expect(calls.records.compactMap(\.change?.place) == placed)
        #expect(calls.records.count == 7)
        #expect(calls.records.allSatisfy { $0.payload == .whole })
        let later = try Self.steps(disk, from: placed[3].position)
        #expect(later.records.compactMap(\.change?.place) == Array(placed[3...]))
    }

    @Test func `a damaged record is named and the walk goes on behind it`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let placed = try Self.closed(disk)
        let path = try Self.segment(disk, 0)
        for number in [0, 2] {
            // The length of the body, in the header.
            disk.flipBit(3, ofByte: Int(placed[number].position.bytes) + 32, in: path)
        }
        let found = try Self.steps(disk)
        #expect(found.damage.map(\.position) == [placed[0].position, placed[2].position])
        #expect(found.damage.allSatisfy { $0.kind == .record && $0.path == path })
        let left = [1, 3, 4, 5].map { placed[$0] }
        #expect(found.records.compactMap(\.change?.place) == left)
    }

    @Test func `a damaged payload is told and a missing segment is named`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let placed = try Self.closed(disk)
        let path = try Self.segment(disk, 0)
        disk.flipBit(0, ofByte: Int(placed[1].payloadPosition.bytes) + 7, in: path)
        let found = try Self.steps(disk)
        #expect(found.damage == [])
        #expect(found.records.map { $0.payload == .whole }.count(where: { !$0 }) == 1)
        #expect(found.records[1].payload == .damaged)
        #expect(found.records[1].payloadOffset == placed[1].payloadPosition.bytes)
        #expect(found.records[1].path == path)
    }

    @Test func `bytes after the end that were never flushed are no damage`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let placed = try Self.closed(disk)
        let last = try Self.segment(disk, try disk.list(VolumeSubject.directory + "/log").count - 1)
        let file = try disk.open(last, .readWrite)
        let size = try file.sizeBytes()
        try file.write([UInt8](repeating: 7, count: 100), at: size)
        let found = try Self.steps(disk)
        #expect(found.damage == [])
        #expect(found.records.compactMap(\.change?.place) == placed)
        // The index says that more had been flushed than is there.
        let audit = try VolumeAudit.open(directory: VolumeSubject.directory, fileSystem: disk)
        #expect(throws: VolumeError.self) {
            try audit.logEnd(flushed: LogPosition(placed[5].end.bytes + 4096))
        }
    }

    @Test func `blobs are walked by number and verified block by block`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let volume = try VolumeSubject.open(disk)
        var extents: [BlobID: Extent] = [:]
        for number in 0..<5 {
            let bytes = VolumeSubject.pattern(150_000, seed: number)
            let extent = try VolumeSubject.writeBlob(bytes, pieceBytes: 70_000, to: volume)
            if case .blob(let id, _, _) = extent { extents[id] = extent }
        }
        let ids = extents.keys.sorted()
        var files = try volume.audit.blobFiles()
        var seen: [BlobID] = []
        while let file = try files.next() { seen.append(file.id) }
        #expect(seen == ids)
        var rest = try volume.audit.blobFiles(after: ids[1])
        #expect(try rest.next()?.id == ids[2])

        let path = volume.audit.path(of: ids[0])
        for offset in [5, 70_000] { disk.flipBit(1, ofByte: 4096 + offset, in: path) }
        var blob = try volume.audit.blob(ids[0])
        var damaged: [Int64] = []
        var bytes: Int64 = 0
        while let step = try blob.next() {
            switch step {
            case .whole(let count): bytes += count
            case .damaged(let offset, let count):
                damaged.append(offset)
                bytes += count
            }
        }
        #expect(damaged == [4096, 4096 + 65_536])
        #expect(bytes == 150_000)
        #expect(throws: VolumeError.blobMissing(BlobID(1))) { try volume.audit.blob(BlobID(1)) }
        try volume.close()
    }

    @Test func `a directory that is no volume, or is open, is left alone`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        try disk.makeDirectories(VolumeSubject.directory)
        let missing = VolumeError.labelMissing(directory: VolumeSubject.directory)
        #expect(throws: missing) {
            try VolumeAudit.open(directory: VolumeSubject.directory, fileSystem: disk)
        }
        #expect(try disk.list(VolumeSubject.directory) == [])
        let volume = try VolumeSubject.open(disk)
        #expect(throws: VolumeError.inUse(directory: VolumeSubject.directory)) {
            try VolumeAudit.open(directory: VolumeSubject.directory, fileSystem: disk)
        }
        try volume.close()
    }
}
