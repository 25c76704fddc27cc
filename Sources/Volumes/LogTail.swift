import DiskIO
import StorageFormats
import StorageModel

/// Where the log ends, found in its last segment when a volume is opened.
///
/// A crash leaves the last batch, which nobody was told of, in any state: each of its sectors old
/// or new. So a record that cannot be read is the end of the log — unless something shows that
/// it had been flushed before:
/// - a later record which says that all before an address beyond it was flushed (each record
///   says so of its batch's beginning, and ``Volume/close()`` writes a mark that says so of all);
/// - the position that the index had applied, which is given.
///
/// Then it is damage, and nothing is cut. A payload that fails in a batch known to be flushed is
/// the concern of whoever reads that object and does not end the log.
struct LogTail {
    /// The address after the last record.
    let end: LogPosition
    /// The address from which on nothing in the log says that it was flushed; ``end`` at most.
    let unflushed: LogPosition
    /// The checksum that the next record names.
    let previousChecksum: UInt64
    /// Whether anything but zeros follows the end.
    let hasLitter: Bool

    /// Finds the end.
    ///
    /// - Parameters:
    ///   - reader: Reads the last segment from its first record.
    ///   - flushed: A position that is known to have been flushed.
    /// - Throws: `.logDamaged` with the place that cannot be read.
    init(_ reader: inout LogReader, flushed: LogPosition) throws(VolumeError) {
        var lastBatch: [LogRecordHeader] = []
        while let header = try reader.next() {
            if header.durablePosition != lastBatch.first?.durablePosition {
                lastBatch.removeAll(keepingCapacity: true)
            }
            lastBatch.append(header)
        }
        var end = reader.position
        var previousChecksum = reader.previousChecksum ?? LogRecordHeader.chainStart
        guard try reader.evidence(beyond: end) == nil else {
            throw .logDamaged(path: reader.file.path, offset: end.bytes - reader.first.bytes)
        }
        for header in lastBatch {
            // What the index applied was flushed: its payload is checked when it is read.
            if header.position < flushed { continue }
            guard try reader.hasWholePayload(header) else {
                end = header.position
                previousChecksum = header.previousChecksum
                break
            }
        }
        guard end >= flushed else {
            throw .logDamaged(path: reader.file.path, offset: end.bytes - reader.first.bytes)
        }
        self.end = end
        unflushed = min(lastBatch.first?.durablePosition ?? end, end)
        self.previousChecksum = previousChecksum
        hasLitter = !(try reader.isZero(from: end))
    }
}
