import AdminService
import HTTPServing
import Maintenance
import ObjectStorage
import StorageModel
import Synchronization

/// The figures that `/-/metrics` shows, gathered from the parts of a server.
///
/// State: the listeners, which come to be after the services that show them, guarded by
/// `connections`.
final class ServerMetrics: Sendable {
    private let store: ObjectStore
    private let scrub: Scrub?
    private let backups: BackupDesk
    private let connections = Mutex<(@Sendable () -> HTTPServerStatistics)?>(nil)

    init(store: ObjectStore, scrub: Scrub?, backups: BackupDesk) {
        self.store = store
        self.scrub = scrub
        self.backups = backups
    }

    /// Says where connections are counted.
    func count(connections: @escaping @Sendable () -> HTTPServerStatistics) {
        self.connections.withLock { $0 = connections }
    }

    /// The metrics of this moment.
    func gather() async -> [Metric] {
        [
            Metric(
                "nave_build_info",
                .gauge,
                "The version of the server; always 1.",
                [Metric.Sample(1, labels: [.init("version", NaveVersion.current)])]
            )
        ] + (await volumes()) + copies() + commits() + durability() + http()
            + (await damage()) + scrubbing()
            + backup()
    }

    private func volumes() async -> [Metric] {
        // A store that is closing has no volumes to show any more.
        let reports = (try? await store.volumeReports()) ?? []
        func samples(_ values: [Double?]) -> [Metric.Sample] {
            zip(reports, values).compactMap { report, value in
                value.map { Metric.Sample($0, labels: [.init("volume", report.identifier)]) }
            }
        }
        return [
            Metric(
                "nave_volume_writable",
                .gauge,
                "1 while the volume takes writes, 0 after it failed.",
                samples(reports.map { $0.isWritable ? 1 : 0 })
            ),
            Metric(
                "nave_volume_read_failures_total",
                .counter,
                "Reads that failed since the volume's disk did not read.",
                samples(reports.map { Double($0.readFailures) })
            ),
            Metric(
                "nave_volume_available_bytes",
                .gauge,
                "Room on the volume's disk that the server may fill.",
                samples(reports.map { $0.space.map { Double($0.availableBytes) } })
            ),
            Metric(
                "nave_volume_size_bytes",
                .gauge,
                "Size of the volume's disk.",
                samples(reports.map { $0.space.map { Double($0.totalBytes) } })
            ),
        ]
    }

    private func copies() -> [Metric] {
        let copies = store.copies
        return [
            Metric(
                "nave_copies_wanted",
                .gauge,
                "On how many volumes everything is to be kept.",
                Double(copies.wanted)
            ),
            Metric(
                "nave_log_copies",
                .gauge,
                "Volumes that hold the whole log, and with it the small objects.",
                Double(copies.ofLog)
            ),
            Metric(
                "nave_payloads_below_copies",
                .gauge,
                "Payloads that may be on fewer volumes than wanted.",
                Double(copies.payloadsBelow)
            ),
            Metric(
                "nave_copying_running",
                .gauge,
                "1 while copies that are wanting are made.",
                copies.state == .copying ? 1 : 0
            ),
            Metric(
                "nave_payloads_copied_total",
                .counter,
                "Copies of payloads that were made because they were wanting.",
                Double(copies.copied)
            ),
        ]
    }

    private func commits() -> [Metric] {
        let commits = store.commits
        return [
            Metric(
                "nave_index_usable",
                .gauge,
                "1 while the index can be used, 0 while it is made anew or its disk failed.",
                store.indexCondition == .usable ? 1 : 0
            ),
            Metric(
                "nave_commit_queue_changes",
                .gauge,
                "Changes that wait to be made durable.",
                Double(store.queuedChanges)
            ),
            Metric(
                "nave_committed_changes_total",
                .counter,
                "Changes that were made durable.",
                Double(commits.changes)
            ),
            Metric(
                histogram: "nave_commit_flush_seconds",
                "How long the write and flush of one batch of changes took.",
                bounds: CommitStatistics.flushBoundsSeconds,
                within: commits.flushesWithin,
                sum: Double(commits.flushNanoseconds) / 1e9,
                count: commits.batches
            ),
        ]
    }

    private func durability() -> [Metric] {
        let unflushed = store.unflushed
        let age = unflushed.age.components
        return [
            Metric(
                "nave_durability_relaxed",
                .gauge,
                "1 if changes are answered before they are flushed, else 0.",
                store.durability == .relaxed ? 1 : 0
            ),
            Metric(
                "nave_log_unflushed_bytes",
                .gauge,
                "Bytes of the log that were answered and that a power loss would take away.",
                Double(unflushed.bytes)
            ),
            Metric(
                "nave_log_unflushed_age_seconds",
                .gauge,
                "How long ago the oldest of them was answered, at most.",
                Double(age.seconds) + Double(age.attoseconds) / 1e18
            ),
        ]
    }

    private func http() -> [Metric] {
        guard let statistics = connections.withLock({ $0 })?() else { return [] }
        return [
            Metric(
                "nave_http_connections_open",
                .gauge,
                "Connections that are open.",
                Double(statistics.connectionsOpen)
            ),
            Metric(
                "nave_http_connections_total",
                .counter,
                "Connections that were accepted.",
                Double(statistics.connectionsAccepted)
            ),
            Metric(
                "nave_http_requests_total",
                .counter,
                "Requests whose answer has begun.",
                Double(statistics.requestsAnswered)
            ),
            Metric(
                "nave_http_requests_refused_total",
                .counter,
                "Requests that were no valid HTTP.",
                Double(statistics.requestsRefused)
            ),
        ]
    }

    private func damage() async -> [Metric] {
        await store.dropDamageOfNothing()
        let list = DamageList(of: store)
        return [
            Metric(
                "nave_damage_found_total",
                .counter,
                "Damaged places that were ever found in what is stored.",
                Double(list.foundCount)
            ),
            Metric(
                "nave_damage_healed_total",
                .counter,
                "Damaged places that were written anew from another copy.",
                Double(list.healedCount)
            ),
            Metric(
                "nave_damage_listed",
                .gauge,
                "Damaged places that are listed now and not healed.",
                Double(list.items.count { $0.state == "found" })
            ),
        ]
    }

    private func scrubbing() -> [Metric] {
        guard let status = scrub?.status else { return [] }
        return [
            Metric(
                "nave_scrub_running",
                .gauge,
                "1 while a pass of the scrub is under way.",
                status.isRunning ? 1 : 0
            ),
            Metric(
                "nave_scrub_pass_read_bytes",
                .gauge,
                "Bytes that the pass under way has read.",
                Double(status.bytes)
            ),
            Metric(
                "nave_scrub_pass_size_bytes",
                .gauge,
                "Bytes that the pass under way has to read, about.",
                Double(status.totalBytes)
            ),
            Metric(
                "nave_scrub_pass_damaged",
                .gauge,
                "Damaged places that the pass under way has found.",
                Double(status.damaged)
            ),
            Metric(
                "nave_scrub_passes_total",
                .counter,
                "Passes that were finished since the folder was made.",
                Double(status.passes)
            ),
            Metric(
                "nave_scrub_last_end_timestamp_seconds",
                .gauge,
                "When the last finished pass ended; 0 if there was none.",
                Double(status.lastEnded?.milliseconds ?? 0) / 1000
            ),
        ]
    }

    private func backup() -> [Metric] {
        let status = backups.status
        var isRunning = false
        if case .running = status.state { isRunning = true }
        return [
            Metric(
                "nave_backup_running",
                .gauge,
                "1 while a backup is under way.",
                isRunning ? 1 : 0
            ),
            Metric(
                "nave_backup_last_done_timestamp_seconds",
                .gauge,
                "When the last complete backup of this process was; 0 if there was none.",
                Double(status.lastDone?.milliseconds ?? 0) / 1000
            ),
        ]
    }
}
