import DiskIO
import Glibc
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Stops a mixed workload at every call, by power loss and by failing calls, and checks what the
/// next start finds against what was acknowledged.
///
/// Rules: the log found is a beginning of what was handed in, in order; it has at least all that was
/// acknowledged; every payload and blob of it reads back whole.
@Suite struct VolumeCrashTests {
    /// What the workload handed in and what was acknowledged.
    struct History {
        var handedIn: [LogRecord] = []
        /// The numbers in `handedIn` of what was acknowledged.
        var acknowledged: [Int] = []
        var end = LogPosition(0)
        var blobs: [(Extent, bytes: [UInt8])] = []

        mutating func append(_ records: [LogRecord], to volume: Volume) throws(VolumeError) {
            let first = handedIn.count
            handedIn += records
            let appended = try volume.append(records)
            acknowledged += first..<first + records.count
            end = appended.last?.end ?? end
        }
    }

    static let faultSeeds = 2

    /// Sixteen batches over several segments with blobs between them; goes on after failures.
    static func work(_ volume: Volume, _ history: inout History) {
        for batch in 0..<16 {
            let records = (0...batch % 4).map { number in
                VolumeSubject.record(
                    batch * 10 + number,
                    payloadBytes: [0, 90, 700, 1500][(batch + number) % 4]
                )
            }
            try? history.append(records, to: volume)
            if batch % 5 == 2 {
                let bytes = VolumeSubject.pattern(batch * 9000, seed: batch)
                if let extent = try? VolumeSubject.writeBlob(bytes, pieceBytes: 7000, to: volume) {
                    history.blobs.append((extent, bytes))
                }
            }
        }
        try? volume.close()
    }

    static func run(_ plan: FaultPlan) -> (SimulatedFileSystem, History) {
        let disk = SimulatedFileSystem(seed: 42)
        disk.inject(plan)
        var history = History()
        if let volume = try? VolumeSubject.open(disk) { work(volume, &history) }
        return (disk, history)
    }

    static func check(_ volume: Volume, _ history: History, isPrefix: Bool, _ comment: Comment)
        throws
    {
        let found = try VolumeSubject.replay(volume)
        let bodies = history.handedIn.map(\.body)
        let numbers = found.map { bodies.firstIndex(of: $0.body) ?? -1 }
        #expect(numbers == numbers.sorted() && !numbers.contains(-1), comment)
        if isPrefix { #expect(numbers == Array(0..<numbers.count), comment) }
        #expect(Set(history.acknowledged).isSubset(of: numbers), comment)
        for (record, number) in zip(found, numbers) {
            guard let extent = record.extent, number >= 0 else { continue }
            let bytes = try VolumeSubject.read(extent, of: volume)
            #expect(bytes == history.handedIn[number].payload.bytes, comment)
        }
        for (extent, bytes) in history.blobs {
            #expect(try VolumeSubject.read(extent, of: volume) == bytes, comment)
        }
        let kept = history.blobs.compactMap { blob -> BlobID? in
            if case .blob(let id, _, _) = blob.0 { id } else { nil }
        }
        _ = try volume.sweepBlobs { kept.contains($0) }
        for (extent, bytes) in history.blobs {
            #expect(try VolumeSubject.read(extent, of: volume) == bytes, comment)
        }
    }

    @Test func `nothing acknowledged is lost when the power goes at any call`() throws {
        let (whole, history) = Self.run(FaultPlan())
        let calls = whole.callCount
        #expect(history.acknowledged.count == history.handedIn.count)
        #expect(calls > 150)
        for call in 1...calls {
            for seed in 0..<Self.faultSeeds {
                let (disk, history) = Self.run(FaultPlan(crashAtCall: call, shortPercent: 10))
                let comment: Comment = "crash at call \(call), seed \(seed)"
                let found = disk.restart(seed: UInt64(call * 1000 + seed))
                let volume = try VolumeSubject.open(found, seed: 2, flushed: history.end)
                try Self.check(volume, history, isPrefix: true, comment)
                var more = history
                more.handedIn = try VolumeSubject.replay(volume).map { LogRecord(body: $0.body) }
                let before = more.handedIn.count
                try more.append([VolumeSubject.record(9999, payloadBytes: 50)], to: volume)
                // A second power loss right after: the first one's litter must not come back.
                let again = try VolumeSubject.open(found.restart(seed: UInt64(seed)), seed: 3)
                let bodies = try VolumeSubject.replay(again).map(\.body)
                #expect(bodies.count == before + 1, comment)
                #expect(bodies.last == VolumeSubject.record(9999).body, comment)
            }
        }
    }

    @Test(arguments: [EIO, ENOSPC])
    func `a failing call fails what asked for it and nothing else`(errorNumber: Int32) throws {
        let (whole, _) = Self.run(FaultPlan())
        for call in 1...whole.callCount {
            let (disk, history) = Self.run(FaultPlan(failures: [call: errorNumber]))
            let comment: Comment = "call \(call) fails with \(errorNumber)"
            let killed = try VolumeSubject.open(
                disk.restartProcess(),
                seed: 2,
                flushed: history.end
            )
            try Self.check(killed, history, isPrefix: false, comment)
        }
        for call in 1...whole.callCount {
            let (disk, history) = Self.run(FaultPlan(failures: [call: errorNumber]))
            let comment: Comment = "call \(call) fails with \(errorNumber), then the power"
            let found = try VolumeSubject.open(
                disk.restart(seed: UInt64(call)),
                seed: 2,
                flushed: history.end
            )
            try Self.check(found, history, isPrefix: false, comment)
        }
    }

    @Test func `a full disk refuses writes and takes them again when there is room`() throws {
        let disk = SimulatedFileSystem(seed: 1, capacityBytes: 400_000)
        let volume = try VolumeSubject.open(disk)
        let blob = try VolumeSubject.writeBlob(
            VolumeSubject.pattern(100_000, seed: 1),
            pieceBytes: 9000,
            to: volume
        )
        var history = History()
        var failure: VolumeError?
        while failure == nil {
            failure = VolumeSubject.error {
                try history.append(
                    [VolumeSubject.record(history.handedIn.count, payloadBytes: 3000)],
                    to: volume
                )
            }
        }
        guard case .outOfSpace = failure else {
            Issue.record("failed otherwise: \(String(describing: failure))")
            return
        }
        let full = VolumeSubject.error {
            _ = try VolumeSubject.writeBlob(
                VolumeSubject.pattern(50_000, seed: 2),
                pieceBytes: 9000,
                to: volume
            )
        }
        guard case .outOfSpace = full else {
            Issue.record("the blob failed otherwise: \(String(describing: full))")
            return
        }
        #expect(try VolumeSubject.read(blob, of: volume) != nil)
        guard case .blob(let id, _, _) = blob else { return }
        try volume.removeBlob(id)
        for number in 0..<5 {
            try history.append(
                [VolumeSubject.record(10_000 + number, payloadBytes: 3000)],
                to: volume
            )
        }
        let again = try VolumeSubject.open(disk.restart(seed: 1), seed: 2, flushed: history.end)
        try Self.check(again, history, isPrefix: false, "after a full disk")
    }

    @Test(arguments: [EIO, ENOSPC])
    func `a batch that was refused stays away after a power loss`(errorNumber: Int32) throws {
        for seed in 0..<40 {
            let disk = SimulatedFileSystem(seed: UInt64(seed))
            let volume = try VolumeSubject.open(disk, segmentBytesMax: 1 << 20)
            var history = History()
            try history.append([VolumeSubject.record(0, payloadBytes: 100)], to: volume)
            // Each write does a part of what it should, and fails when it goes on.
            disk.inject(
                FaultPlan(failures: [2: errorNumber, 5: errorNumber], shortPercent: 100)
            )
            let refused = (1...9).map { VolumeSubject.record($0, payloadBytes: 100) }
            let failure = VolumeSubject.error { _ = try volume.append(refused) }
            #expect(failure != nil && failure != .volumeFailed)
            let found = try VolumeSubject.open(
                disk.restart(seed: UInt64(seed)),
                flushed: history.end
            )
            try Self.check(found, history, isPrefix: true, "seed \(seed)")
        }
    }

    // The write, the beginning of writing it out, and then the flush.
    @Test(arguments: [2, 3])
    func `a failed flush stops writes and not reads`(call: Int) throws {
        let disk = SimulatedFileSystem(seed: 1)
        let volume = try VolumeSubject.open(disk)
        var history = History()
        try history.append([VolumeSubject.record(1, payloadBytes: 100)], to: volume)
        disk.inject(FaultPlan(failures: [call: EIO]))
        let failure = VolumeSubject.error {
            _ = try volume.append([VolumeSubject.record(2)])
        }
        #expect(failure == .volumeFailed)
        #expect(
            VolumeSubject.error { _ = try volume.append([VolumeSubject.record(3)]) }
                == .volumeFailed
        )
        #expect(VolumeSubject.error { _ = try volume.createBlob() } == .volumeFailed)
        #expect(volume.logEnd == history.end)
        try Self.check(volume, history, isPrefix: true, "after a failed flush")
    }
}
