import Logging
import Synchronization
import Volumes

/// Writes what happens to volumes where the operator reads it, and wakes whoever mends it.
///
/// State: who is woken, guarded by `mender`.
final class VolumeEventLog: Sendable {
    private let logger: Logger
    private let mender = Mutex<(@Sendable () -> Void)?>(nil)

    init(logger: Logger) {
        self.logger = logger
    }

    /// Has a function called whenever volumes lack something.
    func whenMendingIsWanted(_ action: @escaping @Sendable () -> Void) {
        mender.withLock { $0 = action }
    }

    func take(_ event: VolumeEvent) {
        write(event)
        switch event {
        case .takenOut, .thin, .notHealed: mender.withLock { $0 }?()
        case .missing, .unreadable, .joined, .damaged, .healed, .holdsLog, .current: break
        }
    }

    private func write(_ event: VolumeEvent) {
        switch event {
        case .missing(let id):
            logger.warning("a volume is missing", metadata: ["volume": "\(id)"])
        case .unreadable(let directory, let error):
            logger.error(
                "a volume cannot be read",
                metadata: ["directory": "\(directory)", "error": "\(error)"]
            )
        case .joined(let directory):
            logger.notice("a volume joined", metadata: ["directory": "\(directory)"])
        case .takenOut(let directory, let error):
            logger.error(
                "a volume failed and is taken out",
                metadata: ["directory": "\(directory)", "error": "\(error)"]
            )
        case .damaged(let directory, let extent, let error):
            logger.error(
                "stored bytes are damaged",
                metadata: [
                    "directory": "\(directory)", "extent": "\(extent)", "error": "\(error)",
                ]
            )
        case .healed(let directory, let extent):
            logger.notice(
                "damaged bytes were written anew",
                metadata: ["directory": "\(directory)", "extent": "\(extent)"]
            )
        case .notHealed(let directory, let extent, let error):
            logger.error(
                "damaged bytes could not be written anew",
                metadata: [
                    "directory": "\(directory)", "extent": "\(extent)", "error": "\(error)",
                ]
            )
        case .thin(let id):
            logger.warning(
                "a blob has fewer copies than wanted",
                metadata: ["blob": "\(id.number)"]
            )
        case .holdsLog(let directory):
            logger.notice("a volume holds the log now", metadata: ["directory": "\(directory)"])
        case .current(let directory):
            logger.notice("a volume is up to date", metadata: ["directory": "\(directory)"])
        }
    }
}
