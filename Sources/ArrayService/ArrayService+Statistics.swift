import ArrayModel
import ArrayStorage
import HTTPServing
import NIOCore
import NIOHTTP1

extension ArrayService {
    /// Statistics of a region.
    func statistics(
        _ wanted: StatisticsRequest,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let array = try await resolve(wanted.reference, for: caller)
        let selection = try selection(wanted.slice, of: array)
        let dataType = array.metadata.dataType
        let operations =
            wanted.operations ?? Statistic.usual.filter { $0.isDefined(for: dataType) }
        if let axes = wanted.axes {
            let reduced = try Self.reduced(axes, of: selection)
            return try await statistics(
                wanted,
                operations,
                of: array,
                selection,
                along: reduced
            )
        }
        do {
            if wanted.format == .npy {
                return try await file(wanted, operations, of: array, selection)
            }
            let result = try await reader.statistics(
                array,
                selection,
                Set(operations),
                wanted.options
            )
            var document = StatisticsDocument(wanted, selection, dataType)
            document.add("count", .integer(result.count))
            document.add(
                "chunks",
                .members([
                    "read": .integer(result.chunksRead), "known": .integer(result.chunksKnown),
                ])
            )
            document.add("statistics", Self.object(operations, result))
            if let histogram = wanted.histogram {
                document.add("histogram", try await self.histogram(histogram, array, selection))
            }
            if let percents = wanted.percentiles {
                document.add(
                    "percentile",
                    try await percentiles(percents, wanted.options.nan, array, selection)
                )
            }
            return document.response
        } catch {
            throw .read(error)
        }
    }

    private func percentiles(
        _ percents: [Double],
        _ nan: StatisticOptions.NaNPolicy,
        _ array: ResolvedArray,
        _ selection: Selection
    ) async throws(ArrayReadError) -> JSONValue {
        let values = try await reader.percentiles(array, selection, percents, nan: nan)
        return .members([
            "q": .array(percents.map { .double($0) }),
            "values": .array(values.map { .double($0) }),
        ])
    }

    private func histogram(
        _ wanted: StatisticsRequest.Histogram,
        _ array: ResolvedArray,
        _ selection: Selection
    ) async throws(ArrayReadError) -> JSONValue {
        let result = try await reader.histogram(
            array,
            selection,
            bins: wanted.bins,
            range: wanted.range
        )
        return .members([
            "counts": .integers(result.counts),
            "edges": .array(result.edges.map { .double($0) }),
        ])
    }

    private static func object(
        _ operations: [Statistic],
        _ result: ArrayStatistics
    ) -> JSONValue {
        .object(
            operations.map { operation in
                JSONMember(
                    name: operation.rawValue,
                    value: result.values[operation]?.json ?? .null
                )
            }
        )
    }

    /// What was asked for of all elements as an `.npy` file: a scalar, or a row.
    private func file(
        _ wanted: StatisticsRequest,
        _ operations: [Statistic],
        of array: ResolvedArray,
        _ selection: Selection
    ) async throws(ArrayReadError) -> HTTPResponse {
        if let percents = wanted.percentiles {
            let values = try await reader.percentiles(
                array,
                selection,
                percents,
                nan: wanted.options.nan
            )
            return .file(StatisticArray(values), shape: [values.count])
        }
        if let histogram = wanted.histogram {
            let result = try await reader.histogram(
                array,
                selection,
                bins: histogram.bins,
                range: histogram.range
            )
            return .file(StatisticArray(result.counts), shape: [result.counts.count])
                .adding(edges: result.edges)
        }
        let result = try await reader.statistics(
            array,
            selection,
            Set(operations),
            wanted.options
        )
        guard let operation = operations.first, let value = result.values[operation] else {
            throw .statisticUndefined(.noElements)
        }
        return .file(StatisticArray(operation, value, of: array.metadata.dataType), shape: [])
    }

    /// The axes of a selection's result that are named, counted from the front.
    private static func reduced(
        _ axes: [Int],
        of selection: Selection
    ) throws(ArrayServiceError) -> Set<Int> {
        let rank = selection.shape.count
        var result: Set<Int> = []
        for axis in axes {
            let place = axis < 0 ? axis + rank : axis
            guard (0..<rank).contains(place), result.insert(place).inserted else {
                throw .parameterInvalid(
                    "axis",
                    expected: "a list of different axes of the slice, which has \(rank)"
                )
            }
        }
        return result
    }
}

extension StatisticValue {
    /// The value in JSON: whole numbers with every digit, floats in the shortest spelling that
    /// reads back as the same double, NaN and the infinities as strings, complex numbers as
    /// `[real, imaginary]`.
    fileprivate var json: JSONValue {
        switch self {
        case .boolean(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .float(let value): .double(value)
        case .complex(let real, let imaginary): .array([.double(real), .double(imaginary)])
        }
    }
}
