import DiskIO
import StorageFormats
import StorageModel

/// Finds where a log ends, in its last segment; past damaged records, if an index holds what they said.
///
/// A record that cannot be read hides none behind it from an index that has come further: if a record
/// that ends where the index has come to has the checksum that the index knows, which hangs on all
/// records before, then nothing is missing in the index. Otherwise the damage is thrown, and nothing is
/// guessed.
struct LogEnding {
    /// What was found.
    struct Found {
        let tail: LogTail
        /// From there on nothing is known to be flushed; the end of the log at most.
        let unflushed: LogPosition
        /// The places that were passed over, in order.
        let passed: [LogAudit.Damage]
    }

    /// The last segment.
    let segment: VolumeAudit.Segment
    let file: any OpenFile
    let volumeID: UniqueID
    let fileSystem: any FileSystem
    /// The checksum that the first record names; `nil` takes what it says.
    let previousChecksum: UInt64?
    /// A position that is known to have been flushed.
    let flushed: LogPosition
    /// How far indexes have come, those first that are tried first.
    let applied: [AppliedPosition]

    private var start: LogPosition {
        LogPosition(segment.first.bytes + Int64(LogSegmentHeader.encodedBytes))
    }
    private var fileEnd: LogPosition { LogPosition(segment.first.bytes + segment.sizeBytes) }

    /// Finds the end.
    ///
    /// - Throws: `.logDamaged` with the first place that cannot be read and that no index has behind it;
    ///   `.readFailed`.
    func find() throws(VolumeError) -> Found {
        var reader = reader(from: start, previousChecksum)
        do throws(VolumeError) {
            let tail = try LogTail(&reader, flushed: flushed)
            return Found(tail: tail, unflushed: tail.unflushed, passed: [])
        } catch {
            guard error.isOfLogBytes else { throw error }
            for known in applied { if let found = try pass(upTo: known) { return found } }
            throw error
        }
    }

    /// Passes over what is damaged before a position; nil if the log does not go on there as the index
    /// says.
    private func pass(upTo known: AppliedPosition) throws(VolumeError) -> Found? {
        guard known.position > start, known.position <= fileEnd else { return nil }
        var walk = LogAudit(
            segments: [segment],
            volumeID: volumeID,
            fileSystem: fileSystem,
            start: segment.first,
            end: known.position,
            payloads: .skipped
        )
        var passed: [LogAudit.Damage] = []
        while let step = try walk.next() {
            if case .damage(let damage) = step { passed.append(damage) }
        }
        guard let last = passed.last else { return nil }
        var chain = walk.chain
        if chain == nil { chain = try checksum(namedAt: known.position) }
        if chain == nil, isLastRecord(known, at: last) { chain = known.chain }
        guard let chain, known.chain ?? chain == chain else { return nil }
        var reader = reader(from: known.position, chain)
        do throws(VolumeError) {
            let tail = try LogTail(&reader, flushed: flushed)
            let unflushed = max(tail.unflushed, min(flushed, tail.end))
            return Found(tail: tail, unflushed: unflushed, passed: passed)
        } catch {
            guard error.isOfLogBytes else { throw error }
            return nil
        }
    }

    /// What the record at an address names as the checksum of the one before; nil if there is none.
    private func checksum(namedAt position: LogPosition) throws(VolumeError) -> UInt64? {
        var reader = reader(from: position, nil)
        return try reader.record(at: position)?.previousChecksum
    }

    /// Whether what is left of a damaged record, after which there is none, shows that it is the one that
    /// the index has come to: its checksum field, or all that the checksum is of, is as it was.
    private func isLastRecord(
        _ known: AppliedPosition,
        at damage: LogAudit.Damage
    ) -> Bool {
        guard let chain = known.chain else { return false }
        let length = known.position.bytes - damage.position.bytes
        guard length >= Int64(LogRecordHeader.encodedBytes) else { return false }
        let most = Int64(LogRecordHeader.lengthBytesMax) * 2
        let bytes = file.readablePart(of: Int(min(length, most)), at: damage.offset)
        return (bytes ?? []).withUnsafeBytes { bytes in
            guard bytes.count >= LogRecordHeader.encodedBytes else { return false }
            if LogRecordHeader.storedChecksum(in: bytes) == chain { return true }
            guard let header = try? LogRecordHeader(decoding: bytes),
                header.position == damage.position, Int64(header.recordBytes) == length,
                header.metadataBytes <= bytes.count
            else { return false }
            let metadata = UnsafeRawBufferPointer(rebasing: bytes[..<header.metadataBytes])
            return LogRecordHeader.checksum(of: metadata, volumeID: volumeID) == chain
        }
    }

    private func reader(from position: LogPosition, _ previousChecksum: UInt64?) -> LogReader {
        LogReader(
            file: file,
            first: segment.first,
            volumeID: volumeID,
            limit: fileEnd,
            position: position,
            previousChecksum: previousChecksum
        )
    }
}

extension VolumeError {
    /// Whether bytes of the log, or of its snapshots, are not what was written, or cannot be read, while the
    /// disk may be well.
    var isOfLogBytes: Bool {
        switch self {
        case .logDamaged, .snapshotsMissing: true
        case .readFailed(let disk): disk.code == .inputOutput
        case .inUse, .labelMissing, .labelInvalid, .versionUnknown, .foreign, .membershipInvalid,
            .membershipSplit, .volumeTwice, .volumeForgotten, .logUnavailable, .copiesInvalid,
            .logSegmentMissing,
            .logTooShort, .logBeginsLater, .logPositionInvalid, .recordTooLong, .blobsMissing,
            .blobMissing,
            .blobInvalid, .payloadDamaged, .rangeInvalid, .blobWriterClosed, .outOfSpace,
            .writeFailed, .volumeFailed, .closed:
            false
        }
    }
}
