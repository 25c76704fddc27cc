import StorageModel

/// Where a log ends and how it goes on from there; equal on all volumes that hold it.
struct LogTip: Hashable, Sendable {
    /// Where the last segment begins.
    let first: LogPosition
    /// The address after the last record.
    let end: LogPosition
    /// The checksum that the next record names.
    let previousChecksum: UInt64
    /// The length of the last segment's file, in bytes; what is after the end is zeros.
    let sizeBytes: Int64
}

extension LogWriter {
    /// Where the log ends.
    var tip: LogTip {
        LogTip(
            first: first,
            end: end,
            previousChecksum: previousChecksum,
            sizeBytes: sizeBytes
        )
    }
}
