import DiskIO
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

extension StoreError {
    /// Translates a failure of the volume.
    init(_ error: VolumeError) {
        switch error {
        case .outOfSpace: self = .outOfSpace
        case .closed: self = .closed
        case .payloadDamaged, .blobInvalid, .blobMissing, .logSegmentMissing, .logBeginsLater:
            self = .checksumMismatch
        case .rangeInvalid: self = .rangeInvalid
        case .recordTooLong: self = .payloadTooLarge
        case .readFailed(let disk), .writeFailed(let disk):
            self = disk.code == .outOfSpace ? .outOfSpace : .inputOutputFailed
        case .inUse, .labelMissing, .labelInvalid, .versionUnknown, .foreign, .membershipInvalid,
            .membershipSplit, .volumeTwice, .volumeForgotten, .logUnavailable, .copiesInvalid,
            .logDamaged,
            .snapshotsMissing, .blobsMissing, .logTooShort, .logPositionInvalid, .blobWriterClosed,
            .volumeFailed:
            self = .volumeFailed
        }
    }

    /// Translates a failure of the index.
    init(_ error: SQLiteError) {
        switch error.code {
        case .outOfSpace: self = .outOfSpace
        case .busy, .constraint, .corrupt, .notADatabase, .inputOutput, .cannotOpen, .readOnly,
            .interrupted, .columnType, .other:
            self = .indexFailed
        }
    }
}

extension StoreError {
    /// Translates a failure of the index met before anything went to the log: none of it counts, so
    /// blobs that were staged for it are the stage's to free.
    init(beforeLog error: SQLiteError) {
        self = error.code == .outOfSpace ? .outOfSpace : .inputOutputFailed
    }
}

extension StoreOpenFailure {
    /// Translates a failure to open the volume.
    package init(_ error: VolumeError, directory: String) {
        switch error {
        case .inUse(let directory): self = .inUse(directory: directory)
        case .labelMissing(let directory): self = .labelMissing(directory: directory)
        case .labelInvalid(let path, _): self = .damaged(path: path, offset: 0)
        case .versionUnknown(let path, let version):
            self = .versionUnknown(path: path, version: version)
        case .foreign(let directory, _, _): self = .foreign(directory: directory)
        case .membershipInvalid(let path, _): self = .damaged(path: path, offset: 0)
        case .membershipSplit(let directory, let other):
            self = .split(directory: directory, other: other)
        case .volumeTwice(let directory, let other):
            self = .volumeTwice(directory: directory, other: other)
        case .volumeForgotten(let directory): self = .forgotten(directory: directory)
        case .logUnavailable(let missing):
            self = .logUnavailable(missing: missing.map(\.description))
        case .copiesInvalid(let copies, let volumes):
            self = .copiesInvalid(copies: copies, volumes: volumes)
        case .logDamaged(let path, let offset), .payloadDamaged(let path, let offset):
            self = .damaged(path: path, offset: offset)
        case .blobInvalid(let path, _): self = .damaged(path: path, offset: 0)
        case .blobsMissing(let directory): self = .blobsMissing(directory: directory)
        case .snapshotsMissing(let directory): self = .snapshotsMissing(directory: directory)
        case .logSegmentMissing(let position, let directory):
            self = .damaged(path: directory, offset: position.bytes)
        case .logTooShort(let position, _), .logBeginsLater(let position, _),
            .logPositionInvalid(let position):
            self = .damaged(path: directory, offset: position.bytes)
        case .outOfSpace(let disk): self = .outOfSpace(path: disk.path)
        case .readFailed(let disk), .writeFailed(let disk):
            self = .inputOutput(path: disk.path, errorNumber: disk.errorNumber)
        case .recordTooLong, .blobMissing, .rangeInvalid, .blobWriterClosed, .volumeFailed, .closed:
            self = .damaged(path: directory, offset: 0)
        }
    }
}
