/// One number that sums up many elements.
public enum Statistic: String, Hashable, Sendable, CaseIterable {
    case sum
    case mean
    /// The standard deviation of the elements themselves: NumPy's `std` with `ddof=0`.
    case standardDeviation = "std"
    case minimum = "min"
    case maximum = "max"
}

/// The value of a statistic, in the type that NumPy gives it.
public enum StatisticValue: Hashable, Sendable {
    /// An extremum of booleans.
    case boolean(Bool)
    /// An extremum or a sum of integers; a sum wraps at 64 bits as NumPy's does, booleans and signed
    /// integers as signed, unsigned as unsigned.
    case integer(Int128)
    /// Any statistic of floats, the mean and the deviation of everything; in double precision, not
    /// rounded to the elements' type.
    case float(Double)
    /// The sum or the mean of complex numbers.
    case complex(real: Double, imaginary: Double)
}

/// Statistics of a selection.
public struct ArrayStatistics: Hashable, Sendable {
    /// How many elements were selected.
    public let count: Int
    /// A value for every statistic that was asked for.
    ///
    /// Of no elements the sum is 0, mean and deviation are NaN, and there are no extrema, which are
    /// left out.
    public let values: [Statistic: StatisticValue]

    /// Makes statistics of their parts.
    public init(count: Int, values: [Statistic: StatisticValue]) {
        self.count = count
        self.values = values
    }
}
