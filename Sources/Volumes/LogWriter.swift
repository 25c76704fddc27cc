import DiskIO
import StorageFormats
import StorageModel

/// Appends batches of records to the last segment of a log: one write each, and one flush unless that
/// comes later.
///
/// Invariants:
/// - All records before `end` are written, and flushed unless `isUnflushed`; nothing after it counts.
/// - All segments before the last are flushed.
/// - `file` holds `sizeBytes` bytes, those after `end` zeros, or is cut before the next write.
struct LogWriter {
    let layout: VolumeLayout
    let fileSystem: any FileSystem
    let volumeID: UniqueID
    let segmentBytesMax: Int64
    var file: any OpenFile
    var first: LogPosition
    var end: LogPosition
    var sizeBytes: Int64
    var previousChecksum: UInt64
    /// Whether records were appended since the last mark.
    var needsMark: Bool
    let health: VolumeHealth
    /// Whether records were appended to be flushed later, and were not flushed from here since.
    private var isUnflushed = false
    private var buffer: [UInt8] = []

    /// Small batches write so many zeros ahead of the log, so that the flushes after them find the
    /// file's length and blocks unchanged and need no commit of the file system's journal.
    ///
    /// Measured on ext4 (NVMe-backed, one thread, appends of 4.2 KB, fdatasync each): no
    /// preallocation 15.9 k/s, `fallocate` with or without KEEP_SIZE 13–17 k/s (the blocks must
    /// still be marked as written), zeros ahead by 256 KiB 23–31 k/s, by 1 MiB 23–25, by 4 MiB
    /// 20–21. At 16.5 KB: 13–15 against 18–22 k/s. At 66 KB and more there is no gain, since all
    /// bytes are written twice.
    ///
    /// Under the load of 32 writers of 4 KiB, whose batches have 50 to 70 KB: 512 KiB for batches of up to
    /// 128 KiB against 256 KiB for those of up to 48 KiB, 328 against 442 µs for write and flush and 9 %
    /// more PUTs.
    private static let zerosAhead = [UInt8](repeating: 0, count: 512 << 10)
    /// Batches of fewer bytes write zeros ahead.
    private static let zerosAheadBatchBytes: Int64 = 128 << 10
    /// A buffer that grew beyond this for one batch is given back.
    private static let keptBufferBytes = 16 << 20

    init(
        layout: VolumeLayout,
        fileSystem: any FileSystem,
        volumeID: UniqueID,
        segmentBytesMax: Int64,
        health: VolumeHealth,
        file: any OpenFile,
        tip: LogTip
    ) {
        self.health = health
        self.layout = layout
        self.fileSystem = fileSystem
        self.volumeID = volumeID
        self.segmentBytesMax = segmentBytesMax
        self.file = file
        first = tip.first
        end = tip.end
        sizeBytes = tip.sizeBytes
        previousChecksum = tip.previousChecksum
        self.needsMark = true
    }

    /// Writes a batch, and makes it durable if that is asked for.
    ///
    /// - Parameters:
    ///   - kind: What the records are.
    ///   - records: The batch, which goes into one segment.
    ///   - position: Where the caller expects the first of them to go.
    ///   - flush: Whether they are durable on return.
    ///   - onNewSegment: Called when a new segment is begun, since the batch needs one.
    ///   - work: Called once the batch is written, while the disk has it written out.
    /// - Returns: Where each record went, or that they would have gone elsewhere than expected.
    /// - Throws: ``VolumeError``; none of the batch counts then.
    mutating func append(
        _ kind: LogRecordHeader.Kind,
        _ records: [LogRecord],
        at position: LogPosition,
        _ flush: LogFlush,
        onNewSegment: (SegmentTable.Segment) -> Void,
        meanwhile work: () -> Void
    ) throws(VolumeError) -> AppendOutcome {
        try health.checkWritable()
        for record in records {
            guard record.body.count <= LogRecord.bodyBytesMax,
                record.payload.bytes.count <= LogRecord.payloadBytesMax
            else { throw .recordTooLong }
        }
        if needsSegment(for: records) { onNewSegment(try beginSegment()) }
        guard position == end else { return .moved }
        let durable: LogPosition
        switch flush {
        case .now:
            if isUnflushed { try self.flush() }
            durable = end
        case .later(let flushed): durable = flushed
        }
        let (appended, checksum) = encode(kind, records, durable: durable)
        try write(flush)
        switch flush {
        case .now:
            try startWriteback()
            work()
            try self.flush()
        case .later:
            isUnflushed = true
            work()
        }
        end = appended.last?.end ?? end
        previousChecksum = checksum
        needsMark = kind == .change
        if buffer.capacity > Self.keptBufferBytes { buffer = [] }
        return .appended(appended)
    }

    /// Whether a batch does not fit into the last segment.
    func needsSegment(for records: [LogRecord]) -> Bool {
        let batchBytes = records.reduce(Int64(0)) { bytes, record in
            bytes
                + Int64(
                    LogRecordHeader.recordBytes(
                        bodyBytes: record.body.count,
                        payloadBytes: record.payload.bytes.count
                    )
                )
        }
        let used = end.bytes - first.bytes
        return used + batchBytes > segmentBytesMax && used > Int64(LogSegmentHeader.encodedBytes)
    }

    /// Goes on in a new segment, unless the present one holds no record.
    ///
    /// - Throws: ``VolumeError``, as ``append(_:_:at:onNewSegment:)``.
    mutating func beginSegment(
        onNewSegment: (SegmentTable.Segment) -> Void
    ) throws(VolumeError) {
        try health.checkWritable()
        guard end.bytes - first.bytes > Int64(LogSegmentHeader.encodedBytes) else { return }
        onNewSegment(try beginSegment())
    }

    /// Fills the buffer with a batch.
    private mutating func encode(
        _ kind: LogRecordHeader.Kind,
        _ records: [LogRecord],
        durable: LogPosition
    ) -> ([AppendedRecord], checksum: UInt64) {
        buffer.removeAll(keepingCapacity: true)
        var checksum = previousChecksum
        var appended: [AppendedRecord] = []
        appended.reserveCapacity(records.count)
        for record in records {
            let position = LogPosition(end.bytes + Int64(buffer.count))
            let place = LogRecordPlace(
                position: position,
                durablePosition: durable,
                previousChecksum: checksum,
                volumeID: volumeID
            )
            checksum = LogRecordHeader.append(
                kind,
                at: place,
                body: record.body,
                payloadBytes: record.payload.bytes.count,
                blockChecksums: record.payload.blockChecksums,
                to: &buffer
            )
            let payload = LogPosition(end.bytes + Int64(buffer.count))
            buffer += record.payload.bytes
            appended.append(
                AppendedRecord(
                    position: position,
                    payloadPosition: payload,
                    end: LogPosition(end.bytes + Int64(buffer.count)),
                    checksum: checksum
                )
            )
        }
        return (appended, checksum)
    }

    private mutating func write(_ flush: LogFlush) throws(VolumeError) {
        let offset = end.bytes - first.bytes
        let batchEnd = offset + Int64(buffer.count)
        do throws(DiskError) {
            if flush == .now, batchEnd > sizeBytes,
                Int64(buffer.count) < Self.zerosAheadBatchBytes
            {
                do throws(DiskError) {
                    try write(buffer, then: Self.zerosAhead, at: offset)
                    sizeBytes = batchEnd + Int64(Self.zerosAhead.count)
                    return
                } catch  where error.code == .outOfSpace {
                    // The batch alone may still fit.
                    try file.truncate(to: offset)
                    sizeBytes = offset
                }
            }
            try write(buffer, then: [], at: offset)
            sizeBytes = max(sizeBytes, batchEnd)
        } catch {
            try cutBack(to: offset)
            throw VolumeError(writing: error)
        }
    }

    private func write(_ bytes: [UInt8], then more: [UInt8], at offset: Int64)
        throws(DiskError)
    {
        let result = bytes.withUnsafeBytes { first in
            more.withUnsafeBytes { second -> Result<Void, DiskError> in
                do throws(DiskError) {
                    return .success(try file.write([first, second], at: offset))
                } catch {
                    return .failure(error)
                }
            }
        }
        try result.get()
    }

    /// Takes away what a failed write left, on the disk too: whole records of a batch that was
    /// refused would come back after a power loss, and name blobs that were removed since.
    private mutating func cutBack(to offset: Int64) throws(VolumeError) {
        do throws(DiskError) {
            try file.truncate(to: offset)
            sizeBytes = offset
        } catch {
            health.fail()
            throw .volumeFailed
        }
        try health.synchronize(file)
    }

    /// Has the system write the batch out, so that the disk works until the flush waits for it.
    private func startWriteback() throws(VolumeError) {
        let offset = end.bytes - first.bytes
        try health.startWriteback(file, offset..<offset + Int64(buffer.count))
    }

    private mutating func flush() throws(VolumeError) {
        try health.synchronize(file)
        isUnflushed = false
    }

    /// Goes on in a new segment, which is on the disk, header and name, when this returns, after all
    /// that was before it.
    private mutating func beginSegment() throws(VolumeError) -> SegmentTable.Segment {
        if isUnflushed { try flush() }
        let header = LogSegmentHeader(
            volumeID: volumeID,
            firstPosition: end,
            previousChecksum: previousChecksum
        )
        let path = layout.segment(end)
        let file: any OpenFile
        do throws(DiskError) {
            file = try AtomicPublish.publish(
                header.encoded(),
                as: path,
                in: layout.log,
                fileSystem
            )
        } catch {
            // Once the name may have been written, it is not known what a restart would find.
            guard error.operation != .synchronizeDirectory else {
                health.fail()
                throw .volumeFailed
            }
            throw VolumeError(writing: error)
        }
        // Only gives back the zeros ahead; a reader stops where the next segment begins.
        try? self.file.truncate(to: end.bytes - first.bytes)
        self.file = file
        first = end
        end = LogPosition(end.bytes + Int64(LogSegmentHeader.encodedBytes))
        sizeBytes = Int64(LogSegmentHeader.encodedBytes)
        return SegmentTable.Segment(first: first, path: path, file: file)
    }
}
