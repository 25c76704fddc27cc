import DiskIO
import Logging
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Synchronization
import Volumes

/// Lists damage that reads run into, and finds out whose bytes it is.
///
/// A place is looked at once: the index is read through for its owners on a disk thread, one place
/// at a time; while one is looked for, at most ``pendingMax`` wait.
///
/// State: guarded by `pending`.
final class DamageReporter: Sendable {
    private static let pendingMax = 1000

    private struct Pending {
        var places: Set<DamageRecord.Place> = []
        var isRunning = false
    }

    private let ledger: DamageLedger
    private let index: MetadataIndex
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
        self.ledger = ledger
        self.index = index
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
        name(record.place, pool)
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

    private func name(_ place: DamageRecord.Place, _ pool: BlockingPool) {
        let starts = pending.withLock { pending in
            guard pending.places.count < Self.pendingMax else { return false }
            pending.places.insert(place)
            defer { pending.isRunning = true }
            return !pending.isRunning
        }
        guard starts else { return }
        // A pool that is shut down leaves the places without names.
        _ = pool.enqueue { [self] in nameAll() }
    }

    private func nameAll() {
        while true {
            let places = pending.withLock { pending in
                defer { pending.places = [] }
                if pending.places.isEmpty { pending.isRunning = false }
                return pending.places
            }
            guard !places.isEmpty else { return }
            do throws(SQLiteError) {
                try ledger.nameOwners(of: places, index)
            } catch {
                logger.warning("owners not found", metadata: ["error": "\(error)"])
            }
        }
    }
}

extension DamageLedger {
    /// Finds the owners of damaged places in the index, and lists them.
    ///
    /// Reads every row that holds a payload.
    package func nameOwners(
        of places: Set<DamageRecord.Place>,
        _ index: MetadataIndex
    ) throws(SQLiteError) {
        var blobs: Set<BlobID> = []
        var positions: Set<LogPosition> = []
        for place in places {
            switch place {
            case .blob(let id): blobs.insert(id)
            case .payload(let position): positions.insert(position)
            case .log, .snapshot: continue
            }
        }
        let (wantedBlobs, wantedPositions) = (blobs, positions)
        let owners = try index.read { reader throws(SQLiteError) in
            try reader.owners(
                of: wantedBlobs,
                at: wantedPositions,
                namesMax: DamageRecord.objectsMax
            )
        }
        for (id, names) in owners.blobs { name(names, of: .blob(id)) }
        for (position, names) in owners.positions { name(names, of: .payload(position)) }
    }
}
