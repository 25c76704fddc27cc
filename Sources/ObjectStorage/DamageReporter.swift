import DiskIO
import Logging
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Synchronization
import Volumes

/// Lists damage that reads run into, and has the list looked through.
///
/// The list is looked through on a disk thread, one look at a time; what asks for one while it is under
/// way is answered by the next.
///
/// State: guarded by `pending`.
final class DamageReporter: Sendable {
    private struct Pending {
        var isWanted = false
        var isRunning = false
        var waiting: [@Sendable () -> Void] = []

        mutating func takeWaiting() -> [@Sendable () -> Void] {
            defer { waiting = [] }
            return waiting
        }
    }

    /// What keeps the list in line with the index.
    let census: DamageCensus
    private let ledger: DamageLedger
    private let volume: VolumeSet
    private let clock: @Sendable () -> WallTime
    private let logger: Logger
    private let pending = Mutex(Pending())

    init(
        ledger: DamageLedger,
        index: MetadataIndex,
        volume: VolumeSet,
        clock: @escaping @Sendable () -> WallTime,
        logger: Logger
    ) {
        census = DamageCensus(ledger: ledger, index: index)
        self.ledger = ledger
        self.volume = volume
        self.clock = clock
        self.logger = logger
    }

    /// Lists what a failed read shows, if it shows damage.
    ///
    /// May be called on an event loop.
    func report(_ error: VolumeError, reading extent: Extent, _ pool: BlockingPool) {
        let record = DamageRecord(
            error,
            reading: extent,
            volume: volume.directory(of: error),
            blobPath: { volume.path(of: $0) },
            now: clock()
        )
        guard let record, ledger.add(record) else { return }
        logger.error(
            "stored bytes are damaged",
            metadata: [
                "path": "\(record.path)", "offset": "\(record.offset ?? -1)",
                "kind": "\(record.kind.rawValue)",
            ]
        )
        look(pool)
    }

    /// Lists damage that was met while another copy was read, and that it was mended.
    func note(_ error: VolumeError, _ extent: Extent, _ damage: VolumeEventLog.Damage) {
        let record = DamageRecord(
            error,
            reading: extent,
            volume: volume.directory(of: error),
            blobPath: { volume.path(of: $0) },
            now: clock()
        )
        guard let record else { return }
        switch damage {
        case .found: ledger.add(record)
        case .healed: ledger.heal(path: record.path, offset: record.offset)
        }
    }

    /// Has the list looked through soon.
    ///
    /// - Parameters:
    ///   - pool: Where.
    ///   - onEnd: Called after a look that began later than this call, or if there can be none any more;
    ///     it must not wait.
    func look(_ pool: BlockingPool, onEnd: (@Sendable () -> Void)? = nil) {
        let starts = pending.withLock { pending in
            pending.isWanted = true
            if let onEnd { pending.waiting.append(onEnd) }
            defer { pending.isRunning = true }
            return !pending.isRunning
        }
        guard starts, !pool.enqueue({ [self] in lookWhileWanted() }) else { return }
        // A pool that is shut down leaves the list as it is.
        let waiting = pending.withLock { pending in
            pending.isRunning = false
            return pending.takeWaiting()
        }
        for action in waiting { action() }
    }

    private func lookWhileWanted() {
        while true {
            let waiting = pending.withLock { pending -> [@Sendable () -> Void]? in
                guard pending.isWanted else {
                    pending.isRunning = false
                    return nil
                }
                pending.isWanted = false
                return pending.takeWaiting()
            }
            guard let waiting else { return }
            do throws(SQLiteError) {
                try census.look(.names)
            } catch {
                logger.warning(
                    "list of damage not brought up to date",
                    metadata: ["error": "\(error)"]
                )
            }
            for action in waiting { action() }
        }
    }
}
