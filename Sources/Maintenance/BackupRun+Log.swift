import StorageFormats
import StorageModel
import Volumes

/// What was copied of the log is read again before it counts, and where it is not whole, copied from
/// another volume that holds the log.
extension BackupRun {
    /// Copies the log, from the first volume whose copy of it is whole.
    ///
    /// A payload that is damaged on all of them goes along by name; without a record, nothing after
    /// it could be restored, unless a snapshot holds it: then the earlier backup stays.
    ///
    /// What lies before `replayStart` is not walked over, since records may have been taken out
    /// there; of it the payloads are read that objects have.
    ///
    /// - Parameters:
    ///   - start: Where the log ends that an earlier backup has copied, and read; nil for none.
    ///   - progress: Told what was copied.
    /// - Returns: The first address of the log that was copied.
    /// - Throws: ``RecordsDamaged`` if no volume has every record; ``MaintenanceError``.
    func copyLog(
        from start: LogPosition?,
        _ progress: ProgressVisitor
    ) throws -> LogPosition {
        var best: CopiedLog?
        var isBestInPlace = false
        for holder in volumes.logVolumes {
            let copied = try copyLog(of: holder.audit, from: start, progress)
            isBestInPlace = copied.isBetter(than: best)
            if isBestInPlace { best = copied }
            if copied.faults.isEmpty { break }
        }
        guard var best else { throw MaintenanceError.store(.closed) }
        if !isBestInPlace { best = try copyLog(of: best.source, from: start, progress) }
        if let fault = best.faults.first(where: \.isOfRecord)?.told {
            throw RecordsDamaged(
                damage: best.damage,
                error: .volume(.damaged(path: fault.path, offset: fault.offset ?? 0))
            )
        }
        for fault in best.faults { note(fault) }
        try verifyEarlyPayloads(from: best.readStart, ofCopyOf: best.source)
        return best.start
    }

    /// What was copied of a volume's log.
    private struct CopiedLog {
        let source: VolumeAudit
        /// Its first address.
        let start: LogPosition
        /// From where on it was not read by an earlier backup.
        let readStart: LogPosition
        /// What is not whole in the copy.
        let faults: [DamagedPayload]
        /// The first record that is not, if it is known where it is.
        var damage: LogAudit.Damage?

        /// 0 if it is whole, 1 if payloads are not, 2 if records are missing.
        private var rank: Int {
            faults.isEmpty ? 0 : faults.contains(where: \.isOfRecord) ? 2 : 1
        }

        func isBetter(than other: CopiedLog?) -> Bool {
            guard let other else { return true }
            return rank < other.rank
        }
    }

    /// Copies one volume's log, and gives what is not whole in the copy.
    private func copyLog(
        of source: VolumeAudit,
        from start: LogPosition?,
        _ progress: ProgressVisitor
    ) throws -> CopiedLog {
        let first: LogPosition
        let readStart: LogPosition
        do throws(VolumeError) {
            let segments = try source.segments()
            first = segments.first?.first ?? volume.logStart
            let begin = max(start ?? first, first)
            // What has to be copied again is read again, with all that lies before it.
            if try !copy.holdsLog(segments, before: begin) { isLogRead = false }
            readStart = isLogRead ? begin : first
            try copySegments(of: source, from: begin, progress)
        } catch {
            let fault: Disagreement
            switch error {
            case .logDamaged(let path, let offset):
                fault = Disagreement(.logRecordUnreadable, path: path, offset: offset)
            case .readFailed(let disk) where disk.path.hasPrefix(source.directory + "/"):
                fault = Disagreement(.logRecordUnreadable, path: disk.path, detail: "\(disk)")
            default: throw error
            }
            return CopiedLog(
                source: source,
                start: volume.logStart,
                readStart: volume.logStart,
                faults: [DamagedPayload(told: fault)]
            )
        }
        if stop.isStopped { throw MaintenanceError.stopped }
        var damage: LogAudit.Damage?
        let faults = try faults(from: readStart, ofCopyOf: source, &damage)
        return CopiedLog(
            source: source,
            start: first,
            readStart: readStart,
            faults: faults,
            damage: damage
        )
    }

    /// Copies one volume's log until it ends, or the backup is told to stop.
    private func copySegments(
        of source: VolumeAudit,
        from begin: LogPosition,
        _ progress: ProgressVisitor
    ) throws(VolumeError) {
        let total = position.bytes - begin.bytes
        _ = try copy.copyLog(
            try source.segments(),
            from: source.files,
            begin..<max(begin, position),
            removingStrangeFrom: max(begin, replayStart)
        ) { bytes in
            copiedLogBytes += bytes
            progress(MaintenanceProgress(stage: .log, bytes: copiedLogBytes, totalBytes: total))
            return !stop.isStopped
        }
    }

    /// Reads what was copied, and names by the file that it was copied from what is not whole.
    private func faults(
        from begin: LogPosition,
        ofCopyOf source: VolumeAudit,
        _ damaged: inout LogAudit.Damage?
    ) throws -> [DamagedPayload] {
        var faults: [DamagedPayload] = []
        var log = try copiedAudit.log(
            from: max(begin, replayStart),
            to: position,
            payloads: .verified
        )
        while let step = try log.next() {
            if stop.isStopped { throw MaintenanceError.stopped }
            switch step {
            case .damage(let damage):
                let path = original(damage.path, of: source)
                damaged = damage.moved(to: path)
                let fault = Disagreement(.logRecordUnreadable, path: path, offset: damage.offset)
                return [DamagedPayload(told: fault)]
            case .record(let record) where record.payload == .damaged:
                if let extent = record.change?.extent,
                    try isMended(extent, path: record.path, offset: record.payloadOffset)
                {
                    continue
                }
                let fault = Disagreement(
                    .payloadDamaged,
                    path: original(record.path, of: source),
                    offset: record.payloadOffset
                )
                faults.append(DamagedPayload(told: fault, positions: record.change?.runs ?? []))
            case .record: break
            }
        }
        guard log.position >= position else {
            let path = source.directory + "/log"
            let offset = log.position.bytes
            let fault = Disagreement(.logRecordUnreadable, path: path, offset: offset)
            return [DamagedPayload(told: fault)]
        }
        return faults
    }

    /// The file of a volume's log that a file of the copy was made of.
    func original(_ path: String, of source: VolumeAudit) -> String {
        let name = path.utf8.dropFirst(copy.directory.utf8.count)
        return source.directory + String(decoding: name, as: UTF8.self)
    }

    /// Writes a payload that is damaged in the copy anew, of what is whole on any volume.
    ///
    /// - Returns: Whether every byte of it is somewhere.
    func isMended(_ extent: Extent, path: String, offset: Int64) throws -> Bool {
        var bytes = [UInt8](repeating: 0, count: Int(extent.lengthBytes))
        do throws(VolumeError) {
            let result = bytes.withUnsafeMutableBytes { buffer in
                Result { () throws(VolumeError) in
                    try volumes.read(
                        extent,
                        range: 0..<extent.lengthBytes,
                        into: buffer,
                        mode: .mayWait
                    )
                }
            }
            guard try result.get() == .complete else { return false }
        } catch {
            return false
        }
        let file = try fileSystem.open(path, .readWrite)
        try file.write(bytes, at: offset)
        try file.synchronizeData()
        return true
    }

    /// Whether the log that was copied, by this backup and by those before, ends as this one does.
    func checkCopy(_ last: BackupManifest.LastRecord) throws {
        guard last.position < position else { return }
        let copied = copiedAudit
        let found = try copied.record(at: last.position, in: try copied.segments())
        guard let found, found.checksum == last.checksum else {
            throw MaintenanceError.copyDamaged(path: copy.directory + "/log")
        }
    }

    var copiedAudit: VolumeAudit {
        VolumeAudit(label: label, directory: copy.directory, fileSystem: fileSystem)
    }
}

/// No volume has all records of the log whole.
struct RecordsDamaged: Error {
    /// The first that is not, if it is known where it is.
    let damage: LogAudit.Damage?
    /// What that is to those who asked for the backup.
    let error: MaintenanceError
}

extension DamagedPayload {
    /// Whether a record cannot be read, and with it none that follows.
    fileprivate var isOfRecord: Bool { told.kind != .payloadDamaged }
}
