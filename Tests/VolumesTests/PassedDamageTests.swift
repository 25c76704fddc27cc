import DiskIO
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks that damaged records at the end of a log are passed over where an index holds them, and only
/// there.
///
/// Method: a bit is turned in every part of every record of a log in turn, and the volume is opened with
/// every position that an index could have come to: it must open exactly where that lies behind the
/// record, with all that follows, and otherwise say where the damage is.
@Suite struct PassedDamageTests {
    static let segment = VolumeDamageTests.segment

    /// What is broken of a record, by its byte; the last is a byte of the body.
    static let parts = [0, 4, 8, 16, 24, 32, 36, 40, 48]

    enum End: CaseIterable {
        case closed, killed
    }

    /// A disk with batches in one segment: two of one record, one of three, one of one.
    static func disk(_ end: End) throws -> (SimulatedFileSystem, [AppendedRecord]) {
        let disk = SimulatedFileSystem(seed: 1)
        let volume = try VolumeSubject.open(disk)
        var appended: [AppendedRecord] = []
        for numbers in [0..<1, 1..<2, 2..<5, 5..<6] {
            appended += try volume.append(
                numbers.map { VolumeSubject.record($0, payloadBytes: 30) }
            )
        }
        if end == .closed { try volume.close() }
        return (disk.restartProcess(), appended)
    }

    static func open(
        _ disk: SimulatedFileSystem,
        flushed: LogPosition,
        _ applied: AppliedPosition?,
        _ damagedRecords: DamagedRecords = .passed
    ) throws -> Volume {
        var configuration = VolumeSubject.configuration(flushed: flushed)
        configuration.applied = applied
        configuration.damagedRecords = damagedRecords
        return try Volume.open(
            directory: VolumeSubject.directory,
            fileSystem: disk,
            configuration
        )
    }

    static func applied(_ record: AppendedRecord) -> AppliedPosition {
        AppliedPosition(position: record.end, chain: record.checksum)
    }

    @Test(arguments: End.allCases)
    func `a damaged record is passed over where the index is behind it`(end: End) throws {
        let (clean, appended) = try Self.disk(end)
        for (number, record) in appended.enumerated() {
            for part in Self.parts {
                for (known, last) in appended.enumerated() {
                    let disk = clean.restartProcess()
                    let offset = Int(record.position.bytes) + part
                    disk.flipBit(2, ofByte: offset, in: Self.segment)
                    let place = "record \(number), byte \(part), index at \(known)"
                    let error = VolumeSubject.error {
                        let volume = try Self.open(disk, flushed: last.end, Self.applied(last))
                        guard known >= number else {
                            // Of the last batch, a record that nobody knows to be flushed is none.
                            let isTail = end == .killed && number == appended.count - 1
                            #expect(isTail && volume.logEnd == record.position, "\(place)")
                            return
                        }
                        #expect(volume.passedDamage.map(\.position) == [record.position])
                        #expect(volume.passedDamage.first?.path == Self.segment)
                        let found = try VolumeSubject.replay(volume, from: last.end)
                        let rest = Array(appended[(known + 1)...])
                        #expect(found.map(\.place) == rest, "\(place)")
                        try Self.goOn(volume, disk, last)
                    }
                    guard known < number, let error else {
                        #expect(error == nil, "\(place)")
                        continue
                    }
                    #expect(
                        error == .logDamaged(path: Self.segment, offset: record.position.bytes),
                        "\(place)"
                    )
                }
            }
        }
    }

    /// Appends, and opens again with what an index would say then and with what the earlier one said.
    static func goOn(
        _ volume: Volume,
        _ disk: SimulatedFileSystem,
        _ known: AppendedRecord
    ) throws {
        let next = try #require(try volume.append([VolumeSubject.record(9)]).first)
        let found = disk.restartProcess()
        for record in [known, next] {
            let trial = found.restart(seed: 4)
            let again = try open(trial, flushed: record.end, applied(record))
            #expect(again.logEnd == next.end && again.passedDamage.count == 1)
            let last = try VolumeSubject.replay(again, from: known.end).last
            #expect(last?.place == next)
        }
    }

    @Test func `an index with another history is not believed`() throws {
        let (clean, appended) = try Self.disk(.closed)
        let damaged = clean.restartProcess()
        let offset = Int(appended[1].position.bytes)
        damaged.flipBit(1, ofByte: offset + 50, in: Self.segment)
        let expected = VolumeError.logDamaged(path: Self.segment, offset: Int64(offset))
        for record in appended[1...] {
            let strange = AppliedPosition(position: record.end, chain: record.checksum ^ 1)
            let between = AppliedPosition(
                position: LogPosition(record.end.bytes + 8),
                chain: record.checksum
            )
            let beyond = AppliedPosition(
                position: LogPosition(1 << 20),
                chain: record.checksum
            )
            for known in [strange, between, beyond] {
                let disk = damaged.restartProcess()
                let before = disk.contents(of: Self.segment)
                let error = VolumeSubject.error {
                    _ = try Self.open(disk, flushed: LogPosition(0), known)
                }
                #expect(error == expected)
                #expect(disk.contents(of: Self.segment) == before)
            }
            let refused = VolumeSubject.error {
                let disk = damaged.restartProcess()
                _ = try Self.open(disk, flushed: record.end, Self.applied(record), .refused)
            }
            #expect(refused == expected)
        }
    }

    @Test func `several damaged records are passed over, one behind the index is not`() throws {
        let (clean, appended) = try Self.disk(.closed)
        for number in [0, 2, 3] {
            clean.flipBit(1, ofByte: Int(appended[number].position.bytes), in: Self.segment)
        }
        let volume = try Self.open(
            clean.restartProcess(),
            flushed: LogPosition(0),
            Self.applied(appended[4])
        )
        // Two that lie next to each other are one place.
        #expect(volume.passedDamage.map(\.position) == [0, 2].map { appended[$0].position })
        let error = VolumeSubject.error {
            let disk = clean.restartProcess()
            _ = try Self.open(disk, flushed: LogPosition(0), Self.applied(appended[2]))
        }
        #expect(error == .logDamaged(path: Self.segment, offset: appended[0].position.bytes))
    }

    @Test func `a snapshot behind a damaged record is as good as the index`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let volume = try VolumeSubject.open(disk)
        var appended: [AppendedRecord] = []
        for number in 0..<3 { appended += try volume.append([VolumeSubject.record(number)]) }
        try SnapshotTests.write([1], at: appended[1].end, to: volume)
        appended += try volume.append([VolumeSubject.record(3)])
        for number in 0..<4 {
            let found = disk.restartProcess()
            let offset = Int(appended[number].position.bytes)
            found.flipBit(1, ofByte: offset + 49, in: Self.segment)
            let error = VolumeSubject.error {
                let again = try Self.open(found, flushed: LogPosition(0), nil)
                #expect(again.passedDamage.count == (number < 2 ? 1 : 0))
                let bodies = try VolumeSubject.replay(again, from: appended[1].end).map(\.body)
                let expected = number == 3 ? 2..<3 : 2..<4
                #expect(bodies == expected.map { VolumeSubject.record($0).body })
            }
            let expected = VolumeError.logDamaged(path: Self.segment, offset: Int64(offset))
            #expect(error == (number == 2 ? expected : nil), "record \(number)")
        }
    }

    @Test func `with another copy a damaged record is healed, and with none it is passed over`()
        throws
    {
        let disks = VolumeSetSubject.disks(2)
        var appended: [AppendedRecord] = []
        do {
            let subject = try VolumeSetSubject.open(disks, copies: 2)
            for number in 0..<5 {
                appended += try subject.volumes.append([VolumeSubject.record(number)])
            }
            try subject.volumes.close()
        }
        func open(_ damaged: [Int: Int]) throws -> VolumeSet {
            var configuration = VolumeSubject.configuration()
            configuration.naveID = nil
            configuration.applied = Self.applied(appended[4])
            let locations = disks.enumerated().map { number, disk in
                let trial = disk.restartProcess()
                let directory = VolumeSetSubject.directory(number)
                if let record = damaged[number] {
                    let offset = Int(appended[record].position.bytes) + 48
                    trial.flipBit(1, ofByte: offset, in: "\(directory)/log/\(Self.first)")
                }
                return VolumeLocation(directory: directory, fileSystem: trial)
            }
            return try VolumeSet.open(locations, VolumeSetConfiguration(volume: configuration))
        }
        let one = try open([1: 2])
        #expect(one.passedDamage == [])
        // So short a log is copied at once.
        #expect(one.reports(.withoutSpace).map(\.holdsLog) == [true, true])
        let both = try open([0: 1, 1: 3])
        #expect(both.passedDamage.map(\.position) == [appended[1].position, appended[3].position])
        #expect(both.reports(.withoutSpace).map(\.holdsLog) == [true, true])
        #expect(try both.append([VolumeSubject.record(9)]).count == 1)
    }

    private static let first = "0000000000000000.log"
}
