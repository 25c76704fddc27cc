/// Where percentiles lie among elements in ascending order.
///
/// Source: NumPy reference, `numpy.percentile`, method `linear`.
struct PercentilePlaces: Sendable {
    /// Which percentiles, each from 0 to 100, in any order.
    let percents: [Double]

    /// The most ranks that the percentiles need.
    var ranksMax: Int { percents.count * 2 }

    /// Finds the elements that percentiles lie at or between.
    ///
    /// - Parameter count: How many elements there are, at least 1.
    /// - Returns: Their ranks, ascending, each once.
    func ranks(of count: Int) -> [Int] {
        var ranks: Set<Int> = []
        for percent in percents {
            let lower = Self.rank(below: place(percent, count), last: count - 1)
            ranks.formUnion([lower, min(lower + 1, count - 1)])
        }
        return ranks.sorted()
    }

    /// The percentiles: between two elements in proportion.
    ///
    /// - Parameters:
    ///   - count: How many elements there are, at least 1.
    ///   - order: The order of the elements.
    ///   - key: Gives the key of the element at a rank, if it was found.
    /// - Returns: A value for each percentile; nil if an element was not found.
    func values(of count: Int, in order: ElementOrder, key: (Int) -> UInt64?) -> [Double]? {
        var values: [Double] = []
        for percent in percents {
            let place = place(percent, count)
            let lower = Self.rank(below: place, last: count - 1)
            guard let first = key(lower), let second = key(min(lower + 1, count - 1)) else {
                return nil
            }
            let share = min(max(place - Double(lower), 0), 1)
            values.append(order.value(from: first, to: second, share: share))
        }
        return values
    }

    private func place(_ percent: Double, _ count: Int) -> Double {
        percent / 100 * Double(count - 1)
    }

    /// The rank that a place comes after, at most the last one; a place may be as large as the double
    /// nearest to the last rank, which is no `Int` for the largest.
    static func rank(below place: Double, last: Int) -> Int {
        place >= Double(last) ? last : min(Int(place), last)
    }
}
