import Synchronization

/// What the committer has done since the store was opened.
public struct CommitStatistics: Hashable, Sendable {
    /// Batches that were made durable.
    public var batches: Int64 = 0
    /// Changes in them.
    public var changes: Int64 = 0
    /// How long their writes and flushes took together, with what was done meanwhile, in nanoseconds.
    public var flushNanoseconds: Int64 = 0
    /// Batches whose write and flush took at most as long as the bound of the same place in
    /// ``flushBoundsSeconds``; each counts in every place from its own on.
    public var flushesWithin: [Int64] = []

    /// The bounds of the histogram, in seconds.
    public static let flushBoundsSeconds = [
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5,
    ]
}

/// Counts what the committer does; read by any thread.
///
/// State: guarded by `statistics`; the committer writes once a batch.
final class CommitMeter: Sendable {
    private let statistics = Mutex(
        CommitStatistics(
            flushesWithin: [Int64](
                repeating: 0,
                count: CommitStatistics.flushBoundsSeconds.count
            )
        )
    )

    func count(changes: Int, took time: Duration) {
        let parts = time.components
        let seconds = Double(parts.seconds) + Double(parts.attoseconds) / 1e18
        statistics.withLock { statistics in
            statistics.batches += 1
            statistics.changes += Int64(changes)
            statistics.flushNanoseconds +=
                parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000
            for (place, bound) in CommitStatistics.flushBoundsSeconds.enumerated()
            where seconds <= bound {
                statistics.flushesWithin[place] += 1
            }
        }
    }

    var snapshot: CommitStatistics { statistics.withLock { $0 } }
}
