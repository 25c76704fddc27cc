import DiskIO
import Logging
import ObjectStorage
import StorageModel

/// Opens the object store of a data folder, and puts what goes wrong in words for a person.
struct StoreOpening {
    let folders: DataFolders
    /// On how many of them everything is kept; nil as before.
    let copies: Int?
    let root: Principal?
    /// The bounds of the store.
    var limits = StoreLimits()

    /// Opens the store.
    ///
    /// - Throws: ``ServerError``; ``ServerError/dataInUse(path:)`` when another process serves it.
    func open(logger: Logger) async throws(ServerError) -> ObjectStore {
        let configuration = ObjectStoreConfiguration(
            volumeDirectories: folders.all.map(\.path),
            copies: copies,
            indexDirectory: folders.first.path + "/index",
            root: root,
            limits: limits,
            clock: SystemClock.now
        )
        do {
            return try await ObjectStore.open(
                configuration,
                fileSystem: PosixFileSystem(),
                logger: logger
            )
        } catch {
            throw translated(error)
        }
    }

    private func translated(_ error: StoreError) -> ServerError {
        let folder = folders.first
        guard case .openFailed(let failure) = error else {
            return .dataUnusable(path: folder.path, cause: "\(error)")
        }
        return switch failure {
        case .inUse(let directory): .dataInUse(path: directory)
        case .labelMissing(let directory):
            .dataUnusable(
                path: directory,
                cause: "it holds a log or blobs but no volume.json; put the file back from a backup"
            )
        case .foreign(let directory):
            .dataUnusable(path: directory, cause: "its files belong to another Nave")
        case .split(let directory, let other):
            .dataUnusable(
                path: directory,
                cause:
                    "it and \(other) were each served without the other, so that each has changes "
                    + "the other lacks; serve the one whose changes count, with an empty folder in "
                    + "place of the other"
            )
        case .volumeTwice(let directory, let other):
            .dataUnusable(
                path: other,
                cause:
                    "it is a copy of \(directory); serve one of them, with an empty folder beside it"
            )
        case .logUnavailable(let missing):
            .dataUnusable(
                path: folder.path,
                cause:
                    "the log is on volumes that were not named: \(missing.joined(separator: ", "))"
            )
        case .copiesInvalid(let copies, let volumes):
            .copiesImpossible(copies: copies, folders: volumes)
        case .versionUnknown(let path, let version):
            .dataUnusable(
                path: path,
                cause: "it is of format version \(version), which a newer nave wrote"
            )
        case .damaged(let path, let offset):
            .dataUnusable(path: path, cause: "it is damaged at byte \(offset)")
        case .changeUnreadable(let position):
            .dataUnusable(
                path: folder.path,
                cause: "the log's record at \(position.bytes) is of a kind this version cannot read"
            )
        case .inputOutput(let path, let errorNumber):
            .fileUnusable(path: path, cause: DataFolder.systemCause(of: errorNumber))
        case .indexLost(let directory):
            .dataUnusable(
                path: directory,
                cause: "the index is lost and none of its snapshots can be read"
            )
        case .index(let path, let message): .dataUnusable(path: path, cause: message)
        }
    }
}
