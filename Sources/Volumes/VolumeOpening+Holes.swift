import DiskIO
import StorageFormats
import StorageModel

// A log that has all its segments, of which cleaning gave blocks back. Snapshots of the index hold what the
// records in them said, and where none is there any more nothing else says so: the files are looked at.

extension VolumeOpening {
    /// The ends of those sealed segments that lack records, as cleaning leaves them.
    ///
    /// Only files are read that take less on the disk than their length, which is also so on a disk
    /// that compresses: a hole is where no record is.
    ///
    /// - Throws: `.readFailed` if the disk does not tell.
    func holedEnds(
        of segments: [SegmentTable.Segment],
        _ originID: UniqueID
    ) throws(VolumeError) -> [LogPosition] {
        var ends: [LogPosition] = []
        for (segment, next) in zip(segments, segments.dropFirst()) {
            let status: FileStatus?
            do throws(DiskError) { status = try fileSystem.status(segment.path) } catch {
                throw .readFailed(error)
            }
            guard let status, status.allocatedBytes < status.sizeBytes else { continue }
            let end = min(next.first, LogPosition(segment.first.bytes + status.sizeBytes))
            if lacksRecords(segment, status.sizeBytes, end, originID) { ends.append(end) }
        }
        return ends
    }

    private func lacksRecords(
        _ segment: SegmentTable.Segment,
        _ sizeBytes: Int64,
        _ end: LogPosition,
        _ originID: UniqueID
    ) -> Bool {
        let file = VolumeAudit.Segment(
            first: segment.first,
            path: segment.path,
            sizeBytes: sizeBytes
        )
        var log = LogAudit(
            segments: [file],
            volumeID: originID,
            fileSystem: fileSystem,
            start: nil,
            end: end,
            payloads: .skipped
        )
        do throws(VolumeError) {
            while let step = try log.next() {
                if case .damage = step { return true }
            }
            return false
        } catch {
            // What cannot be read is as good as a hole.
            return true
        }
    }
}

extension VolumeSet {
    /// Whether something was taken out of the log, as far as the lengths of its files tell.
    public var looksCleaned: Bool {
        logVolumes.contains { volume in
            volume.logStart > LogPosition(0)
                || volume.sealedSegments.contains { segment in
                    // One that the disk does not tell of is found by whoever reads it.
                    let allocated = try? volume.allocatedBytes(ofSegment: segment.first)
                    return (allocated ?? segment.lengthBytes) < segment.lengthBytes
                }
        }
    }
}
