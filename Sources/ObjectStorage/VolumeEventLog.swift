import Logging
import StorageModel
import Synchronization
import Volumes

/// Writes what happens to volumes where the operator reads it, and wakes whoever mends it or lists it.
///
/// State: who is woken, guarded by `mender`, and who lists damage, by `lister`.
final class VolumeEventLog: Sendable {
    private let logger: Logger
    private let mender = Mutex<(@Sendable () -> Void)?>(nil)
    private let lister = Mutex<(@Sendable (VolumeError, Extent, Damage) -> Void)?>(nil)

    init(logger: Logger) {
        self.logger = logger
    }

    /// Has a function called whenever volumes lack something.
    func whenMendingIsWanted(_ action: @escaping @Sendable () -> Void) {
        mender.withLock { $0 = action }
    }

    /// Has a function called with every damage, and whether it is mended.
    func whenDamaged(_ action: @escaping @Sendable (VolumeError, Extent, Damage) -> Void) {
        lister.withLock { $0 = action }
    }

    /// What became of a damage.
    enum Damage {
        case found
        case healed
    }

    func take(_ event: VolumeEvent) {
        write(event)
        switch event {
        case .damaged(_, let extent, let error): lister.withLock { $0 }?(error, extent, .found)
        case .healed(_, let extent, let error): lister.withLock { $0 }?(error, extent, .healed)
        case .takenOut, .thin, .notHealed, .missing, .forgotten, .unreadable, .blobsMissing,
            .joined, .holdsLog, .current:
            break
        }
        switch event {
        case .takenOut, .thin, .notHealed: mender.withLock { $0 }?()
        case .missing, .forgotten, .unreadable, .blobsMissing, .joined, .damaged, .healed,
            .holdsLog, .current:
            break
        }
    }

    private func write(_ event: VolumeEvent) {
        switch event {
        case .missing(let id):
            logger.warning("a volume is missing", metadata: ["volume": "\(id)"])
        case .forgotten(let id):
            logger.notice("a volume was forgotten", metadata: ["volume": "\(id)"])
        case .unreadable(let directory, let error):
            logger.error(
                "a volume cannot be read",
                metadata: ["directory": "\(directory)", "error": "\(error)"]
            )
        case .blobsMissing(let directory):
            logger.error(
                "a volume holds no payload file, as if a disk were not mounted; what it lacks is copied",
                metadata: ["directory": "\(directory)"]
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
                    "directory": "\(directory)", "extent": "\(extent.place(below: directory))",
                    "error": "\(error)",
                ]
            )
        case .healed(let directory, let extent, _):
            logger.notice(
                "damaged bytes were written anew",
                metadata: [
                    "directory": "\(directory)", "extent": "\(extent.place(below: directory))",
                ]
            )
        case .notHealed(let directory, let extent, let error):
            logger.error(
                "damaged bytes could not be written anew",
                metadata: [
                    "directory": "\(directory)", "extent": "\(extent.place(below: directory))",
                    "error": "\(error)",
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
