import DiskIO
import StorageFormats
import StorageModel

/// When records that are appended become durable.
public enum LogFlush: Hashable, Sendable {
    /// Before the append returns.
    case now
    /// With a later flush; what is before a position has been flushed on every volume that holds the
    /// log, which the records say of themselves.
    case later(flushed: LogPosition)
}

extension Volume {
    /// Makes all records durable that were appended before the call; appends go on meanwhile.
    ///
    /// - Throws: `.volumeFailed`, `.closed`. After a flush that failed the volume takes no more writes:
    ///   the kernel may have dropped what it could not write.
    func flushLog() throws(VolumeError) {
        // Segments before the last were flushed when it began.
        guard let file = writer.withLock({ $0?.file }) else { throw .volumeFailed }
        try health.synchronize(file)
    }

    /// Whether a batch would begin a new segment of the log.
    func needsSegment(for records: [LogRecord]) -> Bool {
        writer.withLock { $0?.needsSegment(for: records) ?? false }
    }

    /// The checksum of the last record before an address, which hangs on all records before it.
    ///
    /// - Parameter position: The end of a record.
    /// - Returns: `nil` if no record is known to end there.
    /// - Throws: `.logBeginsLater`, `.logSegmentMissing`, `.readFailed`.
    func chain(at position: LogPosition) throws(VolumeError) -> UInt64? {
        let tip = logTip
        if let tip, tip.end == position { return tip.previousChecksum }
        guard let segment = try segments.segment(at: position, mode: .mayWait) else { return nil }
        if segment.first == position {
            let header: [UInt8]
            do throws(DiskError) {
                header = try segment.file.read(LogSegmentHeader.encodedBytes, at: 0)
            } catch {
                throw .readFailed(error)
            }
            return header.withUnsafeBytes { try? LogSegmentHeader(decoding: $0) }?.previousChecksum
        }
        guard position.bytes - segment.first.bytes >= Int64(LogSegmentHeader.encodedBytes) else {
            return nil
        }
        var reader = LogReader(
            file: segment.file,
            first: segment.first,
            volumeID: originID,
            limit: segment.end ?? tip?.end ?? position,
            position: position,
            previousChecksum: nil
        )
        return try reader.record(at: position)?.previousChecksum
    }
}
