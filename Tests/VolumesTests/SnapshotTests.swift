import DiskIO
import Foundation
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks which snapshots a volume keeps, and what may be missing from a log that was cleaned.
@Suite struct SnapshotTests {
    static let folder = "\(VolumeSubject.directory)/snapshots"
    static let log = "\(VolumeSubject.directory)/log"

    static func write(_ bytes: [UInt8], at position: LogPosition, to volume: Volume) throws {
        let writer = try volume.createSnapshot(at: position)
        for start in stride(from: 0, to: bytes.count, by: 7000) {
            try bytes[start..<min(start + 7000, bytes.count)].withUnsafeBytes {
                try writer.append($0)
            }
        }
        try writer.finish()
    }

    static func read(_ position: LogPosition, of volume: Volume) throws -> [UInt8] {
        let snapshot = try volume.openSnapshot(at: position)
        var bytes = [UInt8](repeating: 0, count: Int(snapshot.payloadBytes))
        _ = try bytes.withUnsafeMutableBytes {
            try snapshot.read(0..<snapshot.payloadBytes, into: $0, mode: .mayWait)
        }
        return bytes
    }

    /// A volume with one record in each of some segments.
    static func volume(_ disk: SimulatedFileSystem, segments: Int) throws -> (
        Volume, [AppendedRecord]
    ) {
        let volume = try VolumeSubject.open(disk)
        var appended: [AppendedRecord] = []
        for number in 0..<segments {
            appended += try volume.append([VolumeSubject.record(number, payloadBytes: 3500)])
        }
        return (volume, appended)
    }

    @Test func `the two newest snapshots are kept and read back after a restart`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let (volume, appended) = try Self.volume(disk, segments: 4)
        #expect(volume.snapshotPositions.isEmpty && volume.cleanLimit == nil)
        for (number, record) in appended.enumerated() {
            let bytes = VolumeSubject.pattern(70_000 * number + number, seed: number)
            try Self.write(bytes, at: record.end, to: volume)
            #expect(volume.snapshotPositions == appended[...number].suffix(2).map(\.end))
        }
        #expect(volume.cleanLimit == appended[2].end)
        #expect(try disk.list(Self.folder).count == 2)
        // One that is given up, and one that is never finished.
        try volume.createSnapshot(at: LogPosition(8)).discard()
        let unfinished = try volume.createSnapshot(at: LogPosition(16))
        try [1, 2, 3].withUnsafeBytes { try unfinished.append($0) }
        let found = disk.restart(seed: 9)
        let again = try VolumeSubject.open(found)
        #expect(again.snapshotPositions == appended.suffix(2).map(\.end))
        #expect(try found.list(Self.folder).count == 2)
        for number in 2...3 {
            let bytes = VolumeSubject.pattern(70_000 * number + number, seed: number)
            #expect(try Self.read(appended[number].end, of: again) == bytes)
        }
        try again.removeSnapshot(at: appended[3].end)
        try again.removeSnapshot(at: appended[3].end)
        #expect(again.snapshotPositions == [appended[2].end] && again.cleanLimit == nil)
        #expect(again.replayStart == appended[2].end)
        withExtendedLifetime(unfinished) {}
    }

    @Test func `segments before the older snapshot may be missing, and no others`() throws {
        func build(removing removed: [Int]) throws -> (SimulatedFileSystem, [AppendedRecord]) {
            let disk = SimulatedFileSystem(seed: 1)
            let (volume, appended) = try Self.volume(disk, segments: 6)
            try Self.write([1], at: appended[2].end, to: volume)
            try Self.write([2], at: appended[3].end, to: volume)
            #expect(volume.sealedSegments.count == 5)
            let found = disk.restartProcess()
            let names = try found.list(Self.log)
            for number in removed { try found.remove("\(Self.log)/\(names[number])") }
            return (found, appended)
        }
        for removed in [[0], [1], [2], [0, 2], [0, 1, 2], [1, 2]] {
            let (disk, appended) = try build(removing: removed)
            let volume = try VolumeSubject.open(disk)
            let records = try VolumeSubject.replay(volume, from: appended[2].end)
            #expect(records.map(\.place) == Array(appended[3...]))
            for (number, record) in appended.enumerated() {
                let written = VolumeSubject.record(number, payloadBytes: 3500).payload
                let extent = Extent.inline(
                    position: record.payloadPosition,
                    lengthBytes: 3500,
                    blockChecksums: written.blockChecksums
                )
                if removed.contains(number) {
                    #expect(
                        VolumeSubject.error { _ = try VolumeSubject.read(extent, of: volume) }
                            != nil
                    )
                } else {
                    #expect(try VolumeSubject.read(extent, of: volume) == written.bytes)
                }
            }
            #expect(try volume.append([VolumeSubject.record(9)]).count == 1)
            try volume.close()
        }
        for removed in [[3], [4], [0, 3], [2, 3, 4]] {
            let (disk, _) = try build(removing: removed)
            let error = VolumeSubject.error { _ = try VolumeSubject.open(disk) }
            switch error {
            case .logDamaged, .logSegmentMissing: continue
            default: Issue.record("without \(removed): \(String(describing: error))")
            }
        }
        let (disk, _) = try build(removing: [0])
        for name in try disk.list(Self.folder) { try disk.remove("\(Self.folder)/\(name)") }
        #expect(
            VolumeSubject.error { _ = try VolumeSubject.open(disk) }
                == .snapshotsMissing(directory: Self.folder)
        )
    }

    @Test func `segments are removed and punched while others read and append`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let (volume, appended) = try Self.volume(disk, segments: 5)
        try volume.beginSegment()
        try volume.beginSegment()
        #expect(volume.sealedSegments.count == 5)
        try Self.write([1], at: appended[3].end, to: volume)
        try Self.write([2], at: appended[4].end, to: volume)
        let segments = volume.sealedSegments
        let extents = try VolumeSubject.replay(volume).compactMap(\.extent)
        try volume.removeSegment(segments[1])
        try volume.removeSegment(segments[1])
        let hole = LogPosition(segments[2].first.bytes + 512)
        try volume.punch([hole..<LogPosition(hole.bytes + 1024)], of: segments[2])
        #expect(volume.sealedSegments.map(\.first) == [0, 2, 3, 4].map { segments[$0].first })
        #expect(try volume.allocatedBytes(ofSegment: segments[1].first) == 0)
        #expect(try volume.allocatedBytes(ofSegment: segments[2].first) > 3500)
        for (number, extent) in extents.enumerated() {
            let bytes = try? VolumeSubject.read(extent, of: volume)
            let isThere = number != 1 && number != 2
            #expect(bytes == (isThere ? VolumeSubject.pattern(3500, seed: number) : nil))
        }
        let error = VolumeSubject.error { _ = try VolumeSubject.read(extents[1], of: volume) }
        guard case .logSegmentMissing = error else {
            Issue.record("a removed payload gives \(String(describing: error))")
            return
        }
        _ = try volume.append([VolumeSubject.record(9)])
        let again = try VolumeSubject.open(disk.restart(seed: 3))
        #expect(try VolumeSubject.replay(again, from: appended[3].end).count == 2)
    }

    @Test func `snapshots of others are refused, and those with a bad header do not count`() throws
    {
        func build() throws -> (SimulatedFileSystem, [AppendedRecord], String) {
            let disk = SimulatedFileSystem(seed: 1)
            let (volume, appended) = try Self.volume(disk, segments: 3)
            try Self.write([1], at: appended[0].end, to: volume)
            try Self.write([2], at: appended[1].end, to: volume)
            let found = disk.restartProcess()
            return (found, appended, "\(Self.folder)/\(try found.list(Self.folder)[1])")
        }
        let (rotten, appended, path) = try build()
        rotten.flipBit(1, ofByte: 100, in: path)
        let volume = try VolumeSubject.open(rotten)
        #expect(volume.snapshotPositions == [appended[0].end])
        #expect(rotten.contents(of: path) != nil)

        let (damaged, _, _) = try build()
        damaged.flipBit(1, ofByte: 4096, in: path)
        let opened = try VolumeSubject.open(damaged)
        #expect(
            VolumeSubject.error { _ = try Self.read(appended[1].end, of: opened) }
                == .payloadDamaged(path: path, offset: 4096)
        )

        let (newer, _, _) = try build()
        let header = SnapshotHeader(volumeID: UniqueID(high: 5, low: 6), position: appended[1].end)
        var bytes = header.encoded()
        try newer.open(path, .readWrite).write(bytes, at: 0)
        let foreign = VolumeSubject.error { _ = try VolumeSubject.open(newer) }
        guard case .foreign(path, _, UniqueID(high: 5, low: 6)) = foreign else {
            Issue.record("a foreign snapshot gives \(String(describing: foreign))")
            return
        }
        bytes[8] = 7
        let (unknown, _, _) = try build()
        try unknown.open(path, .readWrite).write(bytes, at: 0)
        #expect(
            VolumeSubject.error { _ = try VolumeSubject.open(unknown) }
                == .versionUnknown(path: path, version: 7)
        )
    }

    @Test func `a log that ends before its newest snapshot is damaged`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let (volume, appended) = try Self.volume(disk, segments: 3)
        try Self.write([1], at: appended[2].end, to: volume)
        let found = disk.restartProcess()
        let last = try #require(try found.list(Self.log).last)
        let file = try found.open("\(Self.log)/\(last)", .readWrite)
        try file.truncate(to: 64 + 40)
        let error = VolumeSubject.error { _ = try VolumeSubject.open(found) }
        #expect(error == .logDamaged(path: "\(Self.log)/\(last)", offset: 64))
    }

    @Test func `a power loss at any call leaves a snapshot whole or absent`() throws {
        func run(_ disk: SimulatedFileSystem) throws -> [LogPosition] {
            let (volume, appended) = try Self.volume(disk, segments: 3)
            for number in 0..<3 {
                let bytes = VolumeSubject.pattern(9000, seed: number)
                try Self.write(bytes, at: appended[number].end, to: volume)
            }
            return appended.map(\.end)
        }
        let calm = SimulatedFileSystem(seed: 1)
        calm.inject(FaultPlan())
        let ends = try run(calm)
        for call in 1...calm.callCount {
            let disk = SimulatedFileSystem(seed: UInt64(call))
            disk.inject(FaultPlan(crashAtCall: call))
            _ = try? run(disk)
            let volume = try VolumeSubject.open(disk.restart(seed: UInt64(call)))
            for position in volume.snapshotPositions {
                let number = try #require(ends.firstIndex(of: position))
                let bytes = VolumeSubject.pattern(9000, seed: number)
                #expect(try Self.read(position, of: volume) == bytes, "call \(call)")
            }
        }
    }

    @Test func `the fixture of a cleaned log is opened and read`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fixtures/formats/volume-1-cleaned").standardizedFileURL
        for path in try FileManager.default.subpathsOfDirectory(atPath: root.path)
        where path.contains(".") {
            let target = "\(VolumeSubject.directory)/\(path)"
            try disk.makeDirectories(SimulatedFileSystem.parent(of: target))
            let bytes = Array(try Data(contentsOf: root.appending(path: path)))
            try disk.open(target, .createNew).write(bytes, at: 0)
        }
        let volume = try Volume.open(
            directory: VolumeSubject.directory,
            fileSystem: disk,
            VolumeConfiguration(now: WallTime(milliseconds: 0))
        )
        let positions = volume.snapshotPositions
        #expect(positions == [LogPosition(0x5B20), LogPosition(0x5B98)])
        let records = try VolumeSubject.replay(volume, from: positions[0])
        #expect(records.map(\.body) == [Array("later".utf8)])
        #expect(records.last?.place.end == positions[1])
        let pattern = (0..<65_541).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 251) }
        for position in positions {
            #expect(try Self.read(position, of: volume) == pattern)
        }
        // The record "live" ends the second segment, and its payload the record.
        let live = Extent.inline(
            position: LogPosition(0x5B20 - 3000),
            lengthBytes: 3000,
            blockChecksums: LogPayload(Array(pattern[..<3000])).blockChecksums
        )
        #expect(try VolumeSubject.read(live, of: volume) == Array(pattern[..<3000]))
    }
}
