import DiskIO
import Logging
import ObjectStorage
import StorageModel
import Volumes

/// Opens the object store of a data folder, and puts what goes wrong in words for a person.
struct StoreOpening {
    let folders: DataFolders
    /// On how many of them everything is kept; nil as before.
    let copies: Int?
    /// When a change is durable that was acknowledged.
    var durability = Durability.strict
    let root: Principal?
    /// The bounds of the store.
    var limits = StoreLimits()

    /// Opens the store.
    ///
    /// - Throws: ``ServerError``; ``ServerError/dataInUse(path:)`` when another process serves it.
    func open(logger: Logger) async throws(ServerError) -> ObjectStore {
        try MountPoints(folders: folders).refuseMissing()
        var configuration = ObjectStoreConfiguration(
            volumeDirectories: folders.all.map(\.path),
            copies: copies,
            durability: durability,
            indexDirectory: folders.first.index,
            root: root,
            limits: limits,
            clock: SystemClock.now
        )
        configuration.spareIndexDirectories = folders.all.dropFirst().map(\.index)
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
        return ServerError(failure, folder: folder.path, of: folders.all.count)
    }
}
