import ArrayModel
import ArrayStorage

/// Statistics of a region.
struct StatisticsRequest: Hashable, Sendable {
    /// Bins and their range.
    struct Histogram: Hashable, Sendable {
        var bins = 10
        /// Nil for that of the elements.
        var range: ClosedRange<Double>?
    }

    let reference: ArrayReference
    let slice: String
    /// Which statistics; nil for the usual ones of the data type.
    let operations: [Statistic]?
    var options = StatisticOptions()
    /// The axes of the region that are reduced, as they are given; nil for all.
    var axes: [Int]?
    var histogram: Histogram?
    /// Which percentiles, in the order of the request.
    var percentiles: [Double]?
    /// `json`, or `npy` for one statistic, histogram or list of percentiles.
    var format = DataFormat.json

    /// Counts the values that there are of all elements, or of every cell along axes.
    ///
    /// - Parameter operations: The statistics beside histogram and percentiles.
    /// - Returns: How many there are.
    func valuesPerCell(_ operations: [Statistic]) -> Int {
        operations.count + (histogram?.bins ?? 0) + (percentiles?.count ?? 0)
    }

    /// Asks for statistics of all elements of a slice.
    init(reference: ArrayReference, slice: String, operations: [Statistic]?) {
        self.reference = reference
        self.slice = slice
        self.operations = operations
    }
}

extension RequestParameters {
    private static let percentilesMax = 32

    /// Reads a request for statistics.
    ///
    /// - Throws: ``ArrayServiceError/parameterInvalid(_:expected:)``.
    func statisticsRequest(
        of reference: ArrayReference,
        accept: String?
    ) throws(ArrayServiceError) -> StatisticsRequest {
        let names = text("op").map(Self.entries)
        var request = StatisticsRequest(
            reference: reference,
            slice: text("slice") ?? "",
            operations: try names.map(Self.operations)
        )
        request.options = try options()
        request.axes = try axes()
        request.histogram = try histogram(isWanted: names?.contains("histogram") ?? false)
        request.percentiles = try percentiles(isWanted: names?.contains("percentile") ?? false)
        request.format = try statisticsFormat(names)
        return request
    }

    private func statisticsFormat(
        _ names: [String]?
    ) throws(ArrayServiceError) -> DataFormat {
        switch text("format") {
        case nil, "json": return .json
        case "npy":
            guard let names, Set(names).count == 1 else {
                throw .parameterInvalid("format", expected: "json, or npy with one op")
            }
            return .npy
        default: throw .parameterInvalid("format", expected: "json, or npy with one op")
        }
    }

    private static func operations(_ names: [String]) throws(ArrayServiceError) -> [Statistic] {
        var operations: [Statistic] = []
        for name in names where name != "histogram" && name != "percentile" {
            guard let operation = Statistic(rawValue: name) else {
                let known = Statistic.allCases.map(\.rawValue) + ["histogram", "percentile"]
                throw .parameterInvalid(
                    "op",
                    expected: "a list of \(known.joined(separator: ", "))"
                )
            }
            if !operations.contains(operation) { operations.append(operation) }
        }
        return operations
    }

    private func options() throws(ArrayServiceError) -> StatisticOptions {
        var options = StatisticOptions()
        if let text = text("ddof") {
            guard let delta = Int(text), (0...1_000_000).contains(delta) else {
                throw .parameterInvalid("ddof", expected: "a whole number from 0 to 1000000")
            }
            options.deltaDegreesOfFreedom = delta
        }
        if let text = text("nan") {
            guard let policy = StatisticOptions.NaNPolicy(rawValue: text) else {
                throw .parameterInvalid("nan", expected: "propagate or skip")
            }
            options.nan = policy
        }
        return options
    }

    private func axes() throws(ArrayServiceError) -> [Int]? {
        guard let text = text("axis") else { return nil }
        var axes: [Int] = []
        for name in Self.entries(text) {
            guard let axis = Int(name), axes.count < ArrayLimits.rankMax else {
                throw .parameterInvalid("axis", expected: "a list of axes of the slice")
            }
            axes.append(axis)
        }
        return axes
    }

    private func histogram(
        isWanted: Bool
    ) throws(ArrayServiceError) -> StatisticsRequest.Histogram? {
        var histogram = StatisticsRequest.Histogram()
        if let text = text("bins") {
            let range = 1...ArrayHistogram.binsMax
            guard isWanted, let bins = Int(text), range.contains(bins) else {
                throw .parameterInvalid(
                    "bins",
                    expected: "a whole number from 1 to \(range.upperBound), with op=histogram"
                )
            }
            histogram.bins = bins
        }
        if let text = text("range") {
            let entries = Self.entries(text)
            let bounds = entries.compactMap(Self.number)
            guard
                isWanted, entries.count == 2, bounds.count == 2, bounds[0] <= bounds[1]
            else {
                throw .parameterInvalid(
                    "range",
                    expected: "two finite numbers, the lower one first, with op=histogram"
                )
            }
            histogram.range = bounds[0]...bounds[1]
        }
        return isWanted ? histogram : nil
    }

    private func percentiles(isWanted: Bool) throws(ArrayServiceError) -> [Double]? {
        guard isWanted || text("q") != nil else { return nil }
        let entries = Self.entries(text("q") ?? "")
        let values = entries.compactMap(Self.number).filter { (0...100).contains($0) }
        guard isWanted, values.count == entries.count, values.count <= Self.percentilesMax else {
            throw .parameterInvalid(
                "q",
                expected: "up to \(Self.percentilesMax) numbers from 0 to 100, with op=percentile"
            )
        }
        return values
    }
}
