import MetadataIndex
import SQLiteDatabase
import StorageModel
import Volumes

/// What the log takes on the disk, and how much of it is payload that something still names.
struct LogSurvey {
    /// One sealed segment.
    struct Entry: Hashable {
        let segment: LogSegment
        /// What it takes on the disk.
        let allocatedBytes: Int64
        /// How many runs of payload in it are named, and their length together.
        let liveExtents: Int64
        let liveBytes: Int64

        /// What it takes without need; what is named may be longer where blocks are shared.
        var deadBytes: Int64 { max(0, allocatedBytes - liveBytes) }
    }

    /// The segments that may be cleaned now, in order.
    let cleanable: [Entry]
    /// The sealed segments that a replay may still need, in order.
    let needed: [Entry]
    /// What is dead in the segment that takes records.
    let activeDeadBytes: Int64
    /// What is named in all segments.
    let liveBytes: Int64

    /// What the log takes without need.
    var deadBytes: Int64 {
        activeDeadBytes + needed.reduce(0) { $0 + $1.deadBytes }
            + cleanable.reduce(0) { $0 + $1.deadBytes }
    }

    /// What could be given back only after new snapshots.
    var uncoveredDeadBytes: Int64 {
        activeDeadBytes + needed.reduce(0) { $0 + $1.deadBytes }
    }
}

extension LogSurvey {
    /// Looks at every segment: one question of the index, and one `stat` each.
    init(_ volume: VolumeSet, _ index: MetadataIndex) throws(StoreError) {
        let rows: [LiveSegment]
        do throws(SQLiteError) {
            rows = try index.read { reader throws(SQLiteError) in try reader.liveSegments() }
        } catch {
            throw StoreError(error)
        }
        var live: [LogPosition: LiveSegment] = [:]
        for row in rows { live[row.first] = row }
        let limit = volume.cleanLimit ?? LogPosition(0)
        var cleanable: [Entry] = []
        var needed: [Entry] = []
        for segment in volume.sealedSegments {
            let named = live[segment.first]
            let allocated: Int64
            do throws(VolumeError) {
                allocated = try volume.allocatedBytes(ofSegment: segment.first)
            } catch {
                throw StoreError(error)
            }
            let entry = Entry(
                segment: segment,
                allocatedBytes: allocated,
                liveExtents: named?.extents ?? 0,
                liveBytes: named?.bytes ?? 0
            )
            if segment.end <= limit { cleanable.append(entry) } else { needed.append(entry) }
        }
        self.cleanable = cleanable
        self.needed = needed
        let active = volume.activeSegment
        let written = volume.logEnd.bytes - active.bytes
        activeDeadBytes = max(0, written - (live[active]?.bytes ?? 0))
        liveBytes = rows.reduce(0) { $0 + $1.bytes }
    }
}

/// What is done with each segment that is cleaned.
struct CleaningPlan: Hashable {
    /// How much is copied for the sake of room.
    enum Depth: Hashable, Sendable {
        /// At most as much as becomes free.
        case shallow
        /// Up to ten times as much: for when clients are quiet, or the disk is full.
        case deep
    }

    /// Nothing in them is named.
    private(set) var removed: [LogSegment] = []
    /// What is named in them is copied to the end of the log, so that they can be removed.
    private(set) var emptied: [LogSegment] = []
    /// The blocks of them that hold nothing that is named are given back.
    private(set) var punched: [LogSegment] = []

    /// Chooses, with those first that have the greatest dead share, until the rest of what is dead
    /// is no more than `goalBytes`.
    init(_ survey: LogSurvey, _ depth: Depth, goalBytes: Int64, _ limits: StoreLimits) {
        var rest = survey.deadBytes
        var candidates: [LogSurvey.Entry] = []
        for entry in survey.cleanable {
            if entry.liveExtents == 0 {
                removed.append(entry.segment)
                rest -= entry.deadBytes
            } else {
                candidates.append(entry)
            }
        }
        candidates.sort { left, right in
            // dead/allocated descending, by cross multiplication in floating point: only an order.
            Double(left.deadBytes) * Double(right.allocatedBytes)
                > Double(right.deadBytes) * Double(left.allocatedBytes)
        }
        var extents: Int64 = 0
        for entry in candidates where rest > goalBytes {
            // A tenth more than what is named is as good as it gets.
            guard entry.deadBytes > entry.liveBytes / 10 else { continue }
            let gain = entry.punchGainBytes(blockBytes: limits.punchBlockBytes)
            if entry.liveBytes <= entry.segment.lengthBytes / 2 {
                emptied.append(entry.segment)
                rest -= entry.deadBytes
            } else if entry.allocatedBytes - gain <= entry.liveBytes + entry.liveBytes / 10
                || (depth == .shallow && gain >= entry.allocatedBytes / 8),
                extents + entry.liveExtents <= limits.cleanedExtentsMax
            {
                punched.append(entry.segment)
                extents += entry.liveExtents
                rest -= gain
            } else if depth == .deep {
                emptied.append(entry.segment)
                rest -= entry.deadBytes
            }
        }
    }

    /// Whether nothing is to be done.
    var isEmpty: Bool { removed.isEmpty && emptied.isEmpty && punched.isEmpty }
}

extension LogSurvey.Entry {
    /// What punching would free at least, if runs lie apart: each keeps a block more than its length.
    fileprivate func punchGainBytes(blockBytes: Int64) -> Int64 {
        let kept = liveBytes + liveExtents * blockBytes + blockBytes
        return max(0, allocatedBytes - kept)
    }
}

/// The ranges of a segment that nothing names.
enum DeadRanges {
    /// The runs of whole blocks, counted from the segment's first byte, that hold neither the
    /// segment's header nor any byte of a run that is named.
    ///
    /// - Parameters:
    ///   - segment: The segment.
    ///   - live: The runs that are named, as ranges of addresses, in any order.
    ///   - blockBytes: The length of a block.
    /// - Returns: The ranges, ascending and apart.
    static func of(
        _ segment: LogSegment,
        live: [Range<LogPosition>],
        blockBytes: Int64
    ) -> [Range<LogPosition>] {
        let header = segment.first..<LogPosition(segment.first.bytes + 64)
        let kept = (live + [header]).sorted { $0.lowerBound < $1.lowerBound }
        var ranges: [Range<LogPosition>] = []
        var end = segment.first.bytes
        func take(upTo next: Int64) {
            let lower = roundedUp(end - segment.first.bytes, to: blockBytes)
            let upper = (next - segment.first.bytes) / blockBytes * blockBytes
            guard lower < upper else { return }
            ranges.append(
                LogPosition(segment.first.bytes + lower)..<LogPosition(segment.first.bytes + upper)
            )
        }
        for run in kept {
            take(upTo: run.lowerBound.bytes)
            end = max(end, run.upperBound.bytes)
        }
        // Nothing follows in the file, so that its last block is dead as a whole.
        take(upTo: segment.first.bytes + roundedUp(segment.lengthBytes, to: blockBytes))
        return ranges
    }

    private static func roundedUp(_ bytes: Int64, to blockBytes: Int64) -> Int64 {
        (bytes + blockBytes - 1) / blockBytes * blockBytes
    }
}
