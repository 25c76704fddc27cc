import DiskIO
import Logging
import MetadataIndex
import NIOCore
import SQLiteDatabase
import StorageModel
import Volumes

/// A store of objects on one volume: the log, its blobs, and the index derived from them.
///
/// Threads: writes are decided by one committer thread, in batches with one flush each; look-ups
/// ask the index on the calling thread, some microseconds each, so they may be made on an event
/// loop; listings and payloads that are not in memory go to ``diskPool``.
///
/// Consistency: once a write was answered, every look-up and listing shows it; what they show is on
/// the disk, or with ``Durability/relaxed`` will be after the next flush.
public final class ObjectStore: Sendable {
    /// The threads for disk work and for computations too long for a shared executor.
    public let diskPool: BlockingPool

    let limits: StoreLimits
    let volume: VolumeSet
    let index: MetadataIndex
    let queue: CommitQueue
    let names: NameDirectory
    let upkeep: Upkeep
    let repair: VolumeRepair
    let entries: EntryCache
    let board: EventBoard
    let meter: CommitMeter
    let ledger: DamageLedger
    let inline: InlineGuard
    let reclaimer: Reclaimer
    let reserve: DiskReserve
    let health: IndexHealth
    let random: @Sendable () -> UInt64
    private let flusher: LogFlusher?
    private let logger: Logger

    /// Up to what length a payload that is staged stays in memory, so that its entity tag may be left to
    /// the store, in bytes.
    public var shortPayloadBytesMax: Int { limits.inlineBytesMax }

    /// Whether writes are taken: they are until a disk fails or the store is closed.
    ///
    /// Never waits.
    public var isWritable: Bool { volume.isWritable }

    /// Whether too little room is left on the disks for anything to be stored; deletions are taken.
    ///
    /// Never waits: it is looked at with every change, and once a minute.
    public var isRoomLow: Bool { reserve.isRoomLow }

    private init(_ opened: Parts, diskPool: BlockingPool) {
        self.diskPool = diskPool
        limits = opened.limits
        volume = opened.volume
        index = opened.index
        queue = opened.queue
        names = opened.names
        upkeep = opened.upkeep
        repair = opened.repair
        entries = opened.entries
        board = opened.board
        meter = opened.meter
        ledger = opened.ledger
        inline = opened.inline
        reclaimer = opened.reclaimer
        reserve = opened.reserve
        health = opened.health
        random = opened.random
        flusher = opened.flusher
        logger = opened.logger
    }

    deinit {
        // A store that nobody closed: its threads end by themselves.
        let queue = queue
        let upkeep = upkeep
        let reclaimer = reclaimer
        repair.close {}
        flusher?.close {}
        reclaimer.close { queue.close { upkeep.close {} } }
    }

    /// What the committer's thread hands out after it has opened everything.
    private struct Parts: Sendable {
        let limits: StoreLimits
        let volume: VolumeSet
        let index: MetadataIndex
        let queue: CommitQueue
        let names: NameDirectory
        let upkeep: Upkeep
        let repair: VolumeRepair
        let entries: EntryCache
        let board: EventBoard
        let meter: CommitMeter
        let ledger: DamageLedger
        let inline: InlineGuard
        let reclaimer: Reclaimer
        let reserve: DiskReserve
        let health: IndexHealth
        let random: @Sendable () -> UInt64
        let flusher: LogFlusher?
        let logger: Logger

        init(_ opened: OpenedStore, _ reclaimer: Reclaimer, _ flusher: LogFlusher?) {
            limits = opened.configuration.limits
            volume = opened.volume
            index = opened.index
            queue = opened.queue
            names = opened.directory
            upkeep = opened.upkeep
            repair = opened.repair
            entries = opened.entries
            board = opened.board
            meter = opened.meter
            ledger = opened.configuration.ledger
            inline = opened.inline
            self.reclaimer = reclaimer
            reserve = opened.reserve
            health = opened.health
            random = opened.configuration.random
            self.flusher = flusher
            logger = opened.logger
        }
    }

    /// Opens the store of a directory, and makes it on first use.
    ///
    /// - Throws: ``StoreError/openFailed(_:)``.
    public static func open(
        _ configuration: ObjectStoreConfiguration,
        fileSystem: any FileSystem,
        logger: Logger
    ) async throws(StoreError) -> ObjectStore {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Parts, StoreError>, Never>) in
            do throws(DiskError) {
                try BlockingThread.start(name: "nave-commit") {
                    openAndServe(configuration, fileSystem, logger) {
                        continuation.resume(returning: $0)
                    }
                }
            } catch {
                continuation.resume(returning: .failure(StoreError(opening: error)))
            }
        }
        let parts = try result.get()
        do throws(DiskError) {
            let pool = try BlockingPool(
                name: "nave-disk",
                threadCount: configuration.limits.diskThreads
            )
            return ObjectStore(parts, diskPool: pool)
        } catch {
            parts.repair.close {}
            parts.flusher?.close {}
            let queue = parts.queue
            let upkeep = parts.upkeep
            parts.reclaimer.close { queue.close { upkeep.close {} } }
            throw StoreError(opening: error)
        }
    }

    /// The life of the committer's thread: opens, says how that went, and serves until closed.
    private static func openAndServe(
        _ configuration: ObjectStoreConfiguration,
        _ fileSystem: any FileSystem,
        _ logger: Logger,
        _ report: @Sendable (Result<Parts, StoreError>) -> Void
    ) {
        do throws(StoreOpenFailure) {
            // When this returns, the writer's connection to the index is closed.
            let queue = try serve(configuration, fileSystem, logger, report)
            queue.drained()
        } catch {
            report(.failure(.openFailed(error)))
        }
    }

    private static func serve(
        _ configuration: ObjectStoreConfiguration,
        _ fileSystem: any FileSystem,
        _ logger: Logger,
        _ report: @Sendable (Result<Parts, StoreError>) -> Void
    ) throws(StoreOpenFailure) -> CommitQueue {
        let opened = try OpenedStore(configuration, fileSystem: fileSystem, logger: logger)
        let upkeep = opened.upkeep
        let repair = opened.repair
        let reclaimer: Reclaimer
        let flusher: LogFlusher?
        do throws(DiskError) {
            reclaimer = try Reclaimer(opened)
            flusher = try LogFlusher(opened)
            if configuration.scheduling == .threads {
                try BlockingThread.start(name: "nave-upkeep") { upkeep.run() }
            }
            do throws(DiskError) {
                if configuration.scheduling == .threads {
                    try BlockingThread.start(name: "nave-repair") { repair.run() }
                }
                if let flusher {
                    try BlockingThread.start(name: "nave-flush") { flusher.run() }
                }
                try BlockingThread.start(name: "nave-reclaim") { reclaimer.run() }
            } catch {
                repair.close {}
                flusher?.close {}
                upkeep.close {}
                throw error
            }
        } catch {
            throw .inputOutput(path: error.path, errorNumber: error.errorNumber)
        }
        let committer = Committer(opened)
        report(.success(Parts(opened, reclaimer, flusher)))
        committer.run()
        return opened.queue
    }

    /// Finishes what is waiting, flushes, and closes.
    ///
    /// Further calls fail with ``StoreError/closed``.
    public func close() async {
        await withCheckedContinuation { continuation in
            repair.close { continuation.resume() }
        }
        await withCheckedContinuation { continuation in
            reclaimer.close { continuation.resume() }
        }
        await withCheckedContinuation { continuation in
            queue.close { continuation.resume() }
        }
        await withCheckedContinuation { continuation in
            upkeep.close { continuation.resume() }
        }
        if let flusher {
            await withCheckedContinuation { continuation in
                flusher.close { continuation.resume() }
            }
        }
        await diskPool.shutdown()
        index.close()
        do throws(VolumeError) {
            try volume.close()
        } catch {
            logger.warning("volume not closed", metadata: ["error": "\(error)"])
        }
    }

    /// When a change is durable that was acknowledged.
    public var durability: Durability { volume.durability }

    /// What of the log a power loss would take away now.
    ///
    /// Never waits.
    public var unflushed: UnflushedLog { volume.unflushed }

    /// On how many volumes everything is, and how far bringing volumes up to date has come.
    ///
    /// Never waits.
    public var copies: CopiesReport { repair.report }

    /// Has the copies made that are wanting, and waits for it, as far as they can be made.
    ///
    /// - Returns: What is wanting still.
    public func makeCopies() async -> CopiesReport {
        await withCheckedContinuation { continuation in
            repair.whenLooked { continuation.resume() }
        }
        return copies
    }

    /// The room on the volumes' disks for one more payload.
    public func space() async throws(StoreError) -> DiskSpace {
        let volume = volume
        return try await diskPool.perform { () throws(StoreError) in
            do throws(VolumeError) { return try volume.space() } catch { throw StoreError(error) }
        }
    }

    /// Writes a copy of one committed state of the index into a new file.
    ///
    /// A store whose index is replaced by the copy brings itself forward from the log.
    public func copyIndex(to path: String) async throws(StoreError) {
        let index = index
        try await diskPool.perform { () throws(StoreError) in
            do throws(SQLiteError) { try index.copy(to: path) } catch { throw StoreError(error) }
        }
    }

    /// Asks the index on the calling thread.
    func ask<Value: Sendable>(
        _ body: @Sendable (IndexReader) throws(SQLiteError) -> Value
    ) throws(StoreError) -> Value {
        do throws(SQLiteError) {
            return try index.read(body)
        } catch {
            logger.error("index cannot be read", metadata: ["error": "\(error)"])
            throw StoreError(error)
        }
    }

    /// Has a proposal decided whose outcome is of one kind.
    func commit<Value: Sendable>(
        _ proposal: Proposal,
        actor: PrincipalName? = nil,
        _ read: (CommitOutcome) -> Value?
    ) async throws(StoreError) -> Value {
        guard let value = read(try await queue.submit(proposal, actor: actor)) else {
            preconditionFailure("an outcome is of the kind of its proposal")
        }
        return value
    }
}

extension StoreError {
    init(opening error: DiskError) {
        self = .openFailed(.inputOutput(path: error.path, errorNumber: error.errorNumber))
    }
}
