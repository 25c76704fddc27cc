import DiskIO
import StorageFormats
import StorageModel

/// Where the log ends, found in its last segment when a volume is opened.
///
/// A crash leaves what was not flushed in any state: each of its sectors old or new. That is the last
/// batch, which nobody was told of, or with ``Durability/relaxed`` all batches since the last flush. So a
/// record that cannot be read is the end of the log — unless something shows that
/// it had been flushed before:
/// - a later record which says that all before an address beyond it was flushed (each record
///   says so of what was flushed when it was written, and ``Volume/close()`` writes a mark that says
///   so of all);
/// - the position that the index knew to be flushed, which is given.
///
/// Then it is damage, and nothing is cut. A payload that fails in a record known to be flushed is
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
        var suspects: [LogRecordHeader] = []
        var durable = LogPosition(0)
        var flushed = flushed
        while let header = try reader.next() {
            durable = max(durable, header.durablePosition)
            if durable > flushed {
                flushed = durable
                suspects.removeAll { $0.position < flushed }
            }
            if header.position >= flushed { suspects.append(header) }
        }
        var end = reader.position
        var previousChecksum = reader.previousChecksum ?? LogRecordHeader.chainStart
        guard try reader.evidence(beyond: end) == nil else {
            throw .logDamaged(path: reader.file.path, offset: end.bytes - reader.first.bytes)
        }
        // Of what was flushed, payloads are checked when they are read.
        for header in suspects {
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
        unflushed = min(durable, end)
        self.previousChecksum = previousChecksum
        hasLitter = !(try reader.isZero(from: end))
    }
}
