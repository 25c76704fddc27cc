import Maintenance
import ObjectStorage

extension ServerError {
    /// Puts the reason why maintenance could not be carried out in words for a person.
    init(_ error: MaintenanceError, folder: String) {
        switch error {
        case .stopped:
            self = .maintenanceFailed("It was stopped. What was there before is as it was.")
        case .volume(let failure): self.init(failure, folder: folder)
        case .outOfSpace(let path): self = .fileUnusable(path: path, cause: "the disk is full")
        case .store(let error):
            self = .dataUnusable(path: folder, cause: "\(error)")
        case .index(let path, let message): self = .dataUnusable(path: path, cause: message)
        case .changeUnreadable(let position):
            self = .dataUnusable(
                path: folder,
                cause:
                    "the log's record at \(position.bytes) is of a kind this version cannot read; "
                    + "serve it with the newest nave that served it before"
            )
        case .targetNotBackup(let path):
            self = .maintenanceFailed(
                "\(path) holds files and is no backup. Name an empty folder, or one that does not "
                    + "exist yet."
            )
        case .targetForeign(let path):
            self = .maintenanceFailed("\(path) is a backup of another Nave.")
        case .targetDiverged(let path):
            self = .maintenanceFailed(
                "\(path) is a backup of a folder that went on differently from this one, as after "
                    + "restoring an older backup. Name another folder for this one."
            )
        case .targetInside(let path):
            self = .maintenanceFailed(
                "\(path) and the data folder lie in one another. Keep backups elsewhere."
            )
        case .copyDamaged(let path):
            self = .maintenanceFailed(
                "\(path) is not what an earlier backup copied there. Name another folder for a new one."
            )
        case .removalsHeldTooLong:
            self = .maintenanceFailed(
                "So much was deleted while the backup ran that it was given up. Try again when "
                    + "there is less to do; what was copied stays copied."
            )
        case .backupMissing(let path):
            self = .maintenanceFailed(
                "There is no finished backup in \(path): it has no backup.json."
            )
        case .backupReplaced(let path):
            self = .maintenanceFailed(
                "Backups were made into \(path) while it was read, again and again. Let none begin, and "
                    + "try again."
            )
        case .backupDamaged(let path, let offset):
            self = .maintenanceFailed(Self.words(ofBackupDamage: path, offset))
        case .manifestInvalid(let path):
            self = .maintenanceFailed(Self.words(ofManifest: path))
        case .versionUnknown(let path, let version):
            self = .dataUnusable(path: path, cause: Self.words(ofVersion: version))
        case .snapshotInvalid(let path):
            self = .dataUnusable(path: path, cause: Self.words(ofSnapshot: path))
        case .directoryNotEmpty(let path):
            self = .maintenanceFailed(
                "\(path) is not empty. Restore into a folder that is, that does not exist yet, or into which "
                    + "a restore was interrupted."
            )
        case .resourcesExhausted: self = .threadsUnavailable
        }
    }

    /// Puts the reason why a store or volume cannot be opened in words for a person.
    ///
    /// - Parameters:
    ///   - failure: The reason.
    ///   - folder: The folder that was to be opened.
    ///   - folders: How many were to be opened with it, itself included.
    init(_ failure: StoreOpenFailure, folder: String, of folders: Int = 1) {
        switch failure {
        case .inUse(let directory): self = .dataInUse(path: directory)
        case .labelMissing(let directory):
            self = .dataUnusable(
                path: directory,
                cause: folders > 1 || DataFolder(path: directory).isOneOfSeveral
                    ? Self.labelOfSeveralMissing : Self.labelMissing
            )
        case .foreign(let directory):
            self = .dataUnusable(path: directory, cause: "its files belong to another Nave")
        case .split(let directory, let other):
            self = .dataUnusable(
                path: directory,
                cause:
                    "it and \(other) were each served without the other, so that each has changes "
                    + "the other lacks; serve the one whose changes count, with an empty folder in "
                    + "place of the other"
            )
        case .volumeTwice(let directory, let other):
            self = .dataUnusable(
                path: other,
                cause:
                    "it is a copy of \(directory); serve one of them, with an empty folder beside it"
            )
        case .forgotten(let directory):
            self = .dataUnusable(path: directory, cause: Self.words(ofForgotten: directory))
        case .logUnavailable(let missing):
            self = .dataUnusable(path: folder, cause: Self.words(ofMissingLog: missing, folder))
        case .copiesInvalid(let copies, let volumes):
            self = .copiesImpossible(copies: copies, folders: volumes)
        case .versionUnknown(let path, let version):
            self = .dataUnusable(path: path, cause: Self.words(ofVersion: version))
        case .damaged(let path, let offset):
            self = .dataUnusable(path: path, cause: Self.words(ofDamage: path, offset))
        case .blobsMissing(let directory):
            self = .dataUnusable(path: directory, cause: Self.blobsMissing)
        case .snapshotsMissing(let directory):
            self = .dataUnusable(path: directory, cause: Self.snapshotsMissing)
        case .changeUnreadable(let position):
            self = .dataUnusable(
                path: folder,
                cause:
                    "the log's record at \(position.bytes) is of a kind this version cannot read; "
                    + "serve it with the newest nave that served it before"
            )
        case .outOfSpace(let path):
            self = .dataUnusable(
                path: path,
                cause: "its disk is full; make some MiB of room there, and start again"
            )
        case .inputOutput(let path, let errorNumber):
            self = .fileUnusable(path: path, cause: DataFolder.cause(of: errorNumber, at: path))
        case .indexLost(let directory):
            self = .dataUnusable(
                path: directory,
                cause:
                    "the index is lost and none of its snapshots can be read; \(Self.wayOut)"
            )
        case .index(let path, let message): self = .dataUnusable(path: path, cause: message)
        }
    }

    /// What can be done with a volume that was forgotten.
    private static func words(ofForgotten directory: String) -> String {
        "it was forgotten (nave forget), and the others went on without it; nothing in it was changed. Leave "
            + "it out; or, if nothing in it is needed any more, empty it, and it begins anew: "
            + "find \(directory) -mindepth 1 -delete"
    }

    /// Where the log is that was not named, and what can be done.
    private static func words(ofMissingLog volumes: [String], _ folder: String) -> String {
        let others = DataFolders.others(servedWith: folder)
        let place =
            others.isEmpty
            ? "" : "; it was served together with \(others.joined(separator: ", ")): name them all"
        return "the log is on volumes that were not named or cannot be read "
            + "(\(volumes.joined(separator: ", ")))\(place). If every disk with the log is lost, so is "
            + "what was stored: restore a backup into a new folder (nave restore)"
    }

    /// What can be done where a backup lacks what all the rest needs.
    private static func words(ofBackupDamage path: String, _ offset: Int64) -> String {
        "\(path) of the backup is damaged or missing at byte \(offset), and nothing can be restored "
            + "without it; nothing was changed. Restore another backup, or back up again into another "
            + "folder if the data is still there."
    }

    /// What can be done where no snapshot of the index can be read.
    private static func words(ofSnapshot path: String) -> String {
        let fault = "no snapshot of the index can be read, and the log before it was given up"
        guard isInBackup(path) else {
            return
                "\(fault). As long as index/ is there and whole, start the server: it makes two new "
                + "ones. Otherwise \(wayOut)"
        }
        return
            "\(fault), so that nothing can be restored; nothing was changed. Restore another backup, "
            + "or back up again into the same folder if the data is still there, which copies it anew"
    }

    /// Whether a file is of a backup.
    private static func isInBackup(_ path: String) -> Bool {
        var folder = path[...]
        while let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
            folder = folder[..<slash]
            if DataFolder(path: String(folder)).holdsBackup { return true }
        }
        return false
    }

    /// What can be done where a backup does not say what of it counts.
    private static func words(ofManifest path: String) -> String {
        "\(path) cannot be read, and it alone says what of the backup counts. Name another folder for "
            + "a new backup, and restore another one; log and blobs beside it were left as they are."
    }

    /// What can be done where a file is of a version that is not known.
    private static func words(ofVersion version: UInt64) -> String {
        "it is of format version \(version), which a newer nave wrote; nothing was changed: use that "
            + "nave again, or restore a backup that was made before it into a new folder"
    }

    /// Where a file is damaged, and what can be done.
    private static func words(ofDamage path: String, _ offset: Int64) -> String {
        let place =
            offset == 0 && path.hasSuffix(".log")
            ? "it does not begin as a piece of the log does, and nothing was changed; if it is none, take "
                + "it out of the folder"
            : "it is damaged at byte \(offset), "
                + (path.hasSuffix(".log") ? "no index that fits it has come further, " : "")
                + "and nothing was changed"
        return "\(place); \(wayOut)"
    }

    private static let labelMissing =
        "it holds a log or blobs but no volume.json, and nothing was changed; put that file back as it "
        + "was, or restore a backup into a new folder (nave restore)"

    /// A backup has the label of the volume that the Nave began with, which would make any other its copy.
    private static let labelOfSeveralMissing =
        "it holds a log or blobs but no volume.json; put that file back as it was, not another's or a "
        + "backup's. If it is lost and everything is kept twice, serve the others with an empty folder "
        + "in its place"

    private static let blobsMissing =
        "it is not there, though it was made before volume.json, and nothing was changed. If a disk is not "
        + "mounted, mount it. If it is lost, so are the payloads that were in it: make an empty directory "
        + "in its place to serve the rest, or restore a backup into a new folder (nave restore)"

    private static let snapshotsMissing =
        "no snapshot of the index is there that can be read, what the log held before them was given up, "
        + "and no index that fits it is there either; nothing was changed. Put the snapshots or index/ "
        + "back as they were; \(wayOut)"

    /// What can be done where a volume cannot be opened for damage.
    private static let wayOut =
        "if other disks hold a copy, serve them with an empty folder in its place, else restore a "
        + "backup into a new folder (nave restore)"
}
