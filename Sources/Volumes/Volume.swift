import DiskIO
import StorageFormats
import StorageModel
import Synchronization

/// One directory on one disk that holds a log and blobs.
///
/// Every method may wait for the disk unless it says otherwise; call them from threads that may.
/// All of them may be called from any number of threads; appends go one after the other.
///
/// State: the writer, guarded by `writer`; what is open for reading, in `segments` and `blobs`.
public final class Volume: Sendable {
    /// What the volume says about itself.
    public let label: VolumeLabel
    /// The identifier that log and blobs carry: that of the volume the Nave began with.
    public let originID: UniqueID
    /// Where it is.
    public let directory: String
    /// Records of the log that could not be read when it was opened, and that the index, or a snapshot of
    /// it, holds.
    ///
    /// In order. Those that snapshots held which are missing are one of the kind
    /// `.segmentMissing`, with the directory of the snapshots.
    public let passedDamage: [LogAudit.Damage]

    /// Whether there was any directory of blobs when the volume was opened; one that ever held a blob has.
    let foundBlobDirectories: Bool

    let layout: VolumeLayout
    let fileSystem: any FileSystem
    let health: VolumeHealth
    let segments: SegmentTable
    let snapshots: SnapshotDirectory
    let blobs: BlobDirectory
    let segmentBytesMax: Int64
    /// Nil while the volume does not hold the log.
    let writer: Mutex<LogWriter?>
    private let lock: Mutex<(any FileLock)?>
    let end: Atomic<Int64>

    /// Opens a volume, or makes one of a directory that is missing or holds neither log nor blobs.
    ///
    /// The end of the log is found and what a crash left after it is cut off; what remains is
    /// flushed.
    ///
    /// - Parameters:
    ///   - directory: The volume's directory, without a slash at the end.
    ///   - fileSystem: The disk.
    ///   - configuration: What it must be, and its bounds.
    /// - Returns: The volume, which is locked until it is closed or goes away.
    /// - Throws: ``VolumeError``: `.inUse`, `.foreign`, `.labelMissing`, `.versionUnknown`,
    ///   `.logDamaged`, `.logSegmentMissing`, …
    public static func open(
        directory: String,
        fileSystem: any FileSystem,
        _ configuration: VolumeConfiguration
    ) throws(VolumeError) -> Volume {
        let opening = VolumeOpening(
            layout: VolumeLayout(directory: directory),
            fileSystem: fileSystem,
            configuration: configuration
        )
        return Volume(opening: opening, try opening.open())
    }

    private init(opening: VolumeOpening, _ opened: VolumeOpening.Opened) {
        label = opened.label
        originID = opened.originID
        layout = opening.layout
        directory = opening.layout.directory
        fileSystem = opening.fileSystem
        health = opened.health
        passedDamage = opened.passedDamage
        foundBlobDirectories = !opened.fanOut.isEmpty
        segmentBytesMax = opening.configuration.segmentBytesMax
        end = Atomic(opened.writer?.end.bytes ?? 0)
        segments = opened.segments
        snapshots = opened.snapshots
        blobs = BlobDirectory(
            layout: opening.layout,
            fileSystem: opening.fileSystem,
            health: opened.health,
            volumeID: opened.originID,
            fanOut: opened.fanOut,
            configuration: opening.configuration
        )
        lock = Mutex(opened.lock)
        writer = Mutex(opened.writer)
    }

    /// Marks the end of the log as flushed, refuses further writes, and gives up the lock.
    ///
    /// Reads go on. A second call does nothing.
    ///
    /// - Throws: The failure to write the mark; the volume is closed all the same.
    public func close() throws(VolumeError) {
        defer { lock.withLock { $0 = nil } }
        do throws(VolumeError) {
            try writer.withLock { writer throws(VolumeError) in
                defer { _ = health.close() }
                guard writer?.needsMark == true else { return }
                let mark = [LogRecord(body: [])]
                while try append(.mark, mark, at: writer?.end, .now, to: &writer) == .moved {}
            }
        } catch .closed {
            return
        } catch .volumeFailed {
            return
        }
    }

    /// How much room there is on the volume's disk.
    public func space() throws(VolumeError) -> DiskSpace {
        do throws(DiskError) {
            return try fileSystem.space(at: directory)
        } catch {
            throw .readFailed(error)
        }
    }

    /// A look at the volume's files.
    public var audit: VolumeAudit {
        VolumeAudit(
            label: label,
            originID: originID,
            directory: directory,
            fileSystem: fileSystem
        )
    }

    // MARK: - The log

    /// The first address that the log still holds.
    ///
    /// Never waits.
    public var logStart: LogPosition { segments.start }

    /// The address after the last record.
    ///
    /// Never waits.
    public var logEnd: LogPosition { LogPosition(end.load(ordering: .acquiring)) }

    /// Whether the volume takes appends: it does until a flush fails or it is closed.
    ///
    /// Never waits.
    public var isWritable: Bool { health.isWritable }

    /// Appends records, in order, with one write, and makes them durable with one flush unless that
    /// comes later.
    ///
    /// When it throws, none of the records counts: `.outOfSpace` and `.writeFailed` leave the
    /// volume usable, after `.volumeFailed` it takes no more writes.
    ///
    /// - Parameters:
    ///   - records: The records.
    ///   - position: ``logEnd``, as it was when the caller made them.
    ///   - flush: Whether they are durable on return.
    ///   - work: Called once the records are written, while the disk has them written out; not when none
    ///     of them is. It must not call the volume.
    /// - Returns: Where each record went, or that none is in the log, since it would have gone
    ///   elsewhere.
    /// - Throws: ``VolumeError``, as above.
    public func append(
        _ records: [LogRecord],
        at position: LogPosition,
        _ flush: LogFlush = .now,
        meanwhile work: () -> Void = {}
    ) throws(VolumeError) -> AppendOutcome {
        guard !records.isEmpty else { return .appended([]) }
        return try writer.withLock { writer throws(VolumeError) in
            try append(.change, records, at: position, flush, to: &writer, meanwhile: work)
        }
    }

    private func append(
        _ kind: LogRecordHeader.Kind,
        _ records: [LogRecord],
        at position: LogPosition?,
        _ flush: LogFlush,
        to writer: inout LogWriter?,
        meanwhile work: () -> Void = {}
    ) throws(VolumeError) -> AppendOutcome {
        defer { end.store(writer?.end.bytes ?? 0, ordering: .releasing) }
        // In place: a copy of the writer would copy its buffer.
        guard let position,
            let outcome = try writer?.append(
                kind,
                records,
                at: position,
                flush,
                onNewSegment: segments.append,
                meanwhile: work
            )
        else { throw .volumeFailed }
        return outcome
    }

    /// Where the log ends and how it goes on; `nil` while the volume does not hold it.
    var logTip: LogTip? {
        writer.withLock { $0?.tip }
    }

    /// Holds the log no more: what is there is behind, and is replaced when it is copied anew.
    func giveUpLog() {
        writer.withLock { writer in
            writer = nil
            segments.replace(with: [])
            end.store(0, ordering: .releasing)
        }
    }

    /// Takes over a log that was copied here from another volume, byte for byte.
    ///
    /// - Parameters:
    ///   - copied: The segments, in order.
    ///   - file: The last of them, open for writing.
    ///   - tip: Where the log ends there.
    func takeOverLog(
        _ copied: [SegmentTable.Segment],
        file: any OpenFile,
        tip: LogTip
    ) {
        writer.withLock { writer in
            precondition(writer == nil, "a volume takes over a log when it holds none")
            segments.replace(with: copied)
            writer = LogWriter(
                layout: layout,
                fileSystem: fileSystem,
                volumeID: originID,
                segmentBytesMax: segmentBytesMax,
                health: health,
                file: file,
                tip: tip
            )
            end.store(tip.end.bytes, ordering: .releasing)
        }
    }

    /// Visits the changes of the log in order, from a position to the present end.
    ///
    /// - Parameters:
    ///   - start: `LogPosition(0)` for the very beginning, or the position or end of a record.
    ///   - visit: Takes each record; what it throws ends the replay.
    /// - Throws: ``VolumeError``: `.logTooShort`, `.logBeginsLater`, `.logDamaged`, …; what `visit`
    ///   throws.
    public func replay(
        from start: LogPosition,
        _ visit: (ReplayedRecord) throws -> Void
    ) throws {
        var cursor = try cursor(from: start)
        while let record = try cursor.next() { try visit(record) }
    }

    /// Begins to read the changes of the log in order, from a position to the present end.
    ///
    /// - Parameter start: `LogPosition(0)` for the very beginning, or the position or end of a
    ///   record.
    /// - Returns: The cursor, before the first of them.
    /// - Throws: `.logTooShort`.
    public func cursor(from start: LogPosition) throws(VolumeError) -> LogCursor {
        let end = logEnd
        guard start <= end else { throw .logTooShort(end: end, expected: start) }
        return LogCursor(
            segments: segments,
            volumeID: originID,
            position: start,
            end: end
        )
    }

    // MARK: - Blobs

    /// Begins a blob.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.volumeFailed`, `.closed`.
    public func createBlob() throws(VolumeError) -> BlobWriter {
        try blobs.create()
    }

    /// Begins a blob of a number that was drawn before.
    ///
    /// - Returns: `nil` if there is a blob of that number.
    /// - Throws: As ``createBlob()``.
    func createBlob(_ id: BlobID) throws(VolumeError) -> BlobWriter? {
        try blobs.create(id)
    }

    /// Removes a blob; those who have it open read on.
    ///
    /// One that is not there is no error.
    public func removeBlob(_ id: BlobID) throws(VolumeError) {
        try blobs.remove(id)
    }

    /// Removes every blob that the caller does not know, except those being written.
    ///
    /// - Parameter isKept: Says whether a blob is known.
    /// - Returns: How many were removed.
    /// - Throws: `.readFailed`, `.writeFailed`.
    public func sweepBlobs(keeping isKept: (BlobID) -> Bool) throws(VolumeError) -> Int {
        try blobs.sweep(keeping: isKept)
    }

    /// Opens a blob for reading; it stays readable through the value after ``removeBlob(_:)``.
    ///
    /// - Returns: `nil` if it is not open already and the mode is not to wait.
    /// - Throws: `.blobMissing`, `.blobInvalid`, `.readFailed`.
    public func openBlob(_ id: BlobID, mode: ReadMode) throws(VolumeError) -> OpenBlob? {
        try blobs.open(id, mode: mode)
    }

    // MARK: - Reading

    /// Reads a range of an extent and verifies all of it.
    ///
    /// With `.cachedOnly` it never waits for the disk.
    ///
    /// - Parameters:
    ///   - extent: Where the bytes are.
    ///   - range: The bytes to read, counted from the extent's beginning.
    ///   - buffer: Takes them; exactly as long as the range.
    ///   - mode: Whether the read may wait for the disk.
    /// - Returns: Whether the whole range is there.
    /// - Throws: `.payloadDamaged`, `.blobMissing`, `.blobInvalid`, `.rangeInvalid`,
    ///   `.readFailed`, `.logSegmentMissing`; the buffer then holds no byte of the payload.
    public func read(
        _ extent: Extent,
        range: Range<Int64>,
        into buffer: UnsafeMutableRawBufferPointer,
        mode: ReadMode
    ) throws(VolumeError) -> ReadOutcome {
        guard range.lowerBound >= 0, range.upperBound <= extent.lengthBytes else {
            throw .rangeInvalid
        }
        switch extent {
        case .inline(let position, let lengthBytes, let checksums):
            guard let segment = try segments.segment(at: position, mode: mode) else {
                return .wouldBlock
            }
            let source = VerifiedSource(
                file: segment.file,
                fileOffset: position.bytes - segment.first.bytes,
                payloadBytes: Int64(lengthBytes),
                blockChecksums: checksums
            )
            return try source.read(range, into: buffer, mode: mode)
        case .blob(let id, let offset, _):
            guard let blob = try blobs.open(id, mode: mode) else { return .wouldBlock }
            let (lower, lowerOverflow) = range.lowerBound.addingReportingOverflow(offset)
            let (upper, upperOverflow) = range.upperBound.addingReportingOverflow(offset)
            guard !lowerOverflow, !upperOverflow else { throw .rangeInvalid }
            return try blob.read(lower..<upper, into: buffer, mode: mode)
        }
    }
}
