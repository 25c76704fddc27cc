import StorageModel
import Testing
import Volumes

@testable import ObjectStorage

/// Checks that what is read is not given back, and that what was given back is not read.
@Suite struct InlineGuardTests {
    static func run(_ position: Int64, _ length: Int) -> Extent {
        .inline(position: LogPosition(position), lengthBytes: length, blockChecksums: [0])
    }

    static func segment(_ first: Int64, _ end: Int64) -> LogSegment {
        LogSegment(first: LogPosition(first), end: LogPosition(end))
    }

    static func range(_ lower: Int64, _ upper: Int64) -> Range<LogPosition> {
        LogPosition(lower)..<LogPosition(upper)
    }

    @Test func `a segment goes when its last reader is done, and is then refused`() {
        let inline = InlineGuard(blockBytes: 64)
        let runs = [Self.run(1100, 50), Self.run(2999, 10)]
        #expect(inline.pin(runs))
        #expect(inline.pin([runs[0]]))
        #expect(!inline.free(Self.segment(1000, 2000)))
        #expect(!inline.free(Self.segment(2000, 3000)))
        #expect(!inline.free(Self.segment(3000, 4000)), "the second run ends in it")
        #expect(inline.free(Self.segment(4000, 5000)))
        inline.unpin(runs)
        #expect(inline.free(Self.segment(2000, 3000)))
        #expect(!inline.free(Self.segment(1000, 2000)))
        inline.unpin([runs[0]])
        #expect(inline.free(Self.segment(1000, 2000)))
        #expect(inline.free(Self.segment(1000, 2000)), "again is no harm")
        for position in [Int64(1000), 1999, 2500, 4000, 4999] {
            #expect(!inline.pin([Self.run(position, 1)]), "\(position)")
        }
        for position in [Int64(0), 999, 3000, 3999, 5000] {
            #expect(inline.pin([Self.run(position, 1)]), "\(position)")
        }
        // One that was given back keeps the others from being pinned.
        #expect(!inline.pin([Self.run(10, 1), Self.run(1500, 1)]))
        #expect(inline.free(Self.segment(10, 11)))
    }

    @Test func `ranges that are read stay, the others are refused from then on`() {
        let inline = InlineGuard(blockBytes: 64)
        let segment = Self.segment(1000, 2000)
        let ranges = [
            Self.range(1064, 1128), Self.range(1192, 1320), Self.range(1960, 2024),
        ]
        #expect(inline.pin([Self.run(1310, 5)]))
        #expect(inline.free(ranges, of: segment) == [ranges[0], ranges[2]])
        #expect(inline.pin([Self.run(1128, 64)]))
        #expect(!inline.pin([Self.run(1127, 2)]))
        #expect(!inline.pin([Self.run(1000, 65)]))
        #expect(inline.pin([Self.run(1000, 64)]))
        #expect(inline.pin([Self.run(1192, 128)]))
        #expect(!inline.pin([Self.run(1990, 10)]))
        inline.unpin([Self.run(1310, 5), Self.run(1192, 128)])
        #expect(inline.free(ranges, of: segment) == ranges)
        #expect(!inline.pin([Self.run(1310, 5)]))
        // What is left of the segment goes as well, once nobody reads from it.
        #expect(!inline.free(segment))
        inline.unpin([Self.run(1128, 64), Self.run(1000, 64)])
        #expect(inline.free(segment))
        #expect(!inline.pin([Self.run(1128, 64)]))
        #expect(inline.free(ranges, of: segment) == ranges)
        #expect(!inline.pin([Self.run(1128, 64)]), "what is gone as a whole stays gone")
    }

    @Test func `a position beyond all numbers is no trap`() {
        let inline = InlineGuard(blockBytes: 64)
        #expect(inline.pin([Self.run(.max, .max)]))
        #expect(inline.free(Self.segment(1000, 2000)))
        #expect(!inline.pin([Self.run(1000, .max)]))
        #expect(inline.free([Self.range(4064, 4128)], of: Self.segment(4000, 5000)).count == 1)
        #expect(!inline.pin([Self.run(4000, .max)]))
        #expect(inline.pin([Self.run(4128, .max)]))
    }
}
