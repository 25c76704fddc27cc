import DiskIO
import Logging
import NIOCore
import StorageModel

/// A store of objects on one volume: the log, its blobs, and the index derived from them.
public final class ObjectStore: Sendable {
    /// The threads for disk work and for computations too long for a shared executor.
    public let diskPool: BlockingPool

    /// Opens the store of a directory, and makes it on first use.
    ///
    /// - Throws: ``StoreError/openFailed(_:)``.
    public static func open(
        _ configuration: ObjectStoreConfiguration,
        fileSystem: any FileSystem,
        logger: Logger
    ) async throws(StoreError) -> ObjectStore { preconditionFailure() }

    /// Finishes what is waiting, flushes, and closes. Further calls fail with ``StoreError/closed``.
    public func close() async { preconditionFailure() }
}
