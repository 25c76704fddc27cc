/// One number that sums up many elements.
public enum Statistic: String, Hashable, Sendable, CaseIterable {
    case sum
    case mean
    /// The standard deviation.
    case standardDeviation = "std"
    /// The variance: the square of the standard deviation.
    case variance = "var"
    case minimum = "min"
    case maximum = "max"
    /// How many elements there are, without NaN where it is skipped.
    case count
    /// How many elements are not zero; NaN is not zero.
    case nonzeroCount = "count_nonzero"
    /// How many elements are NaN.
    case nanCount = "count_nan"

    /// What is computed when nothing is named.
    public static let usual: [Statistic] = [
        .sum, .mean, .standardDeviation, .minimum, .maximum,
    ]

    /// What has to be known of the elements.
    var parts: SummaryParts {
        switch self {
        case .sum, .mean, .count, .nanCount: []
        case .standardDeviation, .variance: .spread
        case .minimum, .maximum: .extrema
        case .nonzeroCount: .nonzeroCount
        }
    }
}

/// How statistics are computed where there is a choice.
public struct StatisticOptions: Hashable, Sendable {
    /// What NaN does.
    public enum NaNPolicy: String, Hashable, Sendable, CaseIterable {
        /// One NaN makes every sum, mean, deviation and extremum NaN, as in NumPy.
        case propagate
        /// NaN is passed over, as in NumPy's `nansum` and its kin.
        case skip
    }

    /// What the number of elements is lessened by in the divisor of the variance.
    public var deltaDegreesOfFreedom: Int
    /// What NaN does.
    public var nan: NaNPolicy

    /// Makes options; those of NumPy if none are given.
    public init(deltaDegreesOfFreedom: Int = 0, nan: NaNPolicy = .propagate) {
        self.deltaDegreesOfFreedom = deltaDegreesOfFreedom
        self.nan = nan
    }
}

/// What of a summary is known beside the count, the NaNs and the sum, which are always.
struct SummaryParts: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    static let spread = Self(rawValue: 1)
    static let extrema = Self(rawValue: 2)
    static let nonzeroCount = Self(rawValue: 4)
}

/// The value of a statistic, in the type that NumPy gives it.
public enum StatisticValue: Hashable, Sendable {
    /// An extremum of booleans.
    case boolean(Bool)
    /// An extremum or a sum of integers, or a count; a sum wraps at 64 bits as NumPy's does, booleans
    /// and signed integers as signed, unsigned as unsigned.
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
    /// How many chunks were read for it.
    public let chunksRead: Int
    /// Of how many chunks it was known already.
    public let chunksKnown: Int

    /// Makes statistics of their parts.
    public init(
        count: Int,
        values: [Statistic: StatisticValue],
        chunksRead: Int = 0,
        chunksKnown: Int = 0
    ) {
        self.count = count
        self.values = values
        self.chunksRead = chunksRead
        self.chunksKnown = chunksKnown
    }
}
