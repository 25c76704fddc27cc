import Testing

@testable import ArrayStorage

/// Holds the ranks of percentiles where doubles no longer tell neighbours apart.
@Suite struct PercentileRankTests {
    @Test func `a place is never behind the last rank, and always one that can be counted`() {
        let lasts = [
            0, 1, 9, (1 << 53) - 1, 1 << 53, (1 << 53) + 1, .max - 1025, .max - 2, .max - 1,
        ]
        for last in lasts {
            for percent in [0, 0.1, 33.3, 50, 99.999, 100] {
                let place = percent / 100 * Double(last)
                let rank = PercentilePlaces.rank(below: place, last: last)
                #expect((0...last).contains(rank), "\(percent) of \(last)")
                #expect(Double(rank) <= place)
            }
            #expect(PercentilePlaces.rank(below: Double(last), last: last) == last)
        }
    }
}
