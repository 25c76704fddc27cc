import StorageFormats
import StorageModel

/// Reads the changes of a log in order; see ``Volume/cursor(from:)``.
public struct LogCursor {
    private let segments: SegmentTable
    private let volumeID: UniqueID
    private let end: LogPosition
    /// Where the next record is; the end of all that were given.
    public private(set) var position: LogPosition
    private var reader: LogReader?
    /// Where the segment that is being read ends; `nil` in the last.
    private var segmentEnd: LogPosition?
    private var previousChecksum: UInt64?

    init(segments: SegmentTable, volumeID: UniqueID, position: LogPosition, end: LogPosition) {
        self.segments = segments
        self.volumeID = volumeID
        self.position = position
        self.end = end
    }

    /// The next change; `nil` at the end.
    ///
    /// - Throws: ``VolumeError``: `.logDamaged`, `.logPositionInvalid`, `.logBeginsLater`,
    ///   `.readFailed`.
    public mutating func next() throws(VolumeError) -> ReplayedRecord? {
        while position < end {
            if reader == nil {
                try openSegment()
                // A segment may have no record yet.
                continue
            }
            guard let header = try reader?.next() else { throw damage() }
            previousChecksum = header.checksum
            let place = LogPosition(header.position.bytes + Int64(header.recordBytes))
            let record = reader?.replayed(header)
            position = place
            if position == segmentEnd { reader = nil }
            if header.kind == .change { return record }
        }
        return nil
    }

    private mutating func openSegment() throws(VolumeError) {
        guard let segment = try segments.segment(at: position, mode: .mayWait) else {
            throw .logPositionInvalid(position)
        }
        let start = LogPosition(segment.first.bytes + Int64(LogSegmentHeader.encodedBytes))
        if position == segment.first { position = start }
        guard position >= start, position.bytes.isMultiple(of: 8) else {
            throw .logPositionInvalid(position)
        }
        segmentEnd = segment.end
        reader = LogReader(
            file: segment.file,
            first: segment.first,
            volumeID: volumeID,
            limit: min(end, segment.end ?? end),
            position: position,
            previousChecksum: previousChecksum
        )
    }

    private func damage() -> VolumeError {
        guard let reader else { return .logPositionInvalid(position) }
        return .logDamaged(
            path: reader.file.path,
            offset: position.bytes - reader.first.bytes
        )
    }
}
