import CKernels

/// A count, a mean and the squared deviations from it: what can be merged into the spread of a whole.
///
/// The mean is kept as a pivot and the distance from it: beside a mean of a thousand million, a
/// deviation of a tenth would otherwise drown in the rounding of the mean.
///
/// Source: Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
/// Variances", 1979, equations 2.1, and "Algorithms for Computing the Sample Variance", 1983, the
/// corrected two-pass algorithm.
struct Moments: Hashable, Sendable {
    /// How many elements.
    private(set) var count = 0
    /// A value near the mean.
    private(set) var pivot = 0.0
    /// The mean less the pivot.
    private(set) var offset = 0.0
    /// The sum of the squared distances from the mean.
    private(set) var squaredDeviations = 0.0

    /// The moments of no elements.
    init() {}

    /// Restores moments that were kept.
    init(count: Int, pivot: Double, offset: Double, squaredDeviations: Double) {
        self.count = count
        self.pivot = pivot
        self.offset = offset
        self.squaredDeviations = squaredDeviations
    }

    /// The moments of one value, taken many times.
    init(_ value: Double, repeated times: Int) {
        count = times
        pivot = value
        squaredDeviations = value.isFinite ? 0 : .nan
    }

    /// The moments of one whole number of 64 bits, taken many times.
    init(_ value: Int128, repeated times: Int) {
        count = times
        pivot = Double(value)
        offset = Double(value - Int128(pivot))
    }

    /// The moments of adjacent, aligned whole numbers of 64 bits whose mean is near `mean`.
    ///
    /// A double has no room for all of their digits; so the pivot is a number that both types have, and
    /// the distances from it are taken as whole numbers, if they fit.
    init(wholes items: UnsafeRawPointer, count: Int, kind: nave_item_kind, mean: Double) {
        let isUnsigned = kind == NAVE_ITEM_UINT64
        // The last double below the end of the range.
        let last = isUnsigned ? 0x1p64.nextDown : 0x1p63.nextDown
        let pivot = min(mean.rounded(), last)
        let bits =
            isUnsigned
            ? UInt64(exactly: pivot).map { Int64(bitPattern: $0) } : Int64(exactly: pivot)
        let found = bits.map { nave_sum_integer_deviations(kind, items, count, $0) }
        guard let found, found.is_exact != 0 else {
            self.init(items, count: count, kind: kind, pivot: mean)
            return
        }
        self.init(found.sums, count: count, pivot: pivot)
    }

    /// The moments of adjacent, aligned items whose mean is near `pivot`.
    init(_ items: UnsafeRawPointer, count: Int, kind: nave_item_kind, pivot: Double) {
        self.init(nave_sum_deviations(kind, items, count, pivot), count: count, pivot: pivot)
    }

    private init(_ sums: nave_deviations, count: Int, pivot: Double) {
        self.count = count
        self.pivot = pivot
        offset = sums.sum / Double(count)
        squaredDeviations = sums.squares - sums.sum * offset
    }

    /// The variance; NaN of no elements.
    ///
    /// - Parameter deltaDegreesOfFreedom: What the count is lessened by in the divisor, which does not
    ///   go below zero.
    /// - Returns: The variance; not finite where the divisor is zero, as in NumPy.
    func variance(deltaDegreesOfFreedom: Int) -> Double {
        guard count > 0 else { return .nan }
        // Rounding may leave a little less than nothing.
        let squares = squaredDeviations < 0 ? 0 : squaredDeviations
        return squares / Double(max(count - deltaDegreesOfFreedom, 0))
    }

    /// Takes in the moments of other elements.
    mutating func merge(_ other: Self) {
        guard other.count > 0 else { return }
        guard count > 0 else {
            self = other
            return
        }
        let total = Double(count) + Double(other.count)
        let share = Double(other.count) / total
        let distance = (other.pivot - pivot) + (other.offset - offset)
        offset += distance * share
        squaredDeviations +=
            other.squaredDeviations + distance * distance * (Double(count) * share)
        count += other.count
    }
}
