import DiskIO
import ObjectStorage
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// Why maintenance of a store could not be carried out; damage that it finds is no failure.
public enum MaintenanceError: Error, Hashable, Sendable {
    /// The work was told to stop; what it had done so far stays.
    case stopped
    /// A volume, or a copy of one, cannot be used.
    case volume(StoreOpenFailure)
    /// The disk is full.
    case outOfSpace(path: String)
    /// The open store failed.
    case store(StoreError)
    /// An index cannot be read or written.
    case index(path: String, message: String)
    /// The log holds a change that this program cannot read or apply.
    case changeUnreadable(position: LogPosition)
    /// The target of a backup holds files and is no backup.
    case targetNotBackup(path: String)
    /// The target of a backup is a backup of another volume.
    case targetForeign(path: String)
    /// The target of a backup has a log that went on differently from this one.
    case targetDiverged(path: String)
    /// The target of a backup lies in the data folder, or the other way round.
    case targetInside(path: String)
    /// What an earlier backup copied is no longer as it was copied.
    case copyDamaged(path: String)
    /// So much was removed while the backup ran that it had to be given up.
    case removalsHeldTooLong
    /// There is no backup, or none was ever finished.
    case backupMissing(path: String)
    /// Backups took the place of the one that was read, again and again.
    case backupReplaced(path: String)
    /// A backup is damaged where nothing can be restored without what is missing.
    case backupDamaged(path: String, offset: Int64)
    /// What a backup says about itself cannot be read.
    case manifestInvalid(path: String)
    /// A file was written by a version that this program does not know.
    case versionUnknown(path: String, version: UInt64)
    /// A snapshot of the index is damaged, and the log before it was given up.
    case snapshotInvalid(path: String)
    /// The directory to restore into holds something.
    case directoryNotEmpty(path: String)
    /// The system gives no more threads or descriptors.
    case resourcesExhausted
}

extension MaintenanceError {
    /// Translates a failure of a volume.
    init(_ error: VolumeError, directory: String) {
        switch error {
        case .outOfSpace(let disk): self = .outOfSpace(path: disk.path)
        case .versionUnknown(let path, let version):
            self = .versionUnknown(path: path, version: version)
        case .inUse, .labelMissing, .labelInvalid, .foreign, .membershipInvalid, .membershipSplit,
            .volumeTwice, .volumeForgotten, .logUnavailable, .copiesInvalid, .logDamaged,
            .snapshotsMissing,
            .logSegmentMissing, .logTooShort, .logBeginsLater, .logPositionInvalid,
            .recordTooLong, .blobsMissing, .blobMissing,
            .blobInvalid, .payloadDamaged, .rangeInvalid, .blobWriterClosed, .readFailed,
            .writeFailed, .volumeFailed, .closed:
            self = .volume(StoreOpenFailure(error, directory: directory))
        }
    }

    /// Translates a failure of an index.
    init(_ error: SQLiteError, path: String) {
        self =
            error.code == .outOfSpace
            ? .outOfSpace(path: path) : .index(path: path, message: error.message)
    }

    /// Translates a failure of a disk.
    init(_ error: DiskError) {
        self =
            error.code == .outOfSpace
            ? .outOfSpace(path: error.path)
            : .volume(.inputOutput(path: error.path, errorNumber: error.errorNumber))
    }

    /// Translates what applying a log to an index threw.
    init(applying error: any Error, path: String, directory: String) {
        switch error {
        case let error as MaintenanceError: self = error
        case let error as SQLiteError: self.init(error, path: path)
        case let error as VolumeError: self.init(error, directory: directory)
        case let error as DiskError: self.init(error)
        case LogReplayError.changeUnreadable(let position, _):
            self = .changeUnreadable(position: position)
        default: self = .index(path: path, message: "\(error)")
        }
    }
}
