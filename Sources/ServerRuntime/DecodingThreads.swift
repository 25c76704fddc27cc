import DiskIO
import NIOCore

/// The threads that decode chunks and compute statistics: as many as the machine has cores, apart
/// from those that wait for the disk, so that neither kind of work holds up the other.
enum DecodingThreads {
    /// Starts the threads.
    ///
    /// - Throws: ``ServerError/threadsUnavailable``.
    static func start() throws(ServerError) -> BlockingPool {
        do {
            return try BlockingPool(name: "decode", threadCount: max(1, System.coreCount))
        } catch {
            throw .threadsUnavailable
        }
    }
}
