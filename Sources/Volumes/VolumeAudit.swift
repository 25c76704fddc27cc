import DiskIO
import StorageFormats
import StorageModel

/// A look at a volume's files that changes nothing: which there are, and whether each is whole.
///
/// It is had of an open ``Volume``, or of a directory that no process uses, which need not be in
/// order: unlike ``Volume/open(directory:fileSystem:_:)`` it takes a damaged log as it is.
/// Every method may wait for the disk.
public struct VolumeAudit: Sendable {
    /// One segment of the log.
    public struct Segment: Hashable, Sendable {
        /// The address of its first byte.
        public let first: LogPosition
        /// Its file.
        public let path: String
        /// The length of the file, in bytes.
        public let sizeBytes: Int64
    }

    /// What the volume says about itself.
    public let label: VolumeLabel
    /// The identifier that its log and blobs carry.
    public let originID: UniqueID
    /// Which volumes belong together, as this one has it in writing; nil for one that was always alone.
    public let membership: VolumeMembership?
    let layout: VolumeLayout
    let fileSystem: any FileSystem
    /// Held for as long as this value lives; nil where the volume holds it.
    private let lock: (any FileLock)?

    /// The directory of the volume.
    public var directory: String { layout.directory }

    /// Looks at the files of a directory whose label is known by other means.
    package init(
        label: VolumeLabel,
        originID: UniqueID? = nil,
        directory: String,
        fileSystem: any FileSystem
    ) {
        self.label = label
        self.originID = originID ?? label.volumeID
        membership = nil
        layout = VolumeLayout(directory: directory)
        self.fileSystem = fileSystem
        lock = nil
    }

    private init(
        label: VolumeLabel,
        _ membership: VolumeMembership?,
        layout: VolumeLayout,
        _ fileSystem: any FileSystem,
        _ lock: any FileLock
    ) {
        self.label = label
        self.membership = membership
        originID = membership?.originID ?? label.volumeID
        self.layout = layout
        self.fileSystem = fileSystem
        self.lock = lock
    }

    /// Takes a volume that no process uses, and keeps others from using it.
    ///
    /// - Parameters:
    ///   - directory: The volume's directory, without a slash at the end.
    ///   - fileSystem: The disk.
    /// - Returns: The look at it; the volume is locked for as long as it lives.
    /// - Throws: ``VolumeError``: `.labelMissing` if the directory is no volume; nothing is then
    ///   written to it. `.labelInvalid`, `.membershipInvalid`, `.versionUnknown`, `.inUse`,
    ///   `.readFailed`.
    public static func open(
        directory: String,
        fileSystem: any FileSystem
    ) throws(VolumeError) -> VolumeAudit {
        let layout = VolumeLayout(directory: directory)
        guard let label = try layout.readLabel(fileSystem) else {
            throw .labelMissing(directory: directory)
        }
        let membership = try layout.readMembership(fileSystem)
        do throws(DiskError) {
            let lock = try fileSystem.lock(layout.lock)
            return VolumeAudit(label: label, membership, layout: layout, fileSystem, lock)
        } catch  where error.code == .locked {
            throw .inUse(directory: directory)
        } catch {
            throw .readFailed(error)
        }
    }

    /// Where a blob's file is, or would be.
    public func path(of id: BlobID) -> String { layout.blob(id) }

    /// The segments of the log, in order.
    ///
    /// - Throws: `.readFailed`.
    public func segments() throws(VolumeError) -> [Segment] {
        var segments: [Segment] = []
        do throws(DiskError) {
            for name in try fileSystem.list(layout.log) {
                guard let first = VolumeLayout.segmentPosition(ofName: name) else { continue }
                let path = "\(layout.log)/\(name)"
                guard let status = try fileSystem.status(path), status.kind == .file else {
                    continue
                }
                segments.append(Segment(first: first, path: path, sizeBytes: status.sizeBytes))
            }
        } catch  where error.code == .notFound {
            return []
        } catch {
            throw .readFailed(error)
        }
        return segments
    }

    /// Begins to walk over the log's records.
    ///
    /// - Parameters:
    ///   - start: The position or end of a record; nil for the very beginning.
    ///   - end: Where to stop; nil for where the last segment's file ends.
    ///   - payloads: Whether payloads are read and compared with their checksums.
    /// - Returns: The walk, before the first record.
    /// - Throws: `.readFailed`.
    public func log(
        from start: LogPosition? = nil,
        to end: LogPosition? = nil,
        payloads: LogAudit.Payloads = .skipped
    ) throws(VolumeError) -> LogAudit {
        LogAudit(
            segments: try segments(),
            volumeID: originID,
            fileSystem: fileSystem,
            start: start,
            end: end,
            payloads: payloads
        )
    }

    /// Begins to walk over the blob files, by number.
    ///
    /// - Parameter id: The blob after which the walk begins; nil for the first.
    /// - Returns: The walk, before the first blob.
    /// - Throws: `.readFailed`.
    public func blobFiles(after id: BlobID? = nil) throws(VolumeError) -> BlobFileCursor {
        try BlobFileCursor(layout: layout, fileSystem: fileSystem, after: id)
    }

    /// Begins to verify a blob: its header and footer are read and compared at once.
    ///
    /// - Parameters:
    ///   - id: The blob.
    ///   - path: Where its file is; nil for its place in the volume.
    /// - Returns: The blob, before its first block.
    /// - Throws: `.blobMissing`, `.blobInvalid`, `.readFailed`.
    public func blob(_ id: BlobID, at path: String? = nil) throws(VolumeError) -> BlobAudit {
        try BlobAudit(
            id,
            path: path ?? layout.blob(id),
            volumeID: originID,
            fileSystem: fileSystem
        )
    }
}

extension VolumeLayout {
    /// The volume's label; nil if the directory has none.
    ///
    /// - Throws: `.labelInvalid`, `.versionUnknown`, `.readFailed`.
    func readLabel(_ fileSystem: any FileSystem) throws(VolumeError) -> VolumeLabel? {
        guard let bytes = try read(label, VolumeLabel.encodedBytesMax + 1, fileSystem) else {
            return nil
        }
        do throws(FormatError) {
            return try VolumeLabel(decoding: bytes)
        } catch .versionUnknown(let version) {
            throw .versionUnknown(path: label, version: version)
        } catch {
            throw .labelInvalid(path: label, error)
        }
    }

    /// Which volumes belong together; nil if the directory does not say.
    ///
    /// - Throws: `.membershipInvalid`, `.versionUnknown`, `.readFailed`.
    func readMembership(_ fileSystem: any FileSystem) throws(VolumeError) -> VolumeMembership? {
        let bytesMax = VolumeMembership.encodedBytesMax + 1
        guard let bytes = try read(members, bytesMax, fileSystem) else { return nil }
        do throws(FormatError) {
            return try VolumeMembership(decoding: bytes)
        } catch .versionUnknown(let version) {
            throw .versionUnknown(path: members, version: version)
        } catch {
            throw .membershipInvalid(path: members, error)
        }
    }

    private func read(
        _ path: String,
        _ bytesMax: Int,
        _ fileSystem: any FileSystem
    ) throws(VolumeError) -> [UInt8]? {
        do throws(DiskError) {
            return try fileSystem.open(path, .readOnly).read(bytesMax, at: 0)
        } catch  where error.code == .notFound {
            return nil
        } catch {
            throw .readFailed(error)
        }
    }
}

extension VolumeAudit {
    /// A record's address and checksum.
    public struct RecordMark: Hashable, Sendable {
        /// The address.
        public let position: LogPosition
        /// The checksum, which hangs on all records before.
        public let checksum: UInt64
    }

    /// The disk that the volume is on.
    package var files: any FileSystem { fileSystem }

    /// The last record that ends at or before an address; nil if there is none.
    ///
    /// Reads the headers of the segment that holds it, from the beginning or from `start`.
    ///
    /// - Parameters:
    ///   - end: The end of a record.
    ///   - start: The end of a record before it; what lies before that need not be readable.
    ///   - segments: Those of the log.
    /// - Returns: Its address and checksum; nil as well if the record before `start` is the last.
    /// - Throws: `.logDamaged` if no record ends there, `.readFailed`.
    package func lastRecord(
        before end: LogPosition,
        from start: LogPosition = LogPosition(0),
        in segments: [Segment]
    ) throws(VolumeError) -> RecordMark? {
        let first = LogPosition(end.bytes - 1)
        guard
            var reader = try reader(of: segments, holding: first, limit: end, from: start)
        else { return nil }
        var mark: RecordMark?
        while reader.position < end, let header = try reader.next() {
            mark = RecordMark(position: header.position, checksum: header.checksum)
        }
        guard reader.position == end else {
            throw .logDamaged(
                path: reader.file.path,
                offset: reader.position.bytes - reader.first.bytes
            )
        }
        return mark
    }

    /// The whole record at an address; nil if there is none.
    ///
    /// - Parameters:
    ///   - position: The address.
    ///   - segments: Those of the log.
    /// - Returns: Its address and checksum.
    /// - Throws: `.readFailed`.
    package func record(
        at position: LogPosition,
        in segments: [Segment]
    ) throws(VolumeError) -> RecordMark? {
        let reader = try reader(of: segments, holding: position, limit: LogPosition(.max))
        guard var reader, let header = try reader.record(at: position) else { return nil }
        return RecordMark(position: header.position, checksum: header.checksum)
    }

    /// Reads the segment that holds an address, from its first record; nil if there is none.
    private func reader(
        of segments: [Segment],
        holding position: LogPosition,
        limit: LogPosition,
        from start: LogPosition = LogPosition(0)
    ) throws(VolumeError) -> LogReader? {
        let header = Int64(LogSegmentHeader.encodedBytes)
        guard let segment = segments.last(where: { $0.first.bytes + header <= position.bytes })
        else { return nil }
        let file: any OpenFile
        do throws(DiskError) {
            file = try fileSystem.open(segment.path, .readOnly)
        } catch {
            throw .readFailed(error)
        }
        return LogReader(
            file: file,
            first: segment.first,
            volumeID: originID,
            limit: min(limit, LogPosition(segment.first.bytes + segment.sizeBytes)),
            position: max(start, LogPosition(segment.first.bytes + header)),
            previousChecksum: nil
        )
    }
}
