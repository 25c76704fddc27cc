import CKernels

/// The running statistics of floats, in double precision.
///
/// What is NaN is counted and otherwise left out; infinities go through as in NumPy. Beside `count`,
/// `nanCount` and the sum, only what `parts` names is kept.
struct FloatReduction: Hashable, Sendable {
    /// How many elements are not NaN.
    private(set) var count = 0
    /// How many are.
    private(set) var nanCount = 0
    private(set) var nonzeroCount = 0
    private(set) var least = Double.infinity
    private(set) var greatest = -Double.infinity
    private(set) var sum = 0.0
    /// What rounding took from `sum`.
    private(set) var correction = 0.0
    private(set) var moments = Moments()
    let kind: nave_item_kind
    let parts: SummaryParts

    /// Begins with no elements of `kind`.
    init(kind: nave_item_kind, parts: SummaryParts) {
        self.kind = kind
        self.parts = parts
    }

    /// Restores what was kept.
    init(
        kind: nave_item_kind,
        parts: SummaryParts,
        counts: (count: Int, nanCount: Int, nonzeroCount: Int),
        extrema: (least: Double, greatest: Double),
        sum: (sum: Double, correction: Double),
        moments: Moments
    ) {
        (count, nanCount, nonzeroCount) = counts
        (least, greatest) = extrema
        (self.sum, correction) = sum
        self.moments = moments
        self.kind = kind
        self.parts = parts
    }

    /// The sum of all elements that are not NaN.
    var total: Double { Self.value(sum, correction) }

    /// Takes in adjacent, aligned items.
    mutating func add(_ items: UnsafeRawPointer, count added: Int) {
        guard added > 0 else { return }
        let part = nave_sum_floats(kind, items, added)
        // Without a NaN the sum is none, but for infinities of both signs.
        guard Self.value(part.sum, part.correction).isNaN else {
            return addNumbers(items, count: added, sum: part)
        }
        let kept = UnsafeMutableRawPointer.allocate(
            byteCount: added * itemBytes,
            alignment: 64
        )
        defer { kept.deallocate() }
        let numbers = nave_drop_nan(kind, kept, items, added, 0)
        nanCount += added - numbers
        guard numbers > 0 else { return }
        addNumbers(kept, count: numbers, sum: nave_sum_floats(kind, kept, numbers))
    }

    /// Takes in adjacent, aligned items of which none is NaN.
    mutating func addNumbers(_ items: UnsafeRawPointer, count added: Int) {
        guard added > 0 else { return }
        addNumbers(items, count: added, sum: nave_sum_floats(kind, items, added))
    }

    private mutating func addNumbers(
        _ items: UnsafeRawPointer,
        count added: Int,
        sum part: nave_float_sum
    ) {
        count += added
        add(part.sum)
        correction += part.correction
        if parts.contains(.spread) {
            let mean = Self.value(part.sum, part.correction) / Double(added)
            moments.merge(Moments(items, count: added, kind: kind, pivot: mean))
        }
        if parts.contains(.extrema) {
            let extrema = nave_extrema_floats(kind, items, added)
            least = min(least, extrema.least)
            greatest = max(greatest, extrema.greatest)
        }
        if parts.contains(.nonzeroCount) {
            nonzeroCount += nave_count_nonzero(kind, items, added, 0)
        }
    }

    /// Takes in one item many times.
    mutating func add(_ value: UnsafeRawPointer, repeated times: Int) {
        guard times > 0 else { return }
        let item = nave_sum_floats(kind, value, 1).sum
        guard !item.isNaN else {
            nanCount += times
            return
        }
        count += times
        add(item * Double(times))
        moments.merge(Moments(item, repeated: times))
        least = min(least, item)
        greatest = max(greatest, item)
        if item != 0 { nonzeroCount += times }
    }

    /// Takes in what another has taken in, which knows no less.
    mutating func merge(_ other: Self) {
        count += other.count
        nanCount += other.nanCount
        nonzeroCount += other.nonzeroCount
        add(other.sum)
        correction += other.correction
        moments.merge(other.moments)
        least = min(least, other.least)
        greatest = max(greatest, other.greatest)
    }

    /// The value of a statistic, or `nil` for the extrema of nothing.
    func value(_ statistic: Statistic, _ options: StatisticOptions) -> StatisticValue? {
        let isNaN = nanCount > 0 && options.nan == .propagate
        switch statistic {
        case .count:
            return .integer(Int128(options.nan == .skip ? count : count + nanCount))
        case .nanCount: return .integer(Int128(nanCount))
        case .nonzeroCount:
            return .integer(Int128(options.nan == .skip ? nonzeroCount : nonzeroCount + nanCount))
        case .sum: return .float(isNaN ? .nan : total)
        case .mean: return .float(isNaN || count == 0 ? .nan : total / Double(count))
        case .standardDeviation:
            return .float(isNaN ? .nan : variance(options).squareRoot())
        case .variance: return .float(isNaN ? .nan : variance(options))
        case .minimum, .maximum:
            guard count + nanCount > 0 else { return nil }
            if isNaN || count == 0 { return .float(.nan) }
            return .float(statistic == .minimum ? least : greatest)
        }
    }

    private func variance(_ options: StatisticOptions) -> Double {
        moments.variance(deltaDegreesOfFreedom: options.deltaDegreesOfFreedom)
    }

    private var itemBytes: Int {
        switch kind {
        case NAVE_ITEM_FLOAT64: 8
        case NAVE_ITEM_FLOAT32: 4
        default: 2
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
}
