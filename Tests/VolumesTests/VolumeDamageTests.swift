import DiskIO
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks that damage is named and never taken for the end of the log, nor handed out as bytes.
@Suite struct VolumeDamageTests {
    static let segment = "\(VolumeSubject.directory)/log/0000000000000000.log"

    /// A disk with three batches of one record each in one segment, closed or not.
    static func disk(closing: Bool) throws -> (SimulatedFileSystem, [AppendedRecord]) {
        let disk = SimulatedFileSystem(seed: 1)
        let volume = try VolumeSubject.open(disk)
        var appended: [AppendedRecord] = []
        for number in 0..<3 {
            appended += try volume.append([VolumeSubject.record(number, payloadBytes: 30)])
        }
        if closing { try volume.close() }
        return (disk.restartProcess(), appended)
    }

    @Test func `a turned bit anywhere in a closed log is damage or an unreadable payload`() throws {
        let (clean, appended) = try Self.disk(closing: true)
        let end = Int(appended[2].end.bytes)
        let first = try #require(VolumeSubject.replay(VolumeSubject.open(clean)).first)
        #expect(first.body == VolumeSubject.record(0).body)
        for bit in stride(from: 0, to: end * 8, by: 3) {
            let (disk, _) = try Self.disk(closing: true)
            disk.flipBit(bit % 8, ofByte: bit / 8, in: Self.segment)
            do {
                let volume = try VolumeSubject.open(disk)
                let records = try VolumeSubject.replay(volume)
                #expect(records.count == 3, "bit \(bit)")
                let failures = records.compactMap { record in
                    record.extent.flatMap { extent in
                        VolumeSubject.error { _ = try VolumeSubject.read(extent, of: volume) }
                    }
                }
                #expect(failures.count == 1, "bit \(bit) was not seen")
            } catch VolumeError.logDamaged(let path, let offset) {
                #expect(path == Self.segment)
                #expect(offset <= bit / 8)
            } catch VolumeError.versionUnknown(let path, _) {
                #expect(path == Self.segment)
                #expect((8..<12).contains(bit / 8))
            }
        }
    }

    @Test func `a bad record before a later batch is damage, the last batch is the tail`() throws {
        for number in 0..<3 {
            let (disk, appended) = try Self.disk(closing: false)
            let offset = Int(appended[number].position.bytes)
            disk.flipBit(0, ofByte: offset + 50, in: Self.segment)
            if number < 2 {
                let error = VolumeSubject.error { _ = try VolumeSubject.open(disk) }
                #expect(error == .logDamaged(path: Self.segment, offset: Int64(offset)))
            } else {
                let known = VolumeSubject.error {
                    _ = try VolumeSubject.open(disk, flushed: appended[2].end)
                }
                #expect(known == .logDamaged(path: Self.segment, offset: Int64(offset)))
                let volume = try VolumeSubject.open(disk)
                #expect(try VolumeSubject.replay(volume).count == 2)
                #expect(volume.logEnd == appended[1].end)
            }
        }
    }

    @Test func `records of one torn batch after a bad one do not count as damage`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let volume = try VolumeSubject.open(disk)
        _ = try volume.append([VolumeSubject.record(0)])
        let batch = try volume.append((1...3).map { VolumeSubject.record($0, payloadBytes: 30) })
        let found = disk.restartProcess()
        found.flipBit(1, ofByte: Int(batch[1].payloadPosition.bytes), in: Self.segment)
        let again = try VolumeSubject.open(found)
        #expect(try VolumeSubject.replay(again).count == 2)
        _ = try again.append([VolumeSubject.record(7)])
        let last = try VolumeSubject.open(found.restartProcess())
        #expect(try VolumeSubject.replay(last).last?.body == VolumeSubject.record(7).body)
    }

    @Test func `missing, swapped and foreign segments are named`() throws {
        func build() throws -> (SimulatedFileSystem, [String]) {
            let disk = SimulatedFileSystem(seed: 1)
            let volume = try VolumeSubject.open(disk)
            for number in 0..<9 {
                _ = try volume.append([VolumeSubject.record(number, payloadBytes: 1500)])
            }
            try volume.close()
            let found = disk.restartProcess()
            return (found, try found.list("\(VolumeSubject.directory)/log"))
        }
        let log = "\(VolumeSubject.directory)/log"
        let (_, names) = try build()
        #expect(names.count >= 4)

        let (missing, _) = try build()
        try missing.remove("\(log)/\(names[1])")
        #expect(VolumeSubject.error { _ = try VolumeSubject.open(missing) } != nil)

        let (swapped, _) = try build()
        try swapped.rename("\(log)/\(names[1])", to: "\(log)/x")
        try swapped.rename("\(log)/\(names[2])", to: "\(log)/\(names[1])")
        try swapped.rename("\(log)/x", to: "\(log)/\(names[2])")
        #expect(VolumeSubject.error { _ = try VolumeSubject.open(swapped) } != nil)

        let (cut, _) = try build()
        try cut.open("\(log)/\(names[1])", .readWrite).truncate(to: 200)
        #expect(
            VolumeSubject.error { _ = try VolumeSubject.open(cut) }
                == .logDamaged(path: "\(log)/\(names[1])", offset: 200)
        )

        let (lost, _) = try build()
        let all = try VolumeSubject.open(lost)
        let end = all.logEnd
        #expect(
            VolumeSubject.error { _ = try VolumeSubject.replay(all, from: LogPosition(1 << 40)) }
                == .logTooShort(end: end, expected: LogPosition(1 << 40))
        )
        try all.close()
        try lost.remove("\(log)/\(names[names.count - 1])")
        let error = VolumeSubject.error { _ = try VolumeSubject.open(lost, flushed: end) }
        guard case .logDamaged = error else {
            Issue.record("a lost last segment gives \(String(describing: error))")
            return
        }
    }

    @Test func `a turned bit in a blob is an error for the ranges that need its block`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let volume = try VolumeSubject.open(disk)
        let bytes = VolumeSubject.pattern(200_000, seed: 5)
        let blob = try VolumeSubject.writeBlob(bytes, pieceBytes: 33_333, to: volume)
        let path = try #require(try Self.blobPaths(disk).first)
        disk.flipBit(3, ofByte: 4096 + 70_000, in: path)
        #expect(try VolumeSubject.read(blob, 0..<65_536, of: volume) == Array(bytes[..<65_536]))
        #expect(try VolumeSubject.read(blob, 131_072..<131_073, of: volume) == [bytes[131_072]])
        for range in [0..<200_000, 65_536..<65_537, 131_000..<131_100, 60_000..<66_000] {
            let error = VolumeSubject.error {
                _ = try VolumeSubject.read(
                    blob,
                    Int64(range.lowerBound)..<Int64(range.upperBound),
                    of: volume
                )
            }
            #expect(error == .payloadDamaged(path: path, offset: 4096 + 65_536))
        }
        let short = try disk.open(path, .readWrite)
        try short.truncate(to: 100_000)
        #expect(
            VolumeSubject.error { _ = try VolumeSubject.read(blob, 131_072..<131_073, of: volume) }
                != nil
        )
        let again = try VolumeSubject.open(disk.restartProcess())
        guard
            case .blobInvalid = VolumeSubject.error({ _ = try VolumeSubject.read(blob, of: again) })
        else {
            Issue.record("a cut blob file was opened")
            return
        }
    }

    static func blobPaths(_ disk: SimulatedFileSystem) throws -> [String] {
        let blobs = "\(VolumeSubject.directory)/blobs"
        return try disk.list(blobs).flatMap { folder in
            try disk.list("\(blobs)/\(folder)").map { "\(blobs)/\(folder)/\($0)" }
        }
    }
}
