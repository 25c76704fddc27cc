import DiskIO
import StorageFormats
import StorageModel

/// One directory on one disk that holds a log and blobs.
public final class Volume: Sendable {
    /// Opens a volume; makes it on first use (an empty or missing directory, or one without log and blobs).
    public static func open(directory: String, fileSystem: any FileSystem, _ configuration: VolumeConfiguration) throws(VolumeError) -> Volume { preconditionFailure() }
    /// What the label says: id, naveID, created.
    public var label: VolumeLabel { preconditionFailure() }
    /// Gives up the lock; further calls fail with `.closed`. Reads through ``OpenBlob`` go on.
    public func close() throws(VolumeError) { preconditionFailure() }
    /// Room on the volume's disk.
    public func space() throws(VolumeError) -> DiskSpace { preconditionFailure() }

    /// The first address the log still holds, and the address after its last record.
    public var logStart: LogPosition { preconditionFailure() }
    public var logEnd: LogPosition { preconditionFailure() }
    /// One write and ONE fdatasync for all. One caller at a time (others wait).
    public func append(_ records: [LogRecord]) throws(VolumeError) -> [AppendedRecord] { preconditionFailure() }
    /// Visits records from a position (a record's `position` or `end`; `LogPosition(0)` = the very beginning). Throws VolumeError or what `visit` throws.
    public func replay(from: LogPosition, _ visit: (ReplayedRecord) throws -> Void) throws { preconditionFailure() }

    /// Begins a blob file.
    public func createBlob() throws(VolumeError) -> BlobWriter { preconditionFailure() }
    /// Unlinks a blob; open ones stay readable. A missing one is not an error.
    public func removeBlob(_ id: BlobID) throws(VolumeError) { preconditionFailure() }
    /// Removes every blob that the caller does not know, except those being written.
    public func sweepBlobs(keeping: (BlobID) -> Bool) throws(VolumeError) -> Int { preconditionFailure() }
    /// Opens a blob; it stays readable through this after ``removeBlob(_:)``. `nil` for `.cachedOnly` when its file is not open already.
    public func openBlob(_ id: BlobID, mode: ReadMode) throws(VolumeError) -> OpenBlob? { preconditionFailure() }
    /// Reads `range` (relative to the extent) into a buffer of exactly its length. Verified; on any throw the buffer is zeroed.
    public func read(_ extent: Extent, range: Range<Int64>, into: UnsafeMutableRawBufferPointer, mode: ReadMode) throws(VolumeError) -> ReadOutcome { preconditionFailure() }
}

/// A blob file that is being written; used by one thread at a time, not Sendable-shared: a final class guarded by a Mutex.
public final class BlobWriter: Sendable {
    public var id: BlobID { preconditionFailure() }
    public func append(_ bytes: UnsafeRawBufferPointer) throws(VolumeError) { preconditionFailure() }
    /// Flushes file and directory; returns the whole blob as an extent.
    public func finish() throws(VolumeError) -> Extent { preconditionFailure() }
    /// Removes the file; also done when an unfinished writer goes away.
    public func discard() { preconditionFailure() }
}

/// A blob open for reading.
public final class OpenBlob: Sendable {
    public var payloadBytes: Int64 { preconditionFailure() }
    /// `range` is of the blob's payload.
    public func read(_ range: Range<Int64>, into: UnsafeMutableRawBufferPointer, mode: ReadMode) throws(VolumeError) -> ReadOutcome { preconditionFailure() }
}
