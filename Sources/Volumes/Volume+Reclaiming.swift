import DiskIO
import StorageModel

// Giving room of the log back to the disk. Which bytes nothing names any more is for the caller to
// know; see docs/formats/log.md, "Cleaning".

extension Volume {
    /// The segments that take no more records, in order.
    ///
    /// Never waits.
    public var sealedSegments: [LogSegment] { segments.sealed }

    /// The first address of the segment that records are appended to.
    ///
    /// Never waits.
    public var activeSegment: LogPosition { segments.active }

    /// The first address of the segment that holds an address, or of the last one before it.
    ///
    /// Never waits; some ten nanoseconds.
    public func segmentStart(of position: LogPosition) -> LogPosition {
        segments.start(of: position)
    }

    /// What a segment takes on the disk, in bytes; 0 if it is gone.
    ///
    /// - Throws: `.readFailed`.
    public func allocatedBytes(ofSegment first: LogPosition) throws(VolumeError) -> Int64 {
        do throws(DiskError) {
            return try fileSystem.status(layout.segment(first))?.allocatedBytes ?? 0
        } catch {
            throw .readFailed(error)
        }
    }

    /// Ends the segment that records are appended to, so that it can be cleaned; the next record
    /// goes into a new one.
    ///
    /// Does nothing if it holds no record.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.volumeFailed`, `.closed`.
    public func beginSegment() throws(VolumeError) {
        try writer.withLock { writer throws(VolumeError) in
            defer { end.store(writer?.end.bytes ?? 0, ordering: .releasing) }
            guard writer != nil else { throw .volumeFailed }
            try writer?.beginSegment(onNewSegment: segments.append)
        }
    }

    /// Takes a segment out of the log: one that lies before ``cleanLimit`` and that nothing names.
    ///
    /// Those who are reading from it read on.
    ///
    /// - Throws: `.writeFailed`; the segment may then be there or not.
    public func removeSegment(_ segment: LogSegment) throws(VolumeError) {
        checkCleanable(segment)
        do throws(DiskError) {
            try fileSystem.remove(layout.segment(segment.first))
        } catch  where error.code == .notFound {
            // Removed before, by a call that failed all the same.
        } catch {
            throw .writeFailed(error)
        }
        segments.remove(segment.first)
    }

    /// Gives the blocks of some ranges of a segment back to the disk; they read as zeros from then
    /// on, and the addresses of the rest stay.
    ///
    /// - Parameters:
    ///   - ranges: Within the segment, behind its header; the last may go beyond its end.
    ///   - segment: One that lies before ``cleanLimit``.
    /// - Throws: `.writeFailed`, with the code `.unsupported` where the file system cannot do this.
    public func punch(
        _ ranges: [Range<LogPosition>],
        of segment: LogSegment
    ) throws(VolumeError) {
        checkCleanable(segment)
        do throws(DiskError) {
            let file = try fileSystem.open(layout.segment(segment.first), .readWrite)
            for range in ranges {
                let start = range.lowerBound.bytes - segment.first.bytes
                precondition(start >= 64, "the header of a segment stays")
                try file.punchHole(start..<range.upperBound.bytes - segment.first.bytes)
            }
        } catch {
            throw .writeFailed(error)
        }
    }

    private func checkCleanable(_ segment: LogSegment) {
        guard let limit = cleanLimit else { preconditionFailure("two snapshots come first") }
        precondition(segment.end <= limit, "what a replay needs stays in the log")
    }
}
