import DiskIO
import Logging
import MetadataIndex
import StorageModel
import Synchronization
import Volumes

/// Gives room back while readers and writers go on, on a thread of its own: snapshots of the index,
/// cleaning of the log, and the end of abandoned uploads.
///
/// It looks around at intervals, and does at once what it is asked for. What it changes goes through
/// the committer like every other change, in small pieces and after those of clients.
///
/// State: guarded by `state`; what the thread remembers from look to look is `memory`, its own.
final class Reclaimer: Sendable {
    /// What it can be asked for.
    enum Request: Sendable {
        case snapshot
        /// Makes snapshots in the place of damaged ones.
        case replaceSnapshots([StoredSnapshot])
        /// Makes snapshots behind damaged records of the log, and those that are known.
        case coverDamage([LogAudit.Damage])
        case clean(CleaningPlan.Depth)
        case expireUploads
        /// Frees what versions left behind, with expired drafts and commits that are kept no longer.
        case sweep
    }

    /// What became of a request.
    enum Outcome: Sendable {
        case snapshot
        /// Whether it was done; not while somebody copies a state.
        case replaced(Bool)
        /// Likewise.
        case covered(Bool)
        case cleaned(CleaningReport)
        case expired(Int)
        case swept
    }

    private struct Asked: Sendable {
        let request: Request
        let answer: @Sendable (Result<Outcome, StoreError>) -> Void
    }

    private struct State {
        var asked: [Asked] = []
        /// What is left to be done for lines; rows of an earlier run may wait to be swept at first.
        var leftovers = LineLeftovers(hasSweeps: true)
        var isEnded = false
        var onEnd: [@Sendable () -> Void] = []
    }

    /// What is remembered from look to look.
    private struct Memory {
        /// Dead bytes that the last pass of each depth left, since they could not be had.
        var leftShallow: Int64 = 0
        var leftDeep: Int64 = 0
        var logEnd = LogPosition(0)
        var nextExpiry: ContinuousClock.Instant?
        /// Damaged records of the log that a lost index would still need.
        var uncovered: [LogAudit.Damage] = []
    }

    private let state = Mutex(State())
    private let memory = Mutex(Memory())
    private let pace: BackgroundPace
    private let gate: RemovalGate
    private let volume: VolumeSet
    private let index: MetadataIndex
    private let snapshots: SnapshotMaker
    private let cleaner: LogCleaner
    private let damageCover: LogDamageCover
    private let expiry: UploadExpiry
    private let sweeper: LineSweeper
    private let reserve: DiskReserve
    private let limits: StoreLimits
    private let logger: Logger

    init(_ opened: OpenedStore) throws(DiskError) {
        let limits = opened.configuration.limits
        let pace = try BackgroundPace(
            queue: opened.queue,
            waitingMax: limits.backgroundWaitingMax
        )
        self.pace = pace
        self.limits = limits
        gate = opened.upkeep.gate
        volume = opened.volume
        index = opened.index
        reserve = opened.reserve
        logger = opened.logger
        snapshots = SnapshotMaker(
            volume: opened.volume,
            index: opened.index,
            limits: limits,
            pace: pace,
            logger: opened.logger
        )
        damageCover = LogDamageCover(
            volume: opened.volume,
            snapshots: snapshots,
            ledger: opened.configuration.ledger,
            clock: opened.configuration.clock,
            logger: opened.logger
        )
        cleaner = LogCleaner(
            volume: opened.volume,
            index: opened.index,
            entries: opened.entries,
            inline: opened.inline,
            snapshots: snapshots,
            limits: limits,
            pace: pace,
            logger: opened.logger
        )
        expiry = UploadExpiry(
            index: opened.index,
            names: opened.directory,
            limits: limits,
            clock: opened.configuration.clock,
            pace: pace,
            logger: opened.logger
        )
        sweeper = LineSweeper(
            index: opened.index,
            names: opened.directory,
            limits: limits,
            clock: opened.configuration.clock,
            pace: pace,
            logger: opened.logger
        )
        let damaged = opened.volume.passedDamage
        damageCover.list(damaged)
        memory.withLock { $0.uncovered = damaged }
        // Weakly: the committer holds the board, and this the committer's queue.
        opened.board.whenLinesAreLeft { [weak self] in self?.want($0) }
    }

    /// Has lines tidied soon, unless it works only when asked to.
    private func want(_ leftovers: LineLeftovers) {
        guard limits.reclaimIntervalSeconds > 0 else { return }
        state.withLock { $0.leftovers.add(leftovers) }
        pace.wakeup.post()
    }

    /// Has something done now.
    func perform(_ request: Request) async throws(StoreError) -> Outcome {
        let result = await withCheckedContinuation { continuation in
            take(Asked(request: request) { continuation.resume(returning: $0) })
        }
        return try result.get()
    }

    /// Has something done now; the calling thread waits.
    func performWaiting(_ request: Request) throws(StoreError) -> Outcome {
        let result: AwaitedOutcome
        do throws(DiskError) { result = try AwaitedOutcome() } catch { throw .inputOutputFailed }
        take(Asked(request: request) { result.give($0) })
        return try result.wait().get()
    }

    private func take(_ asked: Asked) {
        let isTaken = state.withLock { state in
            guard !state.isEnded, pace.goesOn else { return false }
            state.asked.append(asked)
            return true
        }
        if isTaken { pace.wakeup.post() } else { asked.answer(.failure(.closed)) }
    }

    /// Ends what is being done, soon; `onEnd` runs when the thread has ended.
    func close(onEnd: @escaping @Sendable () -> Void) {
        let isEnded = state.withLock { state in
            if !state.isEnded { state.onEnd.append(onEnd) }
            return state.isEnded
        }
        pace.end()
        if isEnded { onEnd() }
    }

    /// The life of the thread.
    func run() {
        if limits.reclaimIntervalSeconds > 0 { lookAtRoom() }
        coverWhenDue()
        while pace.goesOn {
            if let asked = nextAsked() {
                asked.answer(Result { () throws(StoreError) in try perform(now: asked.request) })
            } else if let leftovers = takeLeftovers() {
                attempt("lines not swept") { () throws(StoreError) in
                    try sweeper.tidy(leftovers)
                }
            } else if limits.reclaimIntervalSeconds == 0 {
                pace.wakeup.wait()
            } else {
                let interval = Int32(clamping: limits.reclaimIntervalSeconds &* 1000)
                if !pace.wakeup.wait(upToMilliseconds: interval) { lookAround() }
            }
        }
        let (left, actions) = state.withLock { state in
            state.isEnded = true
            defer {
                state.asked = []
                state.onEnd = []
            }
            return (state.asked, state.onEnd)
        }
        for asked in left { asked.answer(.failure(.closed)) }
        for action in actions { action() }
    }

    private func nextAsked() -> Asked? {
        state.withLock { state in state.asked.isEmpty ? nil : state.asked.removeFirst() }
    }

    private func takeLeftovers() -> LineLeftovers? {
        state.withLock { state in
            guard limits.reclaimIntervalSeconds > 0, !state.leftovers.isEmpty else { return nil }
            defer { state.leftovers = LineLeftovers() }
            return state.leftovers
        }
    }

    private func perform(now request: Request) throws(StoreError) -> Outcome {
        switch request {
        case .snapshot:
            try unlessHeld { () throws(StoreError) in _ = try snapshots.make() }
            return .snapshot
        case .replaceSnapshots(let damaged):
            var isDone = false
            try unlessHeld { () throws(StoreError) in isDone = try snapshots.replace(damaged) }
            return .replaced(isDone)
        case .coverDamage(let damaged):
            damageCover.list(damaged)
            memory.withLock { memory in
                memory.uncovered += damaged.filter { !memory.uncovered.contains($0) }
            }
            return .covered(try coverDamage())
        case .clean(let depth):
            var report = CleaningReport()
            try unlessHeld { () throws(StoreError) in report = try clean(depth, goalBytes: 0) }
            return .cleaned(report)
        case .expireUploads: return .expired(try expiry.run())
        case .sweep:
            try tidyVersions()
            return .swept
        }
    }

    /// Makes snapshots behind the damaged records that are known; false if that has to be done later.
    private func coverDamage() throws(StoreError) -> Bool {
        let damaged = memory.withLock { $0.uncovered }
        guard !damaged.isEmpty else { return true }
        var isDone = false
        try unlessHeld { () throws(StoreError) in isDone = try damageCover.cover(damaged) }
        if isDone { memory.withLock { $0.uncovered.removeAll(where: damaged.contains) } }
        return isDone
    }

    private func coverWhenDue() {
        attempt("no snapshots made behind damaged records of the log") { () throws(StoreError) in
            _ = try coverDamage()
            try unlessHeld { () throws(StoreError) in _ = try snapshots.complete() }
        }
    }

    /// Cleans, unless somebody copies a state that needs what would go.
    private func unlessHeld(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        guard gate.beginCleaning() else { return }
        defer { gate.endCleaning() }
        try body()
    }

    // MARK: - At intervals

    /// Does what is due.
    private func lookAround() {
        lookAtRoom()
        coverWhenDue()
        attempt("abandoned uploads not aborted") { () throws(StoreError) in
            try expireWhenDue()
        }
        attempt("log not cleaned") { () throws(StoreError) in
            try unlessHeld { () throws(StoreError) in
                if try cleanWhenDue() { return }
                try snapshotWhenDue()
            }
        }
    }

    private func lookAtRoom() {
        reserve.restore()
        reserve.note(isRoomLow: volume.isNearlyFull(limits))
    }

    private func attempt(_ message: String, _ body: () throws(StoreError) -> Void) {
        do throws(StoreError) {
            try body()
        } catch .closed {
            return
        } catch {
            // Tried again at the next look.
            logger.warning("\(message)", metadata: ["error": "\(error)"])
        }
    }

    private func expireWhenDue() throws(StoreError) {
        let now = ContinuousClock.now
        let isDue = memory.withLock { memory in
            guard memory.nextExpiry.map({ $0 <= now }) ?? true else { return false }
            memory.nextExpiry = now + .seconds(limits.uploadExpiryIntervalSeconds)
            return true
        }
        guard isDue else { return }
        _ = try expiry.run()
        try tidyVersions()
    }

    private func tidyVersions() throws(StoreError) {
        _ = try sweeper.expireDrafts()
        try sweeper.forgetCommits()
        try sweeper.sweep()
        try sweeper.forgetDeletions()
    }

    private func cleanWhenDue() throws(StoreError) -> Bool {
        guard volume.canClean else { return false }
        let survey = try LogSurvey(volume, index)
        let isFull = volume.isNearlyFull(limits)
        let end = volume.logEnd
        let memory = self.memory.withLock { memory in
            defer { memory.logEnd = end }
            return memory
        }
        // Copying much for little is for times when little is written.
        let isQuiet = end.bytes - memory.logEnd.bytes < limits.deadBytesMin / 16
        let depth: CleaningPlan.Depth = isQuiet || isFull ? .deep : .shallow
        let left = depth == .deep ? memory.leftDeep : memory.leftShallow
        let threshold = limits.deadBytes(allowedBeside: survey.liveBytes, snapshots.indexBytes)
        let new = survey.deadBytes - min(left, survey.deadBytes)
        guard new > (isFull ? limits.deadBytesMin / 8 : threshold) else { return false }
        let report = try clean(depth, goalBytes: isFull ? 0 : threshold / 2)
        logger.notice(
            "log cleaned",
            metadata: [
                "freed": "\(report.freedBytes)", "relocated": "\(report.relocatedBytes)",
                "removed": "\(report.removedSegments)", "punched": "\(report.punchedSegments)",
            ]
        )
        return true
    }

    private func clean(
        _ depth: CleaningPlan.Depth,
        goalBytes: Int64
    ) throws(StoreError) -> CleaningReport {
        let report = try cleaner.clean(depth, goalBytes: goalBytes)
        // What could be done later is not what cannot be had.
        guard !report.isPartial else { return report }
        let left = try LogSurvey(volume, index).deadBytes
        memory.withLock { memory in
            memory.leftShallow = left
            if depth == .deep { memory.leftDeep = left }
        }
        return report
    }

    private func snapshotWhenDue() throws(StoreError) {
        let newest = volume.snapshotPositions.last ?? LogPosition(0)
        let grown = volume.logEnd.bytes - newest.bytes
        guard grown >= max(limits.snapshotLogBytes, snapshots.indexBytes) else { return }
        _ = try snapshots.make()
    }
}

extension StoreLimits {
    /// How many dead bytes the log may hold before it is cleaned: a share of what is live, but no
    /// fewer than the snapshots that cleaning takes would cost.
    fileprivate func deadBytes(allowedBeside liveBytes: Int64, _ indexBytes: Int64) -> Int64 {
        max(deadBytesMin, liveBytes / 100 * deadPercentMax, indexBytes)
    }
}
