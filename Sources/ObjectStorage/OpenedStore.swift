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
    let meter = CommitMeter()
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
        let volume = try Self.openVolumes(configuration, fileSystem, events)
        let opened = try Self.openIndex(configuration, volume)
        let current = try Self.bringForward(opened, configuration, volume, logger)
        self.configuration = configuration
        self.logger = logger
        self.volume = volume
        index = current.opened.index
        writer = current.opened.writer
        do {
            let reader = writer.reader
            let swept = try volume.sweepBlobs { id in
                // An index that cannot be asked must not cost a blob.
                (try? reader.knowsBlob(id)) ?? true
            }
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
                logger: logger
            )
            repair = try VolumeRepair(volumes: volume, index: index, logger: logger)
            logger.info(
                "store opened",
                metadata: [
                    "index": "\(current.opened.finding)", "replayed": "\(current.replayed)",
                    "swept": "\(swept)", "took": "\(ContinuousClock.now - began)",
                ]
            )
        } catch {
            throw Self.failure(error, configuration)
        }
        directory = NameDirectory(names)
        let repair = repair
        let reporter = upkeep.reporter
        events.whenMendingIsWanted { repair.wake() }
        events.whenDamaged { reporter.note($0, $1, $2) }
    }

    /// Opens the volumes, and tells them how far the index had come: what the index holds was flushed,
    /// so a log that ends before is damaged.
    private static func openVolumes(
        _ configuration: ObjectStoreConfiguration,
        _ fileSystem: any FileSystem,
        _ events: VolumeEventLog
    ) throws(StoreOpenFailure) -> VolumeSet {
        let locations = configuration.volumeDirectories.map {
            VolumeLocation(directory: $0, fileSystem: fileSystem)
        }
        let state = MetadataIndex.state(directory: configuration.indexDirectory)
        let origin = VolumeSet.originID(of: locations)
        let isOurs = state != nil && origin?.description == state?.volume
        let flushed = isOurs ? state?.applied : nil
        let settings = VolumeSetConfiguration(
            volume: VolumeConfiguration(
                now: configuration.clock(),
                flushed: flushed ?? LogPosition(0),
                segmentBytesMax: configuration.limits.logSegmentBytesMax,
                random: configuration.random
            ),
            copies: configuration.copies,
            onEvent: { event in events.take(event) }
        )
        do throws(VolumeError) {
            return try VolumeSet.open(locations, settings)
        } catch {
            throw StoreOpenFailure(error, directory: configuration.volumeDirectories[0])
        }
    }

    private static func openIndex(
        _ configuration: ObjectStoreConfiguration,
        _ volume: VolumeSet
    ) throws(StoreOpenFailure) -> MetadataIndex.Opened {
        do {
            try PosixFileSystem().makeDirectories(configuration.indexDirectory)
            return try MetadataIndex.open(
                directory: configuration.indexDirectory,
                volume: volume.originID.description,
                log: volume.logStart..<volume.logEnd
            )
        } catch {
            throw failure(error, configuration)
        }
    }

    /// Replays what the index misses; one that turns out not to fit the log is made anew, once.
    private static func bringForward(
        _ opened: MetadataIndex.Opened,
        _ configuration: ObjectStoreConfiguration,
        _ volume: VolumeSet,
        _ logger: Logger
    ) throws(StoreOpenFailure) -> (opened: MetadataIndex.Opened, replayed: Int) {
        let batchMax = configuration.limits.replayBatchMax
        do {
            let replay = LogReplay(volume: volume, writer: opened.writer, batchMax: batchMax)
            return (opened, try replay.run())
        } catch {
            guard opened.finding == .usable else { throw failure(error, configuration) }
            logger.warning(
                "index does not fit the log and is made anew",
                metadata: ["error": "\(error)"]
            )
        }
        do {
            opened.index.close()
            let anew = try MetadataIndex.openAnew(
                directory: configuration.indexDirectory,
                volume: volume.originID.description,
                logStart: volume.logStart
            )
            let replay = LogReplay(volume: volume, writer: anew.writer, batchMax: batchMax)
            return (anew, try replay.run())
        } catch {
            throw failure(error, configuration)
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
        case let disk as DiskError:
            .inputOutput(path: disk.path, errorNumber: disk.errorNumber)
        case let index as SQLiteError:
            .index(path: configuration.indexDirectory, message: index.message)
        case LogReplayError.changeUnreadable(let position, _):
            .changeUnreadable(position: position)
        default: .index(path: configuration.indexDirectory, message: "\(error)")
        }
    }
}
