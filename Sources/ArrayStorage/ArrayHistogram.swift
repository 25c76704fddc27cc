import ArrayModel
import CKernels

/// How many elements lie in each of some bins of equal width.
///
/// Source: NumPy reference, `numpy.histogram`: a bin holds its lower edge, the last one both; edges
/// are those of `numpy.linspace` in double precision.
public struct ArrayHistogram: Hashable, Sendable {
    /// The most bins.
    public static let binsMax = 65_536

    /// The edges, one more than bins, ascending.
    public let edges: [Double]
    /// The elements in every bin; NaN, and what lies outside, is in none.
    public let counts: [Int]
}

extension ArrayReader {
    /// Counts the elements of a selection in bins.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - selection: What to count; made for the array's shape.
    ///   - bins: How many bins, 1 to ``ArrayHistogram/binsMax``.
    ///   - range: The outer edges; nil for the least and the greatest element that is not NaN, which
    ///     are found first.
    /// - Returns: Edges and counts.
    /// - Throws: ``ArrayReadError``, any case; ``ArrayReadError/statisticUndefined(_:)`` if there is no
    ///   range and an element is infinite, or if doubles are too far apart for so many bins.
    public func histogram(
        _ array: ResolvedArray,
        _ selection: Selection,
        bins: Int,
        range: ClosedRange<Double>?
    ) async throws(ArrayReadError) -> ArrayHistogram {
        precondition((1...ArrayHistogram.binsMax).contains(bins), "bins are within their bound")
        let pass = try ElementPass(
            try StoredArray(array, limits: engine.limits),
            selection,
            engine: engine,
            for: "histogram"
        )
        let edges = try await edges(of: array, selection, bins: bins, range: range)
        let kind = pass.kind
        var total = [UInt64](repeating: 0, count: bins)
        try await pass.run(
            empty: [UInt64](repeating: 0, count: bins),
            merge: { counts, times in
                for bin in counts.indices { total[bin] += counts[bin] * UInt64(times) }
            },
            visit: { items, count, counts in
                nave_histogram(kind, items, count, edges, bins, &counts)
            }
        )
        return ArrayHistogram(edges: edges, counts: total.map { Int($0) })
    }

    /// The edges of bins in a range, or from the least to the greatest element that is not NaN.
    ///
    /// - Throws: As ``histogram(_:_:bins:range:)``.
    func edges(
        of array: ResolvedArray,
        _ selection: Selection,
        bins: Int,
        range: ClosedRange<Double>?
    ) async throws(ArrayReadError) -> [Double] {
        if let range { return try Self.edges(range, bins: bins) }
        return try Self.edges(try await extent(of: array, selection), bins: bins)
    }

    /// The least and the greatest element that is not NaN; 0 and 1 of none, as in NumPy.
    private func extent(
        of array: ResolvedArray,
        _ selection: Selection
    ) async throws(ArrayReadError) -> ClosedRange<Double> {
        let extrema = try await statistics(
            array,
            selection,
            [.minimum, .maximum],
            StatisticOptions(nan: .skip)
        )
        guard
            let least = extrema.values[.minimum]?.double,
            let greatest = extrema.values[.maximum]?.double, !least.isNaN
        else { return 0...1 }
        return least...greatest
    }

    /// Edges at equal distances.
    ///
    /// Source: NumPy 2.4, `numpy.histogram`, which raises "Too many bins for data range".
    private static func edges(
        _ range: ClosedRange<Double>,
        bins: Int
    ) throws(ArrayReadError) -> [Double] {
        var (lower, upper) = (range.lowerBound, range.upperBound)
        if lower == upper { (lower, upper) = (lower - 0.5, upper + 0.5) }
        let width = upper - lower
        guard lower.isFinite, upper.isFinite, width.isFinite else {
            throw .statisticUndefined(.rangeNotFinite)
        }
        let step = width / Double(bins)
        let edges = (0..<bins).map { lower + Double($0) * step } + [upper]
        guard zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .statisticUndefined(.binsTooNarrow(bins: bins))
        }
        return edges
    }
}

extension StatisticValue {
    /// The value as a number, if it is a real one.
    var double: Double? {
        switch self {
        case .boolean(let flag): flag ? 1 : 0
        case .integer(let number): Double(number)
        case .float(let number): number
        case .complex: nil
        }
    }
}
