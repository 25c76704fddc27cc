import StorageModel
import Synchronization
import Volumes

/// Keeps payloads in the log readable for those who are reading them, and turns away those who come
/// with a place that was given back to the disk.
///
/// A reader pins the runs it will read before it reads the first byte. Cleaning gives back only what
/// nobody has pinned; from then on a pin of it is refused, so that a reader who holds an outdated
/// entry looks the object up again instead of meeting zeros.
///
/// Invariant: a run that is pinned is not given back, and one that was given back is not pinned.
///
/// State: guarded by `state`; a pin takes some ten nanoseconds.
final class InlineGuard: Sendable {
    private struct Pin {
        var count: Int
        var end: LogPosition
    }

    /// A segment of which something was given back since the process began.
    private struct Freed {
        let segment: LogSegment
        /// What was given back; nil for all of it.
        var blocks: FreedBlocks?
    }

    private struct State {
        var pins: [LogPosition: Pin] = [:]
        /// Ascending; segments that are gone and lie side by side are one.
        var freed: [Freed] = []
    }

    private let state = Mutex(State())
    private let blockBytes: Int64

    /// Makes a guard of a log that is cleaned in blocks of some length.
    init(blockBytes: Int64) {
        self.blockBytes = blockBytes
    }

    /// Pins the runs among some extents that lie in the log.
    ///
    /// - Returns: False if one of them was given back; none is pinned then.
    func pin(_ extents: [Extent]) -> Bool {
        state.withLock { state in
            if !state.freed.isEmpty {
                for case .inline(let position, let length, _) in extents
                where Self.isFreed(position, length, in: state.freed) { return false }
            }
            for case .inline(let position, let length, _) in extents {
                let end = position.advanced(by: Int64(length))
                state.pins[position, default: Pin(count: 0, end: end)].count += 1
            }
            return true
        }
    }

    /// Gives back what ``pin(_:)`` took.
    func unpin(_ extents: [Extent]) {
        state.withLock { state in
            for case .inline(let position, _, _) in extents {
                guard let index = state.pins.index(forKey: position) else { continue }
                if state.pins.values[index].count == 1 {
                    state.pins.remove(at: index)
                } else {
                    state.pins.values[index].count -= 1
                }
            }
        }
    }

    /// Says that a whole segment is given back.
    ///
    /// - Returns: False if somebody reads from it; it must stay then.
    func free(_ segment: LogSegment) -> Bool {
        state.withLock { state in
            let isRead = state.pins.contains {
                $0.key < segment.end && $0.value.end > segment.first
            }
            guard !isRead else { return false }
            let index = Self.index(of: segment.first, in: state.freed)
            if let index, state.freed[index].segment.end > segment.first {
                state.freed[index].blocks = nil
                return true
            }
            state.freed.insert(
                Freed(segment: segment, blocks: nil),
                at: index.map { $0 + 1 } ?? 0
            )
            Self.join(&state.freed)
            return true
        }
    }

    /// Says that some ranges of a segment are given back.
    ///
    /// - Parameters:
    ///   - ranges: Ascending, each of whole blocks counted from the segment's first byte.
    ///   - segment: The segment.
    /// - Returns: The ranges that may be given back: those that nobody reads from.
    func free(
        _ ranges: [Range<LogPosition>],
        of segment: LogSegment
    ) -> [Range<LogPosition>] {
        state.withLock { state in
            let read = state.pins.filter {
                $0.key < segment.end && $0.value.end > segment.first
            }
            let free = ranges.filter { range in
                !read.contains { $0.key < range.upperBound && $0.value.end > range.lowerBound }
            }
            var index = Self.index(of: segment.first, in: state.freed)
            if index.map({ state.freed[$0].segment.end <= segment.first }) ?? true {
                let next = index.map { $0 + 1 } ?? 0
                let blocks = FreedBlocks(segment, blockBytes: blockBytes)
                state.freed.insert(Freed(segment: segment, blocks: blocks), at: next)
                index = next
            }
            if let index {
                for range in free { state.freed[index].blocks?.insert(range) }
            }
            return free
        }
    }

    private static func isFreed(
        _ position: LogPosition,
        _ length: Int,
        in freed: [Freed]
    ) -> Bool {
        guard let index = index(of: position, in: freed), position < freed[index].segment.end
        else { return false }
        let end = position.advanced(by: Int64(length))
        return freed[index].blocks?.intersects(position..<end) ?? true
    }

    /// The last of some segments that begins at or before an address.
    private static func index(of position: LogPosition, in freed: [Freed]) -> Int? {
        var low = 0
        var high = freed.count
        while low < high {
            let middle = (low + high) / 2
            if freed[middle].segment.first <= position { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? low - 1 : nil
    }

    /// Makes one of segments that are gone and lie side by side.
    private static func join(_ freed: inout [Freed]) {
        var joined: [Freed] = []
        for next in freed {
            if let last = joined.last, last.blocks == nil, next.blocks == nil,
                last.segment.end == next.segment.first
            {
                let whole = LogSegment(first: last.segment.first, end: next.segment.end)
                joined[joined.count - 1] = Freed(segment: whole, blocks: nil)
            } else {
                joined.append(next)
            }
        }
        freed = joined
    }
}

/// Which blocks of a segment were given back: a bit each, 8 KiB for the blocks of 256 MiB.
struct FreedBlocks {
    private let segment: Range<LogPosition>
    private let blockBytes: Int64
    private var bits: [UInt64]

    init(_ segment: LogSegment, blockBytes: Int64) {
        self.segment = segment.first..<segment.end
        self.blockBytes = blockBytes
        let blocks = segment.lengthBytes / blockBytes + 1
        bits = [UInt64](repeating: 0, count: Int(blocks / 64 + 1))
    }

    mutating func insert(_ range: Range<LogPosition>) {
        for block in blocks(range) { bits[block / 64] |= 1 << UInt64(block % 64) }
    }

    func intersects(_ range: Range<LogPosition>) -> Bool {
        blocks(range).contains { bits[$0 / 64] & (1 << UInt64($0 % 64)) != 0 }
    }

    /// The blocks that a range touches, of those that the segment has.
    private func blocks(_ range: Range<LogPosition>) -> Range<Int> {
        let within = range.clamped(to: segment)
        guard !within.isEmpty else { return 0..<0 }
        let lower = (within.lowerBound.bytes - segment.lowerBound.bytes) / blockBytes
        let last = (within.upperBound.bytes - segment.lowerBound.bytes - 1) / blockBytes
        return Int(lower)..<Int(last + 1)
    }
}

extension LogPosition {
    /// The address some bytes further on; the greatest there is, if that lies before it.
    func advanced(by bytes: Int64) -> LogPosition {
        let (sum, overflow) = self.bytes.addingReportingOverflow(bytes)
        return LogPosition(overflow ? .max : sum)
    }
}
