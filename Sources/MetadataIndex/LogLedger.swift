import StorageModel

/// How many payload bytes in each segment of the log some row still names: the table `segment` in
/// memory, with what the open transaction did to it.
///
/// Invariants:
/// - A segment's counts are those of the extents in `object` and `part` that lie in it; a segment
///   with none has no row.
/// - An extent therefore lies in the last segment of the table that begins at or before it.
struct LogLedger {
    /// The counts of one segment.
    struct Live: Hashable {
        var extents: Int64 = 0
        var bytes: Int64 = 0
    }

    /// As of the last commit: the first addresses, ascending, and their counts.
    private var firsts: [LogPosition] = []
    private var lives: [LogPosition: Live] = [:]
    /// What the open transaction changed; its values hold.
    private(set) var touched: [LogPosition: Live] = [:]
    /// Segments that the open transaction found first, ascending.
    private var begun: [LogPosition] = []

    /// A ledger of committed rows, ascending.
    init(_ rows: [LiveSegment]) {
        firsts = rows.map(\.first)
        for row in rows { lives[row.first] = Live(extents: row.extents, bytes: row.bytes) }
    }

    /// A row names an extent from now on.
    ///
    /// - Parameters:
    ///   - position: Where the extent is.
    ///   - bytes: Its length.
    ///   - newest: The first address of the segment of the change that is applied: an extent
    ///     behind it lies in that segment.
    /// - Returns: False if no segment of the ledger can hold it.
    mutating func add(_ position: LogPosition, bytes: Int64, newest: LogPosition) -> Bool {
        guard let first = position >= newest ? newest : segment(of: position) else { return false }
        var live = self.live(first)
        if live.extents == 0, lives[first] == nil, !begun.contains(first) {
            begun.insert(first, at: begun.firstIndex { $0 > first } ?? begun.count)
        }
        live.extents += 1
        live.bytes += bytes
        touched[first] = live
        return true
    }

    /// A row names an extent no longer.
    ///
    /// - Returns: False if no segment of the ledger holds it.
    mutating func drop(_ position: LogPosition, bytes: Int64) -> Bool {
        guard let first = segment(of: position) else { return false }
        var live = self.live(first)
        guard live.extents > 0, live.bytes >= bytes else { return false }
        live.extents -= 1
        live.bytes -= bytes
        touched[first] = live
        return true
    }

    /// Takes over what the transaction did, once it is in the table.
    mutating func commit() {
        for (first, live) in touched {
            if live.extents > 0 {
                if lives.updateValue(live, forKey: first) == nil { insert(first) }
            } else if lives.removeValue(forKey: first) != nil {
                firsts.remove(at: Self.count(upTo: first, in: firsts) - 1)
            }
        }
        rollback()
    }

    /// Forgets what the transaction did.
    mutating func rollback() {
        touched.removeAll(keepingCapacity: true)
        begun.removeAll(keepingCapacity: true)
    }

    private func live(_ first: LogPosition) -> Live {
        touched[first] ?? lives[first] ?? Live()
    }

    /// The last segment that begins at or before an address.
    private func segment(of position: LogPosition) -> LogPosition? {
        let known = Self.count(upTo: position, in: firsts)
        let new = begun.last { $0 <= position }
        guard known > 0 else { return new }
        return new.map { max($0, firsts[known - 1]) } ?? firsts[known - 1]
    }

    private mutating func insert(_ first: LogPosition) {
        firsts.insert(first, at: Self.count(upTo: first, in: firsts))
    }

    /// How many of some ascending addresses are at most `position`.
    private static func count(upTo position: LogPosition, in firsts: [LogPosition]) -> Int {
        var low = 0
        var high = firsts.count
        while low < high {
            let middle = (low + high) / 2
            if firsts[middle] <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
