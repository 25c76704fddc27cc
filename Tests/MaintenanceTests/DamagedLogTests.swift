import DiskIO
import Foundation
import StorageFormats
import StorageModel
import Testing
import Volumes

@testable import Maintenance
@testable import ObjectStorage

/// Checks that a damaged record of the log costs nothing that the index holds.
///
/// Method: on a simulated disk a bit is turned in every record of a log in turn, in its head, its body and
/// its payload, in the last segment and in earlier ones. The store is opened, read, scrubbed, loses its
/// index, is opened and read again, is backed up and restored: every object must have its bytes, but for
/// the one whose payload is damaged.
@Suite struct DamagedLogTests {
    static let volume = "/srv/nave"

    enum Part: CaseIterable {
        case head, checksum, body, payload
    }

    /// A store with objects of every kind, closed.
    struct Filled {
        let folder: Folder
        let disk: SimulatedFileSystem
        let contents: [String: [UInt8]]
        let records: [LogAudit.Record]
        /// A copy of the index.
        let aside: String

        /// The disk as it is, and the index as it was.
        func begin() throws -> SimulatedFileSystem {
            try? FileManager.default.removeItem(atPath: folder.index)
            try FileManager.default.copyItem(atPath: aside, toPath: folder.index)
            try? FileManager.default.removeItem(atPath: folder.path + "/scrub.json")
            return disk.restartProcess()
        }

        func loseIndex() throws { try FileManager.default.removeItem(atPath: folder.index) }

        /// Where the last change ends in its segment.
        var lastOffset: Int {
            let last = records.last { $0.change != nil }
            return Int((last?.payloadOffset ?? 0) + Int64(last?.change?.payloadBytes ?? 0))
        }

        /// The segment that takes records.
        var lastSegment: String { records.last?.path ?? "" }
    }

    static func filled() async throws -> Filled {
        let folder = try Folder(volume: volume)
        let disk = SimulatedFileSystem(seed: 1)
        let (contents, records) = try await StoreSubject.with(folder, fileSystem: disk) { subject in
            for number in 0..<14 {
                let bytes = Folder.bytes(number == 3 ? 3000 : 900, seed: number)
                try await subject.put("object/\(number)", bytes)
            }
            try await subject.delete("object/5")
            await subject.settle()
            return (try await subject.contents(), try Self.records(subject))
        }
        let aside = folder.path + "/aside"
        try FileManager.default.copyItem(atPath: folder.index, toPath: aside)
        return Filled(
            folder: folder,
            disk: disk,
            contents: contents,
            records: records,
            aside: aside
        )
    }

    /// The changes of the log.
    static func records(_ subject: StoreSubject) throws -> [LogAudit.Record] {
        let volume = try #require(subject.store.volume.logVolumes.first)
        var log = try volume.audit.log(to: volume.logEnd)
        var records: [LogAudit.Record] = []
        while let step = try log.next() {
            guard case .record(let record) = step else { continue }
            records.append(record)
        }
        return records
    }

    /// Turns a bit; nil if the record has no such part.
    static func spoil(_ part: Part, of record: LogAudit.Record, on disk: SimulatedFileSystem)
        -> Int?
    {
        guard let change = record.change else { return nil }
        let metadata = change.place.payloadPosition.bytes - change.place.position.bytes
        let start = Int(record.payloadOffset - metadata)
        let offset: Int
        switch part {
        case .head: offset = start + 1
        case .checksum: offset = start + 44
        case .body: offset = start + 48 + 8 * change.blockChecksums.count + 3
        case .payload:
            guard change.payloadBytes > 0 else { return nil }
            offset = Int(record.payloadOffset) + 7
        }
        disk.flipBit(3, ofByte: offset, in: record.path)
        return start
    }

    /// What can be read of all objects, and how many cannot.
    static func readable(_ subject: StoreSubject) async throws -> ([String: [UInt8]], Int) {
        var contents: [String: [UInt8]] = [:]
        var failed = 0
        for object in try await subject.store.list(ListQuery(), in: subject.namespace).objects {
            do {
                contents[object.key.text] = try await subject.read(object.key.text)
            } catch StoreError.checksumMismatch {
                failed += 1
            }
        }
        return (contents, failed)
    }

    static func check(
        _ subject: StoreSubject,
        _ filled: Filled,
        _ part: Part,
        _ place: String
    ) async throws {
        let (contents, failed) = try await readable(subject)
        let isNeeded = part == .payload && failed == 1
        #expect(failed == (isNeeded ? 1 : 0), "\(place)")
        #expect(contents.count == filled.contents.count - failed, "\(place)")
        let isAsWritten = contents.allSatisfy { filled.contents[$0] == $1 }
        #expect(isAsWritten, "\(place)")
    }

    /// Waits for the snapshots that are made behind known damage.
    static func cover(_ subject: StoreSubject) async throws {
        let store = subject.store
        let isDone = try await store.diskPool.run { try store.coverDamage([]) }
        #expect(isDone)
    }

    @Test(arguments: Part.allCases)
    func `a damaged record costs nothing but its own payload`(part: Part) async throws {
        let filled = try await Self.filled()
        let folder = filled.folder
        #expect(Set(filled.records.map(\.path)).count >= 2)
        for (number, record) in filled.records.enumerated() {
            let disk = try filled.begin()
            guard let start = Self.spoil(part, of: record, on: disk) else { continue }
            let place = "record \(number), \(part)"
            let ledger = DamageLedger()
            try await StoreSubject.with(folder, fileSystem: disk, ledger: ledger) { subject in
                try await Self.cover(subject)
                let isSeen = part != .payload && record.path == filled.lastSegment
                let found = ledger.records.filter { $0.kind == .logRecord }
                #expect(found.map(\.path) == (isSeen ? [record.path] : []), "\(place)")
                #expect(found.allSatisfy { $0.state == .healed }, "\(place)")
                try await Self.check(subject, filled, part, place)
                _ = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
                // What nobody needs any more is listed until the next pass.
                guard part != .payload, !isSeen else { return }
                let records = ledger.records.filter { $0.kind == .logRecord }
                #expect(records.map(\.offset) == [Int64(start)], "\(place)")
                #expect(records.map(\.state) == [.healed], "\(place)")
                #expect(ledger.counts.found == 1 && ledger.counts.healed == 1)
            }
            try filled.loseIndex()
            let again = disk.restart(seed: UInt64(number))
            try await StoreSubject.with(folder, fileSystem: again) { subject in
                #expect(subject.store.volume.passedDamage == [], "\(place)")
                try await Self.check(subject, filled, part, place)
                try await subject.put("more", [1, 2, 3])
                try await subject.delete("more")
            }
            _ = try Self.rebuild(folder, again)
            try await StoreSubject.with(folder, fileSystem: again) { subject in
                try await Self.check(subject, filled, part, place)
            }
        }
    }

    static func rebuild(
        _ folder: Folder,
        _ disk: SimulatedFileSystem
    ) throws -> IndexRebuild.Report {
        try IndexRebuild(
            volumeDirectories: [folder.volume],
            indexDirectory: folder.index,
            fileSystem: disk,
            now: folder.clock()
        ).run()
    }

    @Test func `a sector of the log that cannot be read costs nothing but the payloads in it`()
        async throws
    {
        let filled = try await Self.filled()
        let folder = filled.folder
        for record in filled.records where record.change != nil {
            let disk = try filled.begin()
            let first = Int(record.payloadOffset) / 512 * 512
            // Whether the log ends in a sector that cannot be read is not known, and not guessed.
            let isLast = record.path == filled.lastSegment && first + 512 > filled.lastOffset
            guard first > 0, !isLast else { continue }
            let faults = FaultPlan(unreadable: [record.path: first..<first + 512])
            disk.inject(faults)
            let place = "\(record.path) \(first)"
            let ledger = DamageLedger()
            try await StoreSubject.with(folder, fileSystem: disk, ledger: ledger) { subject in
                try await Self.cover(subject)
                try await Self.checkWritten(subject, filled, place)
                _ = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
                let backup = try BackupTests.backUp(subject, folder)
                #expect(backup.damage.allSatisfy { $0.kind == .payloadDamaged }, "\(place)")
            }
            try filled.loseIndex()
            let again = disk.restartProcess()
            again.inject(faults)
            try await StoreSubject.with(folder, fileSystem: again) { subject in
                try await Self.checkWritten(subject, filled, place)
            }
            try FileManager.default.removeItem(atPath: folder.path + "/backup")
        }
    }

    /// At most a few objects cannot be read; the others are as written.
    static func checkWritten(
        _ subject: StoreSubject,
        _ filled: Filled,
        _ place: String
    ) async throws {
        let keys = try await subject.store.list(ListQuery(), in: subject.namespace).objects
            .map(\.key.text)
        #expect(keys == filled.contents.keys.sorted(), "\(place)")
        var failed = 0
        for key in keys {
            do {
                let bytes = try await subject.read(key)
                #expect(bytes == filled.contents[key], "\(place), \(key)")
            } catch is StoreError {
                failed += 1
            }
        }
        #expect(failed <= 2, "\(place)")
    }

    @Test func `without an index that is behind it, a damaged record is refused and named`()
        async throws
    {
        let filled = try await Self.filled()
        let folder = filled.folder
        for record in filled.records {
            let disk = try filled.begin()
            guard let start = Self.spoil(.body, of: record, on: disk) else { continue }
            try filled.loseIndex()
            let before = disk.contents(of: record.path)
            let failure = StoreOpenFailure.damaged(path: record.path, offset: Int64(start))
            for _ in 0..<2 {
                await #expect(throws: StoreError.openFailed(failure)) {
                    try await StoreSubject.with(folder, fileSystem: disk) { _ in }
                }
            }
            #expect(disk.contents(of: record.path) == before)
            #expect(throws: MaintenanceError.self) { try Self.rebuild(folder, disk) }
        }
    }

    @Test func `a power loss while snapshots are made behind it loses nothing`() async throws {
        let filled = try await Self.filled()
        let folder = filled.folder
        let record = filled.records[filled.records.count - 3]
        #expect(record.path == filled.lastSegment)
        var call = 0
        var isOver = false
        while !isOver {
            call += 1
            let disk = try filled.begin()
            _ = Self.spoil(.body, of: record, on: disk)
            disk.inject(FaultPlan(crashAtCall: call))
            do {
                try await StoreSubject.with(folder, fileSystem: disk) { subject in
                    try await Self.cover(subject)
                }
                isOver = !disk.isCrashed
            } catch {
                #expect(disk.isCrashed, "call \(call): \(error)")
            }
            let found = disk.restart(seed: UInt64(call))
            let lost = found.restartProcess()
            let again = found.restartProcess()
            try await StoreSubject.with(folder, fileSystem: again) { subject in
                try await Self.check(subject, filled, .body, "call \(call)")
                try await Self.cover(subject)
            }
            // Whoever loses the index as well has a whole store or a refusal, and no other store.
            try filled.loseIndex()
            do {
                try await StoreSubject.with(folder, fileSystem: lost) { subject in
                    try await Self.check(subject, filled, .body, "call \(call), no index")
                }
            } catch StoreError.openFailed(.damaged(let path, _)) {
                #expect(path == record.path && !isOver, "call \(call)")
            }
        }
        #expect(call > 60)
    }
}
