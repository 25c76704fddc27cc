import ArrayModel
import CKernels

/// The running statistics of booleans or integers.
///
/// Invariants:
/// - `sum` is exact; so is `squares`, of items of at most 32 bits. An array's bytes fit in 63 bits, so
///   neither overflows.
/// - `moments` is kept instead of `squares` for items of 64 bits.
struct IntegerReduction: Sendable {
    private(set) var count = 0
    private(set) var sum: Int128 = 0
    private(set) var least: Int128?
    private(set) var greatest: Int128?
    private var squares: Int128 = 0
    private var moments = Moments()
    private let type: DataType
    private let kind: nave_item_kind
    private let wanted: Set<Statistic>

    /// Begins with no elements; `type` is a boolean or an integer of `kind`.
    init(_ type: DataType, kind: nave_item_kind, wanted: Set<Statistic>) {
        self.type = type
        self.kind = kind
        self.wanted = wanted
    }

    private var isUnsigned: Bool { kind.rawValue >= NAVE_ITEM_UINT8.rawValue }
    private var isWide: Bool { type.itemBytes == 8 }

    /// Takes in adjacent, aligned items.
    mutating func add(_ items: UnsafeRawPointer, count added: Int) {
        guard added > 0 else { return }
        count += added
        let part = exact(nave_sum_integers(kind, items, added))
        sum += part
        if wanted.contains(.standardDeviation) {
            if isWide {
                let mean = Double(part) / Double(added)
                moments.merge(Moments(items, count: added, kind: kind, pivot: mean))
            } else {
                squares += exact(nave_sum_squares(kind, items, added))
            }
        }
        if wanted.contains(.minimum) || wanted.contains(.maximum) {
            let extrema = nave_extrema_integers(kind, items, added)
            bound(item(extrema.least), item(extrema.greatest))
        }
    }

    /// Takes in one item many times.
    mutating func add(_ value: UnsafeRawPointer, repeated times: Int) {
        guard times > 0 else { return }
        count += times
        let item = exact(nave_sum_integers(kind, value, 1))
        sum += item * Int128(times)
        if isWide {
            moments.merge(Moments(Double(item), repeated: times))
        } else {
            squares += item * item * Int128(times)
        }
        bound(item, item)
    }

    /// Takes in what another has taken in.
    mutating func merge(_ other: Self) {
        count += other.count
        sum += other.sum
        squares += other.squares
        moments.merge(other.moments)
        if let low = other.least, let high = other.greatest { bound(low, high) }
    }

    /// The value of a statistic, or `nil` for the extrema of nothing.
    func value(_ statistic: Statistic) -> StatisticValue? {
        switch statistic {
        case .sum:
            return .integer(
                isUnsigned
                    ? Int128(UInt64(truncatingIfNeeded: sum))
                    : Int128(Int64(truncatingIfNeeded: sum))
            )
        case .mean: return .float(count == 0 ? .nan : Double(sum) / Double(count))
        case .standardDeviation: return .float(standardDeviation)
        case .minimum: return least.map(extremum)
        case .maximum: return greatest.map(extremum)
        }
    }

    private var standardDeviation: Double {
        guard !isWide else { return moments.standardDeviation }
        guard count > 0 else { return .nan }
        // √(count * squares - sum²) / count, the difference exact in 256 bits.
        let minuend = Int128(count).multipliedFullWidth(by: squares)
        let subtrahend = sum.multipliedFullWidth(by: sum)
        let (low, borrow) = minuend.low.subtractingReportingOverflow(subtrahend.low)
        let high = minuend.high - subtrahend.high - (borrow ? 1 : 0)
        return (Double(high) * 0x1p128 + Double(low)).squareRoot() / Double(count)
    }

    private mutating func bound(_ low: Int128, _ high: Int128) {
        least = least.map { min($0, low) } ?? low
        greatest = greatest.map { max($0, high) } ?? high
    }

    private func extremum(_ item: Int128) -> StatisticValue {
        type == .bool ? .boolean(item != 0) : .integer(item)
    }

    private func item(_ pattern: Int64) -> Int128 {
        isUnsigned ? Int128(UInt64(bitPattern: pattern)) : Int128(pattern)
    }

    private func exact(_ number: nave_int128) -> Int128 {
        Int128(number.high) << 64 | Int128(number.low)
    }
}
