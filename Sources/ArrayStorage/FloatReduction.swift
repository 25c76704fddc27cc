import CKernels

/// The running statistics of floats, in double precision.
///
/// NaN and infinities go through as in NumPy: one NaN makes every statistic NaN.
struct FloatReduction: Sendable {
    private(set) var count = 0
    private(set) var least: Double?
    private(set) var greatest: Double?
    private var sum = 0.0
    /// What rounding took from `sum`.
    private var correction = 0.0
    private(set) var moments = Moments()
    private let kind: nave_item_kind
    private let wanted: Set<Statistic>

    /// Begins with no elements of `kind`.
    init(kind: nave_item_kind, wanted: Set<Statistic>) {
        self.kind = kind
        self.wanted = wanted
    }

    /// The sum of all elements.
    var total: Double { Self.value(sum, correction) }

    /// The mean of all elements; NaN of none.
    var mean: Double { count == 0 ? .nan : total / Double(count) }

    /// Takes in adjacent, aligned items.
    mutating func add(_ items: UnsafeRawPointer, count added: Int) {
        guard added > 0 else { return }
        count += added
        if wanted.contains(.sum) || wanted.contains(.mean) || wanted.contains(.standardDeviation) {
            let part = nave_sum_floats(kind, items, added)
            add(part.sum)
            correction += part.correction
            if wanted.contains(.standardDeviation) {
                let mean = Self.value(part.sum, part.correction) / Double(added)
                moments.merge(Moments(items, count: added, kind: kind, pivot: mean))
            }
        }
        if wanted.contains(.minimum) || wanted.contains(.maximum) {
            let extrema = nave_extrema_floats(kind, items, added)
            bound(extrema.least, extrema.greatest)
        }
    }

    /// Takes in one item many times.
    mutating func add(_ value: UnsafeRawPointer, repeated times: Int) {
        guard times > 0 else { return }
        count += times
        let item = nave_sum_floats(kind, value, 1).sum
        add(item * Double(times))
        moments.merge(Moments(item, repeated: times))
        bound(item, item)
    }

    /// Takes in what another has taken in.
    mutating func merge(_ other: Self) {
        count += other.count
        add(other.sum)
        correction += other.correction
        moments.merge(other.moments)
        if let low = other.least, let high = other.greatest { bound(low, high) }
    }

    /// The value of a statistic, or `nil` for the extrema of nothing.
    func value(_ statistic: Statistic) -> StatisticValue? {
        switch statistic {
        case .sum: .float(total)
        case .mean: .float(mean)
        case .standardDeviation: .float(moments.standardDeviation)
        case .minimum: least.map { .float($0) }
        case .maximum: greatest.map { .float($0) }
        }
    }

    private mutating func add(_ term: Double) {
        let added = nave_float_sum_add(nave_float_sum(sum: sum, correction: correction), term)
        sum = added.sum
        correction = added.correction
    }

    /// A sum with its correction, which is meaningless once the sum is not finite.
    private static func value(_ sum: Double, _ correction: Double) -> Double {
        sum.isFinite ? sum + correction : sum
    }

    private mutating func bound(_ low: Double, _ high: Double) {
        if let least, least.isNaN { return }
        least = low.isNaN ? low : least.map { min($0, low) } ?? low
        greatest = high.isNaN ? high : greatest.map { max($0, high) } ?? high
    }
}
