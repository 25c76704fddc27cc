import CKernels

/// The running statistics of booleans or integers.
///
/// Invariants:
/// - `sum` is exact; so is `squares`, of items of at most 32 bits. An array's bytes fit in 63 bits, so
///   neither overflows.
/// - `moments` is kept instead of `squares` for items of 64 bits.
struct IntegerReduction: Hashable, Sendable {
    private(set) var count = 0
    private(set) var nonzeroCount = 0
    private(set) var sum: Int128 = 0
    /// The bit pattern of the least item, as `kind` has it; of no meaning without elements.
    private(set) var least: Int64
    private(set) var greatest: Int64
    private(set) var squares: Int128 = 0
    private(set) var moments = Moments()
    let kind: nave_item_kind
    let parts: SummaryParts

    /// Begins with no elements of `kind`, booleans or integers.
    init(kind: nave_item_kind, parts: SummaryParts) {
        self.kind = kind
        self.parts = parts
        let isUnsigned = kind.rawValue >= NAVE_ITEM_UINT8.rawValue
        least = isUnsigned ? Int64(bitPattern: .max) : .max
        greatest = isUnsigned ? 0 : .min
    }

    /// Restores what was kept.
    init(
        kind: nave_item_kind,
        parts: SummaryParts,
        counts: (count: Int, nonzeroCount: Int),
        extrema: (least: Int64, greatest: Int64),
        sums: (sum: Int128, squares: Int128),
        moments: Moments
    ) {
        (count, nonzeroCount) = counts
        (least, greatest) = extrema
        (sum, squares) = sums
        self.moments = moments
        self.kind = kind
        self.parts = parts
    }

    private var isUnsigned: Bool { kind.rawValue >= NAVE_ITEM_UINT8.rawValue }
    private var isWide: Bool { kind == NAVE_ITEM_INT64 || kind == NAVE_ITEM_UINT64 }

    /// Takes in adjacent, aligned items.
    mutating func add(_ items: UnsafeRawPointer, count added: Int) {
        guard added > 0 else { return }
        count += added
        let part = exact(nave_sum_integers(kind, items, added))
        sum += part
        if parts.contains(.spread) {
            if isWide {
                let mean = Double(part) / Double(added)
                moments.merge(Moments(wholes: items, count: added, kind: kind, mean: mean))
            } else {
                squares += exact(nave_sum_squares(kind, items, added))
            }
        }
        if parts.contains(.extrema) {
            let extrema = nave_extrema_integers(kind, items, added)
            bound(extrema.least, extrema.greatest)
        }
        if parts.contains(.nonzeroCount) {
            nonzeroCount += nave_count_nonzero(kind, items, added, 0)
        }
    }

    /// Takes in one item many times.
    mutating func add(_ value: UnsafeRawPointer, repeated times: Int) {
        guard times > 0 else { return }
        count += times
        let item = exact(nave_sum_integers(kind, value, 1))
        sum += item * Int128(times)
        if isWide {
            moments.merge(Moments(item, repeated: times))
        } else {
            squares += item * item * Int128(times)
        }
        let pattern = Int64(truncatingIfNeeded: item)
        bound(pattern, pattern)
        if item != 0 { nonzeroCount += times }
    }

    /// Takes in what another has taken in, which knows no less.
    mutating func merge(_ other: Self) {
        guard other.count > 0 else { return }
        count += other.count
        nonzeroCount += other.nonzeroCount
        sum += other.sum
        squares += other.squares
        moments.merge(other.moments)
        bound(other.least, other.greatest)
    }

    /// The value of a statistic, or `nil` for the extrema of nothing.
    func value(_ statistic: Statistic, _ options: StatisticOptions) -> StatisticValue? {
        switch statistic {
        case .count: return .integer(Int128(count))
        case .nanCount: return .integer(0)
        case .nonzeroCount: return .integer(Int128(nonzeroCount))
        case .sum:
            return .integer(
                isUnsigned
                    ? Int128(UInt64(truncatingIfNeeded: sum))
                    : Int128(Int64(truncatingIfNeeded: sum))
            )
        case .mean: return .float(count == 0 ? .nan : Double(sum) / Double(count))
        case .standardDeviation: return .float(variance(options).squareRoot())
        case .variance: return .float(variance(options))
        case .minimum: return count == 0 ? nil : extremum(least)
        case .maximum: return count == 0 ? nil : extremum(greatest)
        }
    }

    private func variance(_ options: StatisticOptions) -> Double {
        let delta = options.deltaDegreesOfFreedom
        guard !isWide else { return moments.variance(deltaDegreesOfFreedom: delta) }
        guard count > 0 else { return .nan }
        // (count * squares - sum²) / count / (count - delta), the difference exact in 256 bits.
        let minuend = Int128(count).multipliedFullWidth(by: squares)
        let subtrahend = sum.multipliedFullWidth(by: sum)
        let (low, borrow) = minuend.low.subtractingReportingOverflow(subtrahend.low)
        let high = minuend.high - subtrahend.high - (borrow ? 1 : 0)
        let difference = Double(high) * 0x1p128 + Double(low)
        return difference / Double(count) / Double(max(count - delta, 0))
    }

    private mutating func bound(_ low: Int64, _ high: Int64) {
        if isUnsigned {
            least = UInt64(bitPattern: low) < UInt64(bitPattern: least) ? low : least
            greatest = UInt64(bitPattern: high) > UInt64(bitPattern: greatest) ? high : greatest
        } else {
            least = min(least, low)
            greatest = max(greatest, high)
        }
    }

    private func extremum(_ pattern: Int64) -> StatisticValue {
        if kind == NAVE_ITEM_BOOL { return .boolean(pattern != 0) }
        return .integer(isUnsigned ? Int128(UInt64(bitPattern: pattern)) : Int128(pattern))
    }

    private func exact(_ number: nave_int128) -> Int128 {
        Int128(number.high) << 64 | Int128(number.low)
    }
}
