import DiskIO
import Logging
import ObjectStorage
import StorageModel

/// Opens the object store of a data folder, and puts what goes wrong in words for a person.
struct StoreOpening {
    let folder: DataFolder
    let root: Principal?
    /// The bounds of the store.
    var limits = StoreLimits()

    /// Opens the store.
    ///
    /// - Throws: ``ServerError``; ``ServerError/dataInUse(path:)`` when another process serves it.
    func open(logger: Logger) async throws(ServerError) -> ObjectStore {
        let configuration = ObjectStoreConfiguration(
            volumeDirectory: folder.path,
            indexDirectory: folder.path + "/index",
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
        guard case .openFailed(let failure) = error else {
            return .dataUnusable(path: folder.path, cause: "\(error)")
        }
        return switch failure {
        case .inUse: .dataInUse(path: folder.path)
        case .labelMissing(let directory):
            .dataUnusable(
                path: directory,
                cause: "it holds a log or blobs but no volume.json; put the file back from a backup"
            )
        case .foreign(let directory):
            .dataUnusable(path: directory, cause: "its files belong to another Nave")
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
