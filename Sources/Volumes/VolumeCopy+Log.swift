import DiskIO
import StorageFormats
import StorageModel

extension VolumeCopy {
    /// Ends the copied log at an address, for good: what lies behind it is removed.
    ///
    /// - Parameter end: The end of a record, or of a segment's header.
    /// - Throws: `.readFailed`, `.outOfSpace`, `.writeFailed`.
    public func cutLog(at end: LogPosition) throws(VolumeError) {
        let names = try reading { () throws(DiskError) in try fileSystem.list(layout.log) }
        let segments = names.compactMap(VolumeLayout.segmentPosition).sorted()
        try writing { () throws(DiskError) in
            for first in segments where first >= end {
                try fileSystem.remove(layout.segment(first))
            }
            guard let last = segments.last(where: { $0 < end }) else { return }
            let file = try fileSystem.open(layout.segment(last), .readWrite)
            try file.truncate(to: end.bytes - last.bytes)
            try file.synchronizeData()
        }
        try synchronizeLog()
    }

    /// Begins a segment where the copied log ends, so that a damaged one is not the last.
    ///
    /// - Parameters:
    ///   - end: The end of the log.
    ///   - volumeID: The identifier that the log carries.
    ///   - previousChecksum: That of the last record.
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    public func beginSegment(
        at end: LogPosition,
        volumeID: UniqueID,
        previousChecksum: UInt64
    ) throws(VolumeError) {
        let header = LogSegmentHeader(
            volumeID: volumeID,
            firstPosition: end,
            previousChecksum: previousChecksum
        )
        try writing { () throws(DiskError) in
            _ = try AtomicPublish.publish(
                header.encoded(),
                as: layout.segment(end),
                in: layout.log,
                fileSystem
            )
        }
    }
}
