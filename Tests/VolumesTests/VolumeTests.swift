import DiskIO
import Foundation
import SeededRandom
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks what a volume does when nothing goes wrong, and whom it refuses.
@Suite struct VolumeTests {
    @Test func `records come back in order, over segments, from any of their positions`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let volume = try VolumeSubject.open(disk)
        #expect(try volume.append([]) == [])
        var appended: [AppendedRecord] = []
        for batch in 0..<30 {
            let records = (0..<3).map {
                VolumeSubject.record(batch * 3 + $0, payloadBytes: batch * 17 * $0)
            }
            appended += try volume.append(records)
            #expect(volume.logEnd == appended.last?.end)
        }
        let segments = try disk.list("\(VolumeSubject.directory)/log")
        #expect(segments.count > 5)
        #expect(segments[0] == "0000000000000000.log")
        for reopened in [false, true] {
            if reopened { try volume.close() }
            let opened = reopened ? try VolumeSubject.open(disk) : volume
            for start in 0...appended.count {
                let from = start == 0 ? LogPosition(0) : appended[start - 1].end
                let found = try VolumeSubject.replay(opened, from: from)
                #expect(found.map(\.place.position) == appended[start...].map(\.position))
            }
            for (number, record) in try VolumeSubject.replay(opened).enumerated() {
                let expected = VolumeSubject.record(
                    number,
                    payloadBytes: number / 3 * 17 * (number % 3)
                )
                #expect(record.body == expected.body)
                #expect(record.blockChecksums == expected.payload.blockChecksums)
                guard let extent = record.extent else { continue }
                #expect(try VolumeSubject.read(extent, of: opened) == expected.payload.bytes)
            }
            let odd = LogPosition(appended[4].position.bytes + 8)
            #expect(VolumeSubject.error { _ = try VolumeSubject.replay(opened, from: odd) } != nil)
        }
    }

    @Test func `a blob reads back in every range, by blocks and across them`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let volume = try VolumeSubject.open(disk)
        for count in [0, 1, 65_535, 65_536, 65_537, 264_853, 400_000] {
            let bytes = VolumeSubject.pattern(count, seed: count)
            let blob = try VolumeSubject.writeBlob(bytes, pieceBytes: 10_007, to: volume)
            #expect(blob.lengthBytes == Int64(count))
            #expect(try VolumeSubject.read(blob, of: volume) == bytes)
            guard case .blob(let id, _, _) = blob else { continue }
            var generator = SeededGenerator(seed: 3)
            for _ in 0..<30 {
                let lower = Int.random(in: 0...count, using: &generator)
                let upper = Int.random(in: lower...count, using: &generator)
                let range = Int64(lower)..<Int64(upper)
                #expect(
                    try VolumeSubject.read(blob, range, of: volume) == Array(bytes[lower..<upper])
                )
                let part = Extent.blob(id, offset: Int64(lower), lengthBytes: Int64(upper - lower))
                #expect(try VolumeSubject.read(part, of: volume) == Array(bytes[lower..<upper]))
            }
            #expect(
                VolumeSubject.error {
                    _ = try VolumeSubject.read(
                        .blob(id, offset: .max - 1, lengthBytes: 5),
                        of: volume
                    )
                } == .rangeInvalid
            )
            #expect(
                VolumeSubject.error {
                    _ = try VolumeSubject.read(
                        .blob(id, offset: 0, lengthBytes: Int64(count) + 1),
                        of: volume
                    )
                } == .rangeInvalid
            )
        }
    }

    @Test func `an open blob outlives its removal and cached reads never open`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let volume = try VolumeSubject.open(disk)
        let bytes = VolumeSubject.pattern(5000, seed: 1)
        let blob = try VolumeSubject.writeBlob(bytes, pieceBytes: 5000, to: volume)
        guard case .blob(let id, _, _) = blob else { return }
        #expect(try VolumeSubject.read(blob, of: volume, mode: .cachedOnly) == nil)
        #expect(try volume.openBlob(id, mode: .cachedOnly) == nil)
        let open = try #require(try volume.openBlob(id, mode: .mayWait))
        #expect(try VolumeSubject.read(blob, of: volume, mode: .cachedOnly) == bytes)
        try volume.removeBlob(id)
        try volume.removeBlob(id)
        var read = [UInt8](repeating: 0, count: 5000)
        _ = try read.withUnsafeMutableBytes { try open.read(0..<5000, into: $0, mode: .mayWait) }
        #expect(read == bytes)
        #expect(
            VolumeSubject.error { _ = try VolumeSubject.read(blob, of: volume) } == .blobMissing(id)
        )
    }

    @Test func `a sweep removes what nobody knows and spares what is being written`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let volume = try VolumeSubject.open(disk)
        let kept = try VolumeSubject.writeBlob([1], pieceBytes: 1, to: volume)
        for number in 0..<4 {
            _ = try VolumeSubject.writeBlob([UInt8(number)], pieceBytes: 1, to: volume)
        }
        let writer = try volume.createBlob()
        do {
            let dropped = try volume.createBlob()
            _ = dropped
        }
        guard case .blob(let id, _, _) = kept else { return }
        #expect(try volume.sweepBlobs { $0 == id } == 4)
        let late = try writer.finish()
        #expect(try VolumeSubject.read(kept, of: volume) == [1])
        #expect(try VolumeSubject.read(late, of: volume) == [])
        #expect(VolumeSubject.error { _ = try writer.finish() } == .blobWriterClosed)
        writer.discard()
        #expect(try VolumeDamageTests.blobPaths(disk).count == 2)
    }

    @Test func `a second opening, another Nave and unlabelled data are refused`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let directory = VolumeSubject.directory
        let volume = try VolumeSubject.open(disk)
        #expect(
            VolumeSubject.error { _ = try VolumeSubject.open(disk) } == .inUse(directory: directory)
        )
        _ = try volume.append([VolumeSubject.record(1)])
        try volume.close()
        try volume.close()
        #expect(VolumeSubject.error { _ = try volume.append([VolumeSubject.record(2)]) } == .closed)
        var other = VolumeSubject.configuration()
        other.naveID = UniqueID(high: 9, low: 9)
        let foreign = VolumeSubject.error {
            _ = try Volume.open(directory: directory, fileSystem: disk, other)
        }
        #expect(
            foreign
                == .foreign(
                    directory: directory,
                    expected: UniqueID(high: 9, low: 9),
                    found: VolumeSubject.naveID
                )
        )
        let label = try #require(disk.contents(of: "\(directory)/volume.json"))
        let newer = String(decoding: label, as: UTF8.self)
            .replacing("\"version\": 1", with: "\"version\": 2")
        try disk.open("\(directory)/volume.json", .createOrReplace).write(Array(newer.utf8), at: 0)
        #expect(
            VolumeSubject.error { _ = try VolumeSubject.open(disk) }
                == .versionUnknown(path: "\(directory)/volume.json", version: 2)
        )
        try disk.remove("\(directory)/volume.json")
        #expect(
            VolumeSubject.error { _ = try VolumeSubject.open(disk) }
                == .labelMissing(directory: directory)
        )
    }

    @Test func `the fixture of version 1 opens, replays and reads on a real disk`() throws {
        let fixture = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/formats/volume-1").resolvingSymlinksInPath()
        let copy = FileManager.default.temporaryDirectory.appending(path: "nave-\(UUID())")
        try FileManager.default.copyItem(at: fixture, to: copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        let volume = try Volume.open(
            directory: copy.path,
            fileSystem: PosixFileSystem(),
            VolumeConfiguration(now: WallTime(milliseconds: 0))
        )
        #expect(volume.label.created.milliseconds == 1_767_225_600_000)
        let records = try VolumeSubject.replay(volume)
        #expect(
            records.map { String(decoding: $0.body, as: UTF8.self) }
                == ["first change", "second, with a payload", "third"]
        )
        let pattern = (0..<65_543).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 251) }
        #expect(try records[2].extent.flatMap { try VolumeSubject.read($0, of: volume) } == pattern)
        let blob = Extent.blob(BlobID(0x1A2B_3C4D_5E6F_7081), offset: 0, lengthBytes: 65_541)
        #expect(try VolumeSubject.read(blob, of: volume) == Array(pattern[..<65_541]))
        _ = try volume.append([LogRecord(body: [1], payload: LogPayload([2]))])
        try volume.close()
    }
}
