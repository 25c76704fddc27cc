import DiskIO
import StorageFormats
import StorageModel

/// A failure of a volume; each damage names the file and, where there is one, the offset in it.
public enum VolumeError: Error, Hashable, Sendable {
    // MARK: opening

    /// Another process, or another part of this one, has the volume open.
    case inUse(directory: String)
    /// There are logs or blobs but no label to say whose they are.
    case labelMissing(directory: String)
    /// The label is not what any version wrote.
    case labelInvalid(path: String, FormatError)
    /// A file was written by a version that this program does not know.
    case versionUnknown(path: String, version: UInt64)
    /// The volume belongs to another Nave.
    case foreign(directory: String, expected: UniqueID, found: UniqueID)

    /// There is a label but no directory of blobs, which is made before it.
    case blobsMissing(directory: String)

    // MARK: several volumes

    /// The list of a Nave's volumes is not what any version wrote.
    case membershipInvalid(path: String, FormatError)
    /// Two volumes have each gone on without the other, so that neither has all changes.
    case membershipSplit(directory: String, other: String)
    /// Two directories hold the same volume: one is a copy of the other.
    case volumeTwice(directory: String, other: String)
    /// A volume was forgotten, as the others have in writing, and is not taken back.
    case volumeForgotten(directory: String)
    /// No volume that holds the whole log is there; these are known to.
    case logUnavailable(missing: [UniqueID])
    /// There are too few volumes for so many copies, or too many volumes.
    case copiesInvalid(copies: Int, volumes: Int)

    // MARK: the log

    /// The log has records after a place that cannot be read.
    case logDamaged(path: String, offset: Int64)
    /// The log was cleaned behind snapshots of the index, and none of them is there, or can be read.
    case snapshotsMissing(directory: String)
    /// A segment is missing, or is not where its name says.
    case logSegmentMissing(position: LogPosition, directory: String)
    /// The log ends before a position that is known to have been written.
    case logTooShort(end: LogPosition, expected: LogPosition)
    /// The log begins after the position that was asked for.
    case logBeginsLater(start: LogPosition, expected: LogPosition)
    /// No record begins at the position.
    case logPositionInvalid(LogPosition)
    /// The record is longer than a record may be.
    case recordTooLong

    // MARK: payloads

    /// There is no blob of that number.
    case blobMissing(BlobID)
    /// The blob's header or footer cannot be read.
    case blobInvalid(path: String, FormatError)
    /// Bytes differ from their checksum, or are missing.
    case payloadDamaged(path: String, offset: Int64)
    /// The range lies outside the payload.
    case rangeInvalid
    /// The writer of a blob was finished, discarded or failed before.
    case blobWriterClosed

    // MARK: the disk

    /// A read failed, or another call that changes nothing.
    case readFailed(DiskError)
    /// The disk is full; nothing was written and the volume is usable.
    case outOfSpace(DiskError)
    /// A write failed; nothing of it counts and the volume is usable.
    case writeFailed(DiskError)
    /// A flush failed, now or before: nothing is known about what the disk holds of recent
    /// writes, so the volume takes no more. Reads go on.
    case volumeFailed
    /// The volume was closed.
    case closed
}

extension VolumeError {
    /// Whether it is the disk that fails, not what is on it.
    var isDisk: Bool {
        switch self {
        case .readFailed, .outOfSpace, .writeFailed, .volumeFailed: true
        case .inUse, .labelMissing, .labelInvalid, .versionUnknown, .foreign, .membershipInvalid,
            .membershipSplit, .volumeTwice, .volumeForgotten, .logUnavailable, .copiesInvalid,
            .logDamaged,
            .snapshotsMissing, .logSegmentMissing, .logTooShort, .logBeginsLater,
            .logPositionInvalid, .recordTooLong, .blobsMissing, .blobMissing, .blobInvalid,
            .payloadDamaged, .rangeInvalid, .blobWriterClosed, .closed:
            false
        }
    }

    /// Whether it is the log that cannot be used, while the rest of the volume may be well.
    var isLog: Bool {
        switch self {
        case .logDamaged, .snapshotsMissing, .logSegmentMissing, .logTooShort, .logBeginsLater,
            .logPositionInvalid:
            true
        case .readFailed, .outOfSpace, .writeFailed, .volumeFailed, .inUse, .labelMissing,
            .labelInvalid, .versionUnknown, .foreign, .membershipInvalid, .membershipSplit,
            .volumeTwice, .volumeForgotten, .logUnavailable, .copiesInvalid, .recordTooLong,
            .blobsMissing,
            .blobMissing,
            .blobInvalid,
            .payloadDamaged, .rangeInvalid, .blobWriterClosed, .closed:
            false
        }
    }

    /// Translates a failure of the disk while something was written.
    init(writing error: DiskError) {
        self = error.code == .outOfSpace ? .outOfSpace(error) : .writeFailed(error)
    }
}
