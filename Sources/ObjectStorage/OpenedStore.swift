import DiskIO
import Logging
import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// What opening a store makes; the writer stays on the thread that opened it.
struct OpenedStore {
    let configuration: ObjectStoreConfiguration
    let volume: VolumeSet
    let index: MetadataIndex
    let writer: IndexWriter
    let names: NameTable
    let directory: NameDirectory
    let queue: CommitQueue
    let upkeep: Upkeep
    let repair: VolumeRepair
    let entries = EntryCache()
    let board = EventBoard()
    let meter = CommitMeter()
    let inline: InlineGuard
    let health = IndexHealth()
    /// Where the index can be made if the disk of that in use fails.
    let spareIndexDirectories: [String]
    let reserve: DiskReserve
    let logger: Logger

    /// Opens volume and index, and brings the index forward; blocks.
    ///
    /// - Throws: ``StoreOpenFailure``.
    init(
        _ configuration: ObjectStoreConfiguration,
        fileSystem: any FileSystem,
        logger: Logger
    ) throws(StoreOpenFailure) {
        let began = ContinuousClock.now
        let events = VolumeEventLog(logger: logger)
        let places = IndexPlaces(configuration, fileSystem: fileSystem)
        let reserve = DiskReserve(configuration, index: places.first, fileSystem, logger)
        let (volume, current) = try Self.open(
            configuration,
            places,
            fileSystem,
            events,
            reserve,
            logger
        )
        self.reserve = reserve
        inline = InlineGuard(blockBytes: configuration.limits.punchBlockBytes)
        self.configuration = configuration
        self.logger = logger
        self.volume = volume
        index = current.opened.index
        spareIndexDirectories = places.all.filter { $0 != current.opened.index.directory }
        writer = current.opened.writer
        do {
            let reader = writer.reader
            let swept = try Self.sweepBlobs(of: volume, unknownTo: reader, logger)
            names = NameTable(
                namespaces: try reader.namespaces(),
                principals: try reader.principals(),
                root: configuration.root
            )
            queue = try CommitQueue(limits: configuration.limits)
            upkeep = try Upkeep(
                volume: volume,
                index: index,
                reporter: DamageReporter(
                    ledger: configuration.ledger,
                    index: index,
                    volume: volume,
                    clock: configuration.clock,
                    logger: logger
                ),
                scheduling: configuration.scheduling,
                logger: logger
            )
            repair = try VolumeRepair(
                volumes: volume,
                index: index,
                upkeep: upkeep,
                scheduling: configuration.scheduling,
                logger: logger
            )
            logger.info(
                "store opened",
                metadata: [
                    "index": "\(current.origin)", "replayed": "\(current.replayed)",
                    "swept": "\(swept)", "took": "\(ContinuousClock.now - began)",
                ]
            )
        } catch {
            throw Self.failure(error, configuration)
        }
        directory = NameDirectory(names)
        listen(to: events)
    }

    /// Removes the blobs that the index does not know.
    ///
    /// - Returns: How many.
    private static func sweepBlobs(
        of volume: VolumeSet,
        unknownTo reader: IndexReader,
        _ logger: Logger
    ) throws -> Int {
        let swept = try volume.sweepBlobs { id in
            // An index that cannot be asked must not cost a blob.
            (try? reader.knowsBlob(id)) ?? true
        }
        if !volume.foundBlobDirectories, !(try reader.blobs(after: nil, limit: 1).isEmpty) {
            logger.error("no payload file is there, as if a disk were not mounted below blobs/")
        }
        return swept
    }

    /// Has those woken who mend what volumes, reads and the index run into.
    private func listen(to events: VolumeEventLog) {
        let (repair, reporter, health, queue) = (repair, upkeep.reporter, health, queue)
        // Weakly: the volumes hold these, and they the volumes.
        events.whenMendingIsWanted { [weak repair] in repair?.wake() }
        events.whenDamaged { [weak reporter] in reporter?.note($0, $1, $2) }
        index.whenReadFails { [weak queue] error, directory in
            if health.suspect(error, in: directory) { queue?.wantLook() }
        }
    }

    /// Opens the volumes and the index.
    private static func open(
        _ configuration: ObjectStoreConfiguration,
        _ places: IndexPlaces,
        _ fileSystem: any FileSystem,
        _ events: VolumeEventLog,
        _ reserve: DiskReserve,
        _ logger: Logger
    ) throws(StoreOpenFailure) -> (VolumeSet, IndexOpening.Current) {
        // Whoever starts a server writes some small files of his own.
        if reserve.isDiskFull { _ = reserve.release() }
        return try withRoom(reserve) { () throws(StoreOpenFailure) in
            let volume = try openVolumes(configuration, places, fileSystem, events)
            do {
                return (volume, try places.open(configuration, volume, logger))
            } catch {
                let reason = failure(error, configuration)
                // That is opened once more; a log that is refused stays as it is.
                if case .outOfSpace = reason { try? volume.close() }
                throw reason
            }
        }
    }

    /// Opens what a full disk may keep from being opened: again with the room that was kept for deletions.
    private static func withRoom<Value>(
        _ reserve: DiskReserve,
        _ open: () throws(StoreOpenFailure) -> Value
    ) throws(StoreOpenFailure) -> Value {
        do throws(StoreOpenFailure) {
            return try open()
        } catch {
            guard case .outOfSpace = error, reserve.release() else { throw error }
            return try open()
        }
    }

    /// Opens the volumes, and tells them what the index knew to be flushed: a log that ends before is
    /// damaged.
    private static func openVolumes(
        _ configuration: ObjectStoreConfiguration,
        _ places: IndexPlaces,
        _ fileSystem: any FileSystem,
        _ events: VolumeEventLog
    ) throws(StoreOpenFailure) -> VolumeSet {
        let locations = configuration.volumeDirectories.map {
            VolumeLocation(directory: $0, fileSystem: fileSystem)
        }
        let state = places.state
        let settings = VolumeSetConfiguration(
            volume: VolumeConfiguration(
                now: configuration.clock(),
                flushed: state?.flushed ?? LogPosition(0),
                applied: state?.appliedPosition,
                segmentBytesMax: configuration.limits.logSegmentBytesMax,
                random: configuration.random
            ),
            copies: configuration.copies,
            durability: configuration.durability,
            calls: configuration.scheduling == .inTurn ? .inTurn : .together,
            onEvent: { event in events.take(event) }
        )
        do throws(VolumeError) {
            return try VolumeSet.open(locations, settings)
        } catch {
            throw StoreOpenFailure(error, directory: configuration.volumeDirectories[0])
        }
    }

    private static func failure(
        _ error: any Error,
        _ configuration: ObjectStoreConfiguration
    ) -> StoreOpenFailure {
        switch error {
        case let failure as StoreOpenFailure: failure
        case let volume as VolumeError:
            StoreOpenFailure(volume, directory: configuration.volumeDirectories[0])
        case let disk as DiskError where disk.code == .outOfSpace: .outOfSpace(path: disk.path)
        case let disk as DiskError:
            .inputOutput(path: disk.path, errorNumber: disk.errorNumber)
        case let index as SQLiteError where index.code == .outOfSpace:
            .outOfSpace(path: configuration.indexDirectory)
        case let index as SQLiteError:
            .index(path: configuration.indexDirectory, message: index.message)
        case LogReplayError.changeUnreadable(let position, _):
            .changeUnreadable(position: position)
        default: .index(path: configuration.indexDirectory, message: "\(error)")
        }
    }
}
