import DiskIO
import MetadataIndex
import ObjectStorage
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// One pass of the scrub under way; belongs to one thread.
final class ScrubPass {
    /// A pass that is spread over a long time reads as many bytes a second at least, since what is stored
    /// may grow meanwhile.
    private static let spreadRateMin: Int64 = 1 << 20
    /// How long a pass goes on before it keeps how far it has come.
    private static let keptEvery = Duration.seconds(30)
    /// Bytes that are read before the thread rests.
    private static let restBytes: Int64 = 65_536
    /// Blobs that the index is asked for at a time.
    static let pageMax = 1000
    /// Places in logs whose owners are looked for together.
    static let suspectsMax = 65_536

    /// A part of a log with a payload that differs from its checksums.
    struct Suspect {
        let range: Range<LogPosition>
        let volume: Volume
    }

    let scrub: Scrub
    let volumes: VolumeSet
    private let stop: StopFlag
    private let totalBytes: Int64
    private var pace: Pace
    private var pass: ScrubState.Pass
    private var keptAt = ContinuousClock.now
    private var unspentBytes: Int64 = 0
    /// Payloads that differ from their checksums and whose owners are not known yet.
    var suspects: [Suspect] = []
    /// Damaged records that no other volume has whole.
    private var damagedRecords: [LogAudit.Damage] = []
    /// Whether damage is listed whose owners are not known yet.
    private var isNamingWanted = false

    init(_ scrub: Scrub, rate: ScrubRate, stop: StopFlag) throws {
        self.scrub = scrub
        self.stop = stop
        volumes = scrub.store.maintainedVolumes
        let now = scrub.clock().milliseconds
        pass = scrub.state.withLock { $0.current } ?? ScrubState.Pass(began: now)
        let total = try Self.sizeBytes(of: scrub.store)
        totalBytes = total
        switch rate {
        case .unlimited: pace = Pace(bytesPerSecond: nil)
        case .bytesPerSecond(let bytes): pace = Pace(bytesPerSecond: bytes)
        case .spread(let seconds):
            pace = Pace(bytesPerSecond: max(Self.spreadRateMin, total / max(1, seconds) + 1))
        }
    }

    /// What a pass reads, about: every copy of the log, of the snapshots and of the blobs.
    private static func sizeBytes(of store: ObjectStore) throws -> Int64 {
        let volumes = store.maintainedVolumes
        let logBytes = volumes.logVolumes
            .reduce(0) { $0 + $1.logEnd.bytes - $1.logStart.bytes }
        let snapshotBytes = volumes.logVolumes
            .flatMap { (try? $0.audit.snapshots()) ?? [] }
            .reduce(0) { $0 + $1.sizeBytes }
        let blobBytes = try store.maintainedIndex.read { reader throws(SQLiteError) in
            try reader.blobBytes()
        }
        let copies = Int64(min(volumes.copies, volumes.readable.count))
        let (inBlobs, isTooMuch) = blobBytes.multipliedReportingOverflow(by: copies)
        let (sum, overflow) = (logBytes + snapshotBytes).addingReportingOverflow(inBlobs)
        return isTooMuch || overflow ? .max : sum
    }

    func run(_ progress: ProgressVisitor) throws -> ScrubState.FinishedPass {
        show()
        if !pass.isAmongBlobs {
            for volume in volumes.logVolumes { try readLog(of: volume, progress) }
            for volume in volumes.logVolumes { try readEarlyPayloads(of: volume, progress) }
            try readSnapshots(progress)
            pass.isAmongBlobs = true
        }
        try readBlobs(progress)
        try settle()
        let finished = ScrubState.FinishedPass(
            began: pass.began,
            ended: scrub.clock().milliseconds,
            bytes: pass.bytes,
            damaged: pass.damaged
        )
        scrub.store.damage.forget(unseenSince: WallTime(milliseconds: pass.began))
        scrub.keep { state in
            state.current = nil
            state.last = finished
            state.passes += 1
        }
        scrub.show { $0.isRunning = false }
        return finished
    }

    // MARK: - Pace, progress, resume point

    func spend(
        _ bytes: Int64,
        _ stage: MaintenanceProgress.Stage,
        _ progress: ProgressVisitor
    ) throws {
        pass.bytes += bytes
        unspentBytes += bytes
        guard unspentBytes >= Self.restBytes else { return }
        defer { unspentBytes = 0 }
        show()
        progress(
            MaintenanceProgress(stage: stage, bytes: pass.bytes, totalBytes: totalBytes)
        )
        let goesOn = pace.spend(unspentBytes, stop)
        if !goesOn || ContinuousClock.now - keptAt >= Self.keptEvery { try settle() }
        guard goesOn else { throw MaintenanceError.stopped }
    }

    private func show() {
        let (pass, total) = (pass, totalBytes)
        scrub.show { status in
            status.isRunning = true
            status.began = WallTime(milliseconds: pass.began)
            status.bytes = pass.bytes
            status.damaged = pass.damaged
            status.totalBytes = total
        }
    }

    /// Finds out whose bytes are damaged, and keeps how far the pass has come.
    func settle() throws {
        if !suspects.isEmpty { try settleSuspects() }
        if isNamingWanted {
            try scrub.store.lookAtDamageBlocking()
            isNamingWanted = false
        }
        let pass = pass
        // A place in the log that a power loss takes back would be none to go on from.
        try scrub.store.maintainedVolumes.flush()
        scrub.keep { $0.current = pass }
        keptAt = ContinuousClock.now
    }

    func list(_ record: DamageRecord) {
        pass.damaged += 1
        isNamingWanted = true
        guard scrub.store.damage.add(record) else { return }
        scrub.logger.error(
            "the scrub found damage",
            metadata: [
                "path": "\(record.path)", "offset": "\(record.offset ?? -1)",
                "kind": "\(record.kind.rawValue)",
            ]
        )
    }

    // MARK: - Logs

    private func readLog(of volume: Volume, _ progress: ProgressVisitor) throws {
        let name = volume.label.volumeID.description
        let place: Int
        if let found = pass.logs.firstIndex(where: { $0.volume == name }) {
            place = found
        } else {
            pass.logs.append(
                ScrubState.LogPlace(volume: name, position: volume.logStart.bytes)
            )
            place = pass.logs.count - 1
        }
        // Of what lies before, only payloads count.
        let begin = max(LogPosition(pass.logs[place].position), volume.replayStart)
        // What is appended meanwhile is for the next pass.
        var log = try volume.audit.log(from: begin, to: volume.logEnd, payloads: .verified)
        while let step = try next(&log, of: volume) {
            switch step {
            case .damage(let damage): note(damage, upTo: log.position, volume)
            case .record(let record): try check(record, volume)
            }
            pass.logs[place].position = log.position.bytes
            if case .record(let record) = step { try spend(record.bytes, .log, progress) }
            if suspects.count >= Self.suspectsMax { try settle() }
        }
        try settle()
        try coverDamage()
    }

    /// Has snapshots of the index made behind damaged records, so that nobody needs them any more.
    private func coverDamage() throws {
        guard !damagedRecords.isEmpty else { return }
        defer { damagedRecords = [] }
        do throws(StoreError) {
            _ = try scrub.store.coverDamage(damagedRecords)
        } catch .closed {
            throw MaintenanceError.stopped
        } catch {
            // It is tried again while the store is open, and by the next pass.
            scrub.logger.warning(
                "no snapshots made behind damaged records of the log",
                metadata: ["error": "\(error)"]
            )
        }
    }

    /// The next step; nil at the end, and where the log was given up behind the walk.
    private func next(_ log: inout LogAudit, of volume: Volume) throws -> LogAudit.Step? {
        do throws(VolumeError) {
            return try log.next()
        } catch .readFailed(let disk) {
            if log.position < volume.replayStart { return nil }
            list(
                DamageRecord(
                    found: scrub.clock(),
                    volume: volume.directory,
                    path: disk.path,
                    offset: nil,
                    kind: .unreadable,
                    place: .log(log.position)
                )
            )
            return nil
        }
    }

    private func note(_ damage: LogAudit.Damage, upTo end: LogPosition, _ volume: Volume) {
        // What was given up meanwhile is no damage.
        guard damage.position >= volume.replayStart else { return }
        list(
            DamageRecord(
                found: scrub.clock(),
                volume: volume.directory,
                path: damage.path,
                offset: damage.offset,
                kind: .logRecord,
                place: .log(damage.position)
            )
        )
        guard damage.kind == .record, end > damage.position else { return }
        if volumes.mendLog(damage.position..<end, on: volume) {
            scrub.store.damage.heal(path: damage.path, offset: damage.offset)
        } else {
            damagedRecords.append(damage)
        }
    }

    private func check(_ record: LogAudit.Record, _ volume: Volume) throws {
        guard record.payload == .damaged, let change = record.change else { return }
        guard try mayBeNeeded(change) else { return }
        suspects.append(Suspect(range: change.payloadRange, volume: volume))
    }

    /// Whether an object may need the payload of a record: freed ones are holes in the log.
    private func mayBeNeeded(_ record: ReplayedRecord) throws -> Bool {
        guard let change = try? Change(decoding: record.body) else { return true }
        guard case .putObject(let write) = change.operation else { return true }
        return try scrub.store.maintainedIndex.read { reader throws(SQLiteError) in
            try reader.holds(write.place, sequence: change.sequence)
        }
    }

    // MARK: - Blobs

    private func readBlobs(_ progress: ProgressVisitor) throws {
        var last = pass.blob.flatMap { UInt64($0, radix: 16) }.map(BlobID.init)
        while true {
            let after = last
            let page = try scrub.store.maintainedIndex.read { reader throws(SQLiteError) in
                try reader.blobs(after: after, limit: Self.pageMax)
            }
            guard let end = page.last else { return }
            for id in page {
                try readBlob(id, progress)
                pass.blob = id.number.digits
            }
            last = end
        }
    }

    private func readBlob(_ id: BlobID, _ progress: ProgressVisitor) throws {
        var copies = 0
        for volume in volumes.readable {
            do {
                try verify(id, on: volume, progress)
                copies += 1
            } catch VolumeError.blobMissing {
                continue
            } catch let error as VolumeError {
                copies += 1
                try note(error, id, volume)
            }
        }
        if copies == 0, let volume = volumes.readable.first {
            try note(.blobMissing(id), id, volume)
        } else if copies < volumes.possibleCopies, try isNeeded(id) {
            try volumes.wantCopies(of: id)
        }
    }

    private func isNeeded(_ id: BlobID) throws -> Bool {
        try scrub.store.maintainedIndex.read { reader throws(SQLiteError) in
            try reader.knowsBlob(id)
        }
    }

    /// Reads a blob, lists each damaged block, and has the copy written anew if there was one.
    private func verify(_ id: BlobID, on volume: Volume, _ progress: ProgressVisitor) throws {
        var blob = try volume.audit.blob(id)
        var damaged: [DamageRecord] = []
        while let step = try blob.next() {
            switch step {
            case .whole(let bytes): try spend(bytes, .blobs, progress)
            case .damaged(let offset, let bytes):
                let path = volume.audit.path(of: id)
                if let record = try list(.payloadDamaged(path: path, offset: offset), id, volume) {
                    damaged.append(record)
                }
                try spend(bytes, .blobs, progress)
            }
        }
        try mend(damaged, id, volume)
    }

    private func note(_ error: VolumeError, _ id: BlobID, _ volume: Volume) throws {
        guard let record = try list(error, id, volume) else { return }
        if case .blobMissing = error { return }
        try mend([record], id, volume)
    }

    /// Has a damaged copy of a blob written anew from another volume's.
    private func mend(_ damaged: [DamageRecord], _ id: BlobID, _ volume: Volume) throws {
        guard let first = damaged.first else { return }
        let damage = VolumeError.payloadDamaged(path: first.path, offset: first.offset ?? 0)
        let extent = Extent.blob(id, offset: 0, lengthBytes: 0)
        guard volumes.mend(extent, on: volume, damage) else { return }
        for record in damaged {
            scrub.store.damage.heal(path: record.path, offset: record.offset)
        }
    }

    /// Lists what is wrong with a blob; nil if nobody needs it any more.
    private func list(
        _ error: VolumeError,
        _ id: BlobID,
        _ volume: Volume
    ) throws -> DamageRecord? {
        let record = DamageRecord(
            error,
            reading: .blob(id, offset: 0, lengthBytes: 0),
            volume: volume.directory,
            blobPath: { volume.audit.path(of: $0) },
            now: scrub.clock()
        )
        guard let record, try isNeeded(id) else { return nil }
        list(record)
        return record
    }
}
