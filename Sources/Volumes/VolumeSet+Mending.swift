import DiskIO
import StorageModel

extension VolumeSet {
    /// Bytes that are copied at a time.
    private static let pieceBytes = 1 << 20

    /// Writes what a volume holds damaged of an extent anew, from the others; does nothing for a lone
    /// volume.
    ///
    /// - Parameters:
    ///   - extent: What is damaged, or a part of the blob that is.
    ///   - volume: Whose copy is damaged.
    ///   - damage: What was found.
    /// - Returns: Whether the copy is whole again.
    package func mend(_ extent: Extent, on volume: Volume, _ damage: VolumeError) -> Bool {
        guard let member = members.first(where: { $0.volume === volume }), members.count > 1 else {
            return false
        }
        noteReadFailure(of: member, extent, damage)
        return heal(extent, [(member, damage)]) > 0
    }

    /// Writes records of the log that a volume holds damaged anew, from another volume that has them
    /// whole; does nothing for a lone volume.
    ///
    /// - Parameters:
    ///   - range: From the end of a whole record to the beginning of another, or to the end of a
    ///     segment; all of it was appended before.
    ///   - volume: Whose records are damaged.
    /// - Returns: Whether the copy is whole again.
    package func mendLog(_ range: Range<LogPosition>, on volume: Volume) -> Bool {
        for other in logVolumes where other !== volume {
            if (try? copyRecords(range, from: other, to: volume)) == true { return true }
        }
        return false
    }

    /// Copies records, but for payloads that the source has damaged; false if a record cannot be read.
    private func copyRecords(
        _ range: Range<LogPosition>,
        from source: Volume,
        to target: Volume
    ) throws(VolumeError) -> Bool {
        var log = try source.audit.log(
            from: range.lowerBound,
            to: range.upperBound,
            payloads: .verified
        )
        var isCopied = false
        while log.position < range.upperBound, let step = try log.next() {
            guard case .record(let record) = step else { return false }
            let end = log.position
            let start = LogPosition(end.bytes - record.recordBytes)
            let isWhole = record.payload == .whole
            let count = isWhole ? record.recordBytes : record.metadataBytes
            try copyBytes(start, count, from: source, to: target)
            isCopied = true
        }
        return isCopied && log.position >= range.upperBound
    }

    private func copyBytes(
        _ start: LogPosition,
        _ count: Int64,
        from source: Volume,
        to target: Volume
    ) throws(VolumeError) {
        guard let segment = try source.segments.segment(at: start, mode: .mayWait) else {
            throw .logPositionInvalid(start)
        }
        var done: Int64 = 0
        while done < count {
            let offset = start.bytes - segment.first.bytes + done
            let bytes: [UInt8]
            do throws(DiskError) {
                let length = min(Int64(Self.pieceBytes), count - done)
                bytes = try segment.file.read(Int(length), at: offset)
            } catch {
                throw .readFailed(error)
            }
            guard !bytes.isEmpty else { throw .logPositionInvalid(start) }
            try target.rewriteLog(bytes, at: LogPosition(start.bytes + done))
            done += Int64(bytes.count)
        }
    }

    /// Notes that fewer volumes than wanted hold a blob; the next repair copies it.
    ///
    /// - Throws: `.volumeFailed` if no volume is left that can keep that in writing.
    package func wantCopies(of id: BlobID) throws(VolumeError) {
        let isNoted = standing.withLock { standing in
            guard standing.thin.count >= Self.thinBlobsMax else { return false }
            standing.isCensusWanted = true
            return true
        }
        if !isNoted { try noteThin(id) }
    }

    /// Whether a blob can be on more than one volume.
    ///
    /// Never waits.
    package var canSpread: Bool { possibleCopies > 1 }

    /// On how many volumes a blob can be, at most as many as wanted.
    package var possibleCopies: Int { min(copies, members.count { $0.writable != nil }) }
}
