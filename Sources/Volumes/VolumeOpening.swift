import DiskIO
import StorageFormats
import StorageModel

/// Opens a volume, or makes a new one: the steps, in their order.
struct VolumeOpening {
    /// What the steps found.
    struct Opened {
        let label: VolumeLabel
        /// The identifier that log and blobs carry.
        let originID: UniqueID
        let lock: any FileLock
        let health: VolumeHealth
        let segments: SegmentTable
        let snapshots: SnapshotDirectory
        /// Nil if the volume does not hold the log.
        let writer: LogWriter?
        /// Records that cannot be read, or are not there, and that the index holds.
        let passedDamage: [LogAudit.Damage]
        /// The names of the directories below `blobs`.
        let fanOut: Set<String>
    }

    let layout: VolumeLayout
    let fileSystem: any FileSystem
    let configuration: VolumeConfiguration

    func open() throws(VolumeError) -> Opened {
        try writing { () throws(DiskError) in try fileSystem.makeDirectories(layout.directory) }
        let lock = try takeLock()
        let label: VolumeLabel
        if let found = try layout.readLabel(fileSystem) {
            label = found
        } else {
            label = try makeVolume()
        }
        if let expected = configuration.naveID, expected != label.naveID {
            throw .foreign(
                directory: layout.directory,
                expected: expected,
                found: label.naveID
            )
        }
        let originID = configuration.originID ?? label.volumeID
        let fanOut = try directoriesOfBlobs()
        let snapshots = SnapshotDirectory(
            layout: layout,
            fileSystem: fileSystem,
            volumeID: originID
        )
        let health = VolumeHealth()
        var writer: LogWriter?
        var segments: [SegmentTable.Segment] = []
        var passedDamage: [LogAudit.Damage] = []
        if configuration.logHolding == .whole {
            try snapshots.find()
            let found = try findSegments(originID, snapshots.positions)
            segments = found.segments
            let opened = try openLast(segments, originID, snapshots.positions, health)
            segments[segments.count - 1].file = opened.writer.file
            writer = opened.writer
            passedDamage = found.passedGaps + opened.passedDamage
        }
        return Opened(
            label: label,
            originID: originID,
            lock: lock,
            health: health,
            segments: SegmentTable(segments, directory: layout.log, fileSystem: fileSystem),
            snapshots: snapshots,
            writer: writer,
            passedDamage: passedDamage,
            fanOut: fanOut
        )
    }

    private func takeLock() throws(VolumeError) -> any FileLock {
        do throws(DiskError) {
            return try fileSystem.lock(layout.lock)
        } catch  where error.code == .locked {
            throw .inUse(directory: layout.directory)
        } catch {
            throw .writeFailed(error)
        }
    }

    // MARK: - The label

    /// Makes a volume; the label comes last, so that a directory with one has all the rest.
    private func makeVolume() throws(VolumeError) -> VolumeLabel {
        guard try isUnused() else { throw .labelMissing(directory: layout.directory) }
        var generator = DrawnNumbers(draw: configuration.random)
        let volumeID = UniqueID(using: &generator)
        let naveID = configuration.naveID ?? UniqueID(using: &generator)
        let label = VolumeLabel(
            volumeID: volumeID,
            naveID: naveID,
            created: configuration.now
        )
        let first = LogSegmentHeader(
            volumeID: configuration.originID ?? volumeID,
            firstPosition: LogPosition(0),
            previousChecksum: LogRecordHeader.chainStart
        )
        try writing { () throws(DiskError) in
            try fileSystem.makeDirectories(layout.log)
            try fileSystem.makeDirectories(layout.blobs)
            // Those of an interrupted first start may not be on the disk yet.
            try fileSystem.synchronizeDirectories(layout.directory)
            if configuration.logHolding == .whole {
                _ = try AtomicPublish.publish(
                    first.encoded(),
                    as: layout.segment(LogPosition(0)),
                    in: layout.log,
                    fileSystem
                )
            }
            _ = try AtomicPublish.publish(
                label.encoded(),
                as: layout.label,
                in: layout.directory,
                fileSystem
            )
        }
        return label
    }

    /// Whether a directory without a label holds nothing but what an interrupted first start made:
    /// no blob, and no segment but a first one without records.
    private func isUnused() throws(VolumeError) -> Bool {
        for name in try names(in: layout.blobs) {
            guard try names(in: "\(layout.blobs)/\(name)").isEmpty else { return false }
        }
        guard try names(in: layout.snapshots).isEmpty else { return false }
        for name in try names(in: layout.log) where !name.hasSuffix(VolumeLayout.unfinishedSuffix) {
            guard VolumeLayout.segmentPosition(ofName: name) == LogPosition(0),
                try size(of: "\(layout.log)/\(name)") <= Int64(LogSegmentHeader.encodedBytes)
            else { return false }
        }
        return true
    }

    // MARK: - The log

    /// The segments in order, each checked against its name and the one before.
    ///
    /// Cleaning takes segments out that lie before the older of the two newest snapshots; any other
    /// that is missing is damage. Where no snapshot is there any more, an index that has come further
    /// stands in for them, as it does for records that cannot be read.
    ///
    /// - Returns: The segments, and what is missing before them that the index alone holds.
    private func findSegments(
        _ originID: UniqueID,
        _ snapshots: [LogPosition]
    ) throws(VolumeError) -> (segments: [SegmentTable.Segment], passedGaps: [LogAudit.Damage]) {
        let gapsEnd =
            snapshots.suffix(SnapshotDirectory.keptCount).first
            ?? applied(snapshots).first?.position ?? LogPosition(0)
        var passedGaps: [LogAudit.Damage] = []
        var segments: [SegmentTable.Segment] = []
        var sizeBytes: Int64 = 0
        for name in try names(in: layout.log) {
            let path = "\(layout.log)/\(name)"
            if name.hasSuffix(VolumeLayout.unfinishedSuffix) {
                try writing { () throws(DiskError) in try fileSystem.remove(path) }
                continue
            }
            guard let first = VolumeLayout.segmentPosition(ofName: name) else { continue }
            // First, since a foreign file would make the segment before it look too short.
            try checkHeader(path, first, originID)
            if let before = segments.last {
                let end = LogPosition(min(first.bytes, before.first.bytes + sizeBytes))
                guard end == first || first <= gapsEnd else {
                    throw .logDamaged(path: before.path, offset: sizeBytes)
                }
                segments[segments.count - 1].end = end
                if end != first { passedGaps.append(gap(before: first)) }
            } else if first > gapsEnd {
                if snapshots.isEmpty { throw .snapshotsMissing(directory: layout.snapshots) }
                throw .logSegmentMissing(position: LogPosition(0), directory: layout.log)
            } else if first > LogPosition(0) {
                passedGaps.append(gap(before: first))
            }
            sizeBytes = try size(of: path)
            segments.append(SegmentTable.Segment(first: first, path: path, file: nil))
        }
        guard !segments.isEmpty else {
            throw .logSegmentMissing(position: LogPosition(0), directory: layout.log)
        }
        guard snapshots.isEmpty else { return (segments, []) }
        for end in try holedEnds(of: segments, originID) {
            guard end <= gapsEnd else {
                throw .snapshotsMissing(directory: layout.snapshots)
            }
            passedGaps.append(gap(before: end))
        }
        return (segments, passedGaps)
    }

    /// What the snapshots that are missing said, up to where a segment begins.
    private func gap(before first: LogPosition) -> LogAudit.Damage {
        LogAudit.Damage(
            kind: .segmentMissing,
            path: layout.snapshots,
            offset: 0,
            position: LogPosition(first.bytes - 1)
        )
    }

    private func checkHeader(
        _ path: String,
        _ first: LogPosition,
        _ originID: UniqueID
    ) throws(VolumeError) {
        let header = try readHeader(path)
        guard header.volumeID == originID else {
            throw .foreign(directory: path, expected: originID, found: header.volumeID)
        }
        guard header.firstPosition == first else {
            throw .logSegmentMissing(position: header.firstPosition, directory: layout.log)
        }
    }

    private func readHeader(_ path: String) throws(VolumeError) -> LogSegmentHeader {
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try fileSystem.open(path, .readOnly)
                .read(LogSegmentHeader.encodedBytes, at: 0)
        } catch {
            throw .readFailed(error)
        }
        let header = bytes.withUnsafeBytes { bytes -> Result<LogSegmentHeader, FormatError> in
            do throws(FormatError) {
                return .success(try LogSegmentHeader(decoding: bytes))
            } catch {
                return .failure(error)
            }
        }
        switch header {
        case .success(let header): return header
        case .failure(.versionUnknown(let version)):
            throw .versionUnknown(path: path, version: version)
        case .failure: throw .logDamaged(path: path, offset: 0)
        }
    }

    /// Finds the end of the log, cuts off what is after it, and flushes what is before.
    private func openLast(
        _ segments: [SegmentTable.Segment],
        _ originID: UniqueID,
        _ snapshots: [LogPosition],
        _ health: VolumeHealth
    ) throws(VolumeError) -> (writer: LogWriter, passedDamage: [LogAudit.Damage]) {
        guard let last = segments.last else {
            throw .logSegmentMissing(position: LogPosition(0), directory: layout.log)
        }
        let header = try readHeader(last.path)
        let file: any OpenFile
        var sizeBytes: Int64
        do throws(DiskError) {
            file = try fileSystem.open(last.path, .readWrite)
            sizeBytes = try file.sizeBytes()
        } catch {
            throw .readFailed(error)
        }
        let ending = LogEnding(
            segment: VolumeAudit.Segment(
                first: last.first,
                path: last.path,
                sizeBytes: sizeBytes
            ),
            file: file,
            volumeID: originID,
            fileSystem: fileSystem,
            previousChecksum: header.previousChecksum,
            // The log was flushed up to where a snapshot was made.
            flushed: max(configuration.flushed, snapshots.last ?? LogPosition(0)),
            applied: applied(snapshots)
        )
        let found = try ending.find()
        let tail = found.tail
        try writing { () throws(DiskError) in
            if tail.hasLitter {
                sizeBytes = tail.end.bytes - last.first.bytes
                try file.truncate(to: sizeBytes)
            }
            // What was read may never have been flushed by the process that wrote it. If its flush
            // failed, the system takes the bytes for written, and only new ones go to the disk.
            let unflushed = max(
                found.unflushed.bytes - last.first.bytes,
                Int64(LogSegmentHeader.encodedBytes)
            )
            do throws(DiskError) {
                try Self.rewrite(file, unflushed, to: tail.end.bytes - last.first.bytes)
            } catch  where error.code == .outOfSpace {
                // A full disk that writes in new places only: what it has is flushed.
            }
            try file.synchronizeData()
            try fileSystem.synchronizeDirectory(layout.log)
            try fileSystem.synchronizeDirectory(layout.directory)
        }
        let writer = LogWriter(
            layout: layout,
            fileSystem: fileSystem,
            volumeID: originID,
            segmentBytesMax: configuration.segmentBytesMax,
            health: health,
            file: file,
            tip: LogTip(
                first: last.first,
                end: tail.end,
                previousChecksum: tail.previousChecksum,
                sizeBytes: sizeBytes
            )
        )
        return (writer, found.passed)
    }

    /// How far the index and its snapshots have come, where damage before that may be passed over.
    private func applied(_ snapshots: [LogPosition]) -> [AppliedPosition] {
        guard configuration.damagedRecords == .passed else { return [] }
        let copies = snapshots.reversed().map { AppliedPosition(position: $0, chain: nil) }
        return (configuration.applied.map { [$0] } ?? []) + copies
    }

    private static let rewrittenPieceBytes: Int64 = 1 << 20

    /// Writes bytes of a file where they are.
    private static func rewrite(
        _ file: any OpenFile,
        _ start: Int64,
        to end: Int64
    ) throws(DiskError) {
        for offset in stride(from: start, to: end, by: Int(rewrittenPieceBytes)) {
            let piece = try file.read(Int(min(rewrittenPieceBytes, end - offset)), at: offset)
            try file.write(piece, at: offset)
        }
    }

    // MARK: - Directories

    private func directoriesOfBlobs() throws(VolumeError) -> Set<String> {
        let names = try names(in: layout.blobs)
        try writing { () throws(DiskError) in
            try fileSystem.makeDirectories(layout.blobs)
            try fileSystem.synchronizeDirectory(layout.blobs)
            // Its name is flushed with the directory of the volume, once the log's end is known.
            try fileSystem.makeDirectories(layout.snapshots)
        }
        return Set(names)
    }

    /// The names in a directory; none if it is missing.
    private func names(in directory: String) throws(VolumeError) -> [String] {
        do throws(DiskError) {
            return try fileSystem.list(directory)
        } catch  where error.code == .notFound {
            return []
        } catch {
            throw .readFailed(error)
        }
    }

    private func size(of path: String) throws(VolumeError) -> Int64 {
        do throws(DiskError) {
            return try fileSystem.status(path)?.sizeBytes ?? 0
        } catch {
            throw .readFailed(error)
        }
    }

    private func writing(_ body: () throws(DiskError) -> Void) throws(VolumeError) {
        do throws(DiskError) { try body() } catch { throw VolumeError(writing: error) }
    }
}

/// Draws random numbers from a function.
struct DrawnNumbers: RandomNumberGenerator {
    let draw: @Sendable () -> UInt64

    mutating func next() -> UInt64 { draw() }
}
