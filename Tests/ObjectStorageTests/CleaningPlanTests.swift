import SeededRandom
import StorageModel
import Testing
import Volumes

@testable import ObjectStorage

/// Checks what is chosen to be cleaned, and which ranges of a segment are dead.
///
/// Method: worked rows; then every small segment against the definition, byte by byte.
@Suite struct CleaningPlanTests {
    static let mebibyte: Int64 = 1 << 20

    /// Segments of 1 MiB, each with so many runs of so many bytes live.
    static func survey(
        _ rows: [(extents: Int64, liveBytes: Int64)],
        allocatedBytes: Int64 = mebibyte
    ) -> LogSurvey {
        let entries = rows.enumerated().map { number, row in
            LogSurvey.Entry(
                segment: LogSegment(
                    first: LogPosition(Int64(number) * mebibyte),
                    end: LogPosition(Int64(number + 1) * mebibyte)
                ),
                allocatedBytes: allocatedBytes,
                liveExtents: row.extents,
                liveBytes: row.liveBytes
            )
        }
        return LogSurvey(
            cleanable: entries,
            needed: [],
            activeDeadBytes: 0,
            liveBytes: rows.reduce(0) { $0 + $1.liveBytes }
        )
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let extents: Int64
        let liveBytes: Int64
        var allocatedBytes = mebibyte
        let shallow: Action
        let deep: Action

        var testDescription: String { name }
    }

    enum Action: Sendable {
        case remove, empty, punch, leave
    }

    static let rows = [
        Row(name: "nothing live", extents: 0, liveBytes: 0, shallow: .remove, deep: .remove),
        Row(name: "a tenth", extents: 20, liveBytes: 100_000, shallow: .empty, deep: .empty),
        Row(name: "half", extents: 5, liveBytes: 1 << 19, shallow: .empty, deep: .empty),
        Row(name: "large runs", extents: 6, liveBytes: 600_000, shallow: .punch, deep: .punch),
        Row(name: "small runs", extents: 150, liveBytes: 600_000, shallow: .leave, deep: .empty),
        Row(name: "middling runs", extents: 50, liveBytes: 600_000, shallow: .punch, deep: .empty),
        Row(name: "nearly full", extents: 200, liveBytes: 960_000, shallow: .leave, deep: .leave),
        Row(
            name: "punched before",
            extents: 6,
            liveBytes: 600_000,
            allocatedBytes: 630_000,
            shallow: .leave,
            deep: .leave
        ),
    ]

    @Test(arguments: rows)
    func `each segment is treated as its contents ask for`(_ row: Row) {
        let survey = Self.survey(
            [(row.extents, row.liveBytes)],
            allocatedBytes: row.allocatedBytes
        )
        for (depth, action) in [(CleaningPlan.Depth.shallow, row.shallow), (.deep, row.deep)] {
            let plan = CleaningPlan(survey, depth, goalBytes: 0, StoreLimits())
            #expect(plan.removed.count == (action == .remove ? 1 : 0), "\(depth)")
            #expect(plan.emptied.count == (action == .empty ? 1 : 0), "\(depth)")
            #expect(plan.punched.count == (action == .punch ? 1 : 0), "\(depth)")
            #expect(plan.isEmpty == (action == .leave))
        }
    }

    @Test func `those with the greatest dead share come first, until the goal is met`() {
        let survey = Self.survey([(1, 500_000), (1, 100_000), (0, 0), (1, 300_000)])
        let all = survey.deadBytes
        func emptied(_ goalBytes: Int64) -> [Int64] {
            CleaningPlan(survey, .shallow, goalBytes: goalBytes, StoreLimits()).emptied
                .map { $0.first.bytes / Self.mebibyte }
        }
        #expect(emptied(0) == [1, 3, 0])
        #expect(emptied(all - Self.mebibyte - 900_000) == [1])
        #expect(emptied(all - Self.mebibyte - 950_000) == [1, 3])
        #expect(emptied(all - Self.mebibyte) == [])
    }

    @Test func `no more runs are remembered than allowed`() {
        var limits = StoreLimits()
        limits.cleanedExtentsMax = 13
        let survey = Self.survey([(6, 600_000), (6, 600_000), (6, 600_000)])
        let plan = CleaningPlan(survey, .shallow, goalBytes: 0, limits)
        #expect(plan.punched.count == 2 && plan.emptied.isEmpty)
    }

    @Test func `dead ranges are the whole blocks without a live byte`() {
        let block: Int64 = 32
        var random = SeededGenerator(seed: 5)
        for length in [Int64(64), 65, 96, 100, 300, 320, 321, 1000] {
            for _ in 0..<60 {
                let first: Int64 = 8 * Int64.random(in: 0..<50, using: &random)
                let segment = LogSegment(
                    first: LogPosition(first),
                    end: LogPosition(first + length)
                )
                var live: [Range<LogPosition>] = []
                var isLive = [Bool](repeating: false, count: Int(length) + 64)
                for byte in 0..<64 { isLive[byte] = true }
                for _ in 0..<Int.random(in: 0...6, using: &random) where length > 64 {
                    let start = Int64.random(in: 64..<length, using: &random)
                    let end = min(length, start + Int64.random(in: 1...90, using: &random))
                    live.append(LogPosition(first + start)..<LogPosition(first + end))
                    for byte in start..<end { isLive[Int(byte)] = true }
                }
                var expected: [Int64] = []
                for start in stride(from: Int64(0), to: length, by: Int(block))
                where !isLive[Int(start)..<Int(start + block)].contains(true) {
                    expected.append(start)
                }
                let ranges = DeadRanges.of(segment, live: live, blockBytes: block)
                let found = ranges.flatMap { range in
                    stride(
                        from: range.lowerBound.bytes - first,
                        to: range.upperBound.bytes - first,
                        by: Int(block)
                    )
                }
                #expect(found == expected, "\(segment) \(live)")
                for (left, right) in zip(ranges, ranges.dropFirst()) {
                    #expect(left.upperBound < right.lowerBound, "ranges are apart")
                }
            }
        }
    }
}
