import DiskIO
import FoundationEssentials
import Glibc
import HTTPServing
import Logging
import NIOCore
import ObjectStorage
import ServiceLifecycle
import StorageModel

/// One Nave server: puts the parts together, runs them, and takes them apart again.
public struct Server: Sendable {
    private let configuration: ServerConfiguration
    private let command: String
    private let clock = ContinuousClock()
    private let started: ContinuousClock.Instant

    /// Makes a server of a settled configuration.
    ///
    /// - Parameters:
    ///   - configuration: What to serve, and where.
    ///   - command: How the person at the terminal called this program; for the lines to paste.
    public init(_ configuration: ServerConfiguration, command: String) {
        self.configuration = configuration
        self.command = command
        started = clock.now
    }

    /// Serves until the process is told to stop (SIGTERM, SIGINT), then ends gracefully.
    ///
    /// - Throws: ``ServerError`` where the server cannot start.
    public func run() async throws {
        ProcessLimits.prepare()
        guard configuration.directories.isEmpty else {
            try await serve(DataFolders(configuration.directories.map(Self.absolute)))
            return
        }
        let temporary = try TemporaryFolder(
            below: ProcessInfo.processInfo.environment["TMPDIR"]
        )
        let result = await outcome { try await serve(DataFolders([temporary.path])) }
        try temporary.remove()
        try result.get()
    }

    private func serve(_ folders: DataFolders) async throws {
        for folder in folders.all { try folder.refuseUnlessVolume() }
        try folders.refuseNested()
        try folders.refuseGone()
        let mountPoints = MountPoints(folders: folders)
        try mountPoints.refuseMissing()
        let logger = Self.logger(configuration.logLevel)
        let new = NewFolders(folders)
        let opened = await outcome { try await open(folders, logger: logger) }
        // One that cannot be served is left as it was found.
        if case .failure = opened { new.remove() }
        let (keys, store) = try opened.get()
        warn(of: configuration.flushing, logger)
        let result = await outcome {
            folders.record(logger)
            mountPoints.record(logger)
            try await serve(folders, store, keys: keys, logger: logger)
        }
        await store.close()
        try result.get()
    }

    /// Makes the folders and their keys, and opens what they hold.
    private func open(
        _ folders: DataFolders,
        logger: Logger
    ) async throws -> (keys: RootKeys, store: ObjectStore) {
        try folders.create()
        for (index, folder) in folders.all.enumerated()
        where folders.all[..<index].contains(where: folder.isSame) {
            throw ServerError.directoryNamedTwice(folder.path)
        }
        let keys = try RootKeys(in: folders, given: configuration.rootKeys, logger: logger)
        let root = Principal(
            name: .root,
            accessKey: keys.pair.accessKey,
            secretKey: keys.pair.secretKey
        )
        var limits = StoreLimits()
        limits.flushIntervalMilliseconds = configuration.flushing.intervalMilliseconds
        limits.uploadExpirySeconds = 86_400 * Int64(configuration.uploadExpiryDays)
        let store = try await StoreOpening(
            folders: folders,
            copies: configuration.copies,
            durability: configuration.flushing.durability,
            root: root,
            limits: limits
        ).open(logger: logger)
        return (keys, store)
    }

    private func warn(of flushing: FlushSchedule, _ logger: Logger) {
        guard flushing.durability == .relaxed else { return }
        logger.warning(
            """
            durability is relaxed: changes are answered before they are on the disk; a power loss or a \
            crash of the system takes away what was answered since the last flush
            """,
            metadata: ["flushInterval": "\(flushing.intervalMilliseconds) ms"]
        )
    }

    private func serve(
        _ folders: DataFolders,
        _ store: ObjectStore,
        keys: RootKeys,
        logger: Logger
    ) async throws {
        let home = folders.home(of: store.indexDirectory)
        let decoding = try DecodingThreads.start()
        let upkeep = ServerUpkeep(folders, store, logger: logger)
        let listeners = Listeners(
            configuration: configuration,
            router: Router(
                store: store,
                decoding: decoding,
                summaries: { store.indexDirectory + "/statistics" },
                sources: upkeep.sources,
                logger: logger
            ),
            logger: logger
        )
        upkeep.metrics.count { listeners.statistics }
        let bound = try await listeners.start()
        let result = await outcome {
            try folders.publish(endpoint: bound.endpoint, control: "\(bound.control)", logger)
            let announcement = Announcement {
                try announce(report(folders, home, keys, endpoint: bound.endpoint))
            }
            try await group(listeners, upkeep, announcement, logger: logger).run()
        }
        await listeners.stop()
        await upkeep.close()
        await decoding.shutdown()
        for folder in folders.all { folder.removeRuntimeFiles() }
        try result.get()
    }

    private func group(
        _ listeners: Listeners,
        _ upkeep: ServerUpkeep,
        _ announcement: Announcement,
        logger: Logger
    ) -> ServiceGroup {
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: listeners), .init(service: announcement),
        ]
        if let scrub = upkeep.service(configuration.scrub) {
            services.append(.init(service: scrub))
        }
        if configuration.lifetime == .ephemeral {
            services.append(
                .init(
                    service: ParentWatch(),
                    successTerminationBehavior: .gracefullyShutdownGroup
                )
            )
        }
        return ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services,
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
    }

    private func report(
        _ folders: DataFolders,
        _ home: DataFolder,
        _ keys: RootKeys,
        endpoint: String
    ) -> ReadyReport {
        let elapsed = (clock.now - started).components
        return ReadyReport(
            endpoint: endpoint,
            directories: folders.all.map(\.path),
            keysFile: keys.origin == .given ? nil : home.keysFile,
            freeBytes: folders.all.map { $0.freeBytes() }.min() ?? 0,
            readyMilliseconds: Int(elapsed.seconds) * 1000
                + Int(elapsed.attoseconds / 1_000_000_000_000_000),
            command: command,
            newKeys: keys.origin == .made ? keys.pair : nil,
            processID: getpid()
        )
    }

    /// Says that the server is ready: a banner on a terminal, else one line of JSON; and the same
    /// line in the ready file.
    private func announce(_ report: ReadyReport) throws {
        let json = try report.json()
        print(isatty(STDOUT_FILENO) == 1 ? report.banner() : json)
        fflush(nil)
        if let readyFile = configuration.readyFile {
            try DataFolder.publish(json + "\n", at: readyFile)
        }
    }

    private static func logger(_ level: Logger.Level) -> Logger {
        var logger = Logger(label: "nave") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        return FileManager.default.currentDirectoryPath + "/"
            + (path.hasPrefix("./") ? String(path.dropFirst(2)) : path)
    }

    /// Runs a function and keeps what came of it, so that clearing up can come first.
    private func outcome<Value>(
        _ body: () async throws -> Value
    ) async -> Result<Value, any Error> {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}
