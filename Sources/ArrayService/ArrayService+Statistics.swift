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
                along: reduced,
                caller
            )
        }
        do {
            let result = try await reader.statistics(
                array,
                selection,
                Set(operations),
                wanted.options
            )
            if wanted.format == .npy, let operation = operations.first {
                return try Self.file(result, operation, of: dataType)
            }
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
                let values = try await reader.percentiles(
                    array,
                    selection,
                    percents,
                    nan: wanted.options.nan
                )
                document.add(
                    "percentile",
                    .members([
                        "q": .array(percents.map { .double($0) }),
                        "values": .array(values.map { .double($0) }),
                    ])
                )
            }
            return document.response
        } catch {
            throw .read(error)
        }
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

    /// One statistic as an `.npy` file of a scalar.
    private static func file(
        _ result: ArrayStatistics,
        _ operation: Statistic,
        of dataType: DataType
    ) throws(ArrayReadError) -> HTTPResponse {
        guard let value = result.values[operation] else {
            throw .statisticUndefined(.noElements)
        }
        return .file(StatisticArray(operation, value, of: dataType), shape: [])
    }

    /// Statistics along axes.
    private func statistics(
        _ wanted: StatisticsRequest,
        _ operations: [Statistic],
        of array: ResolvedArray,
        _ selection: Selection,
        along axes: Set<Int>,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let result: AxisStatistics
        do {
            result = try await reader.statistics(
                array,
                selection,
                along: axes,
                Set(operations),
                wanted.options
            )
        } catch {
            throw .read(error)
        }
        let cells = NestedListWriter.entryCount(shape: result.shape) ?? .max
        if wanted.format == .npy, let values = operations.first.flatMap({ result.values[$0] }) {
            return .file(values, shape: result.shape)
        }
        guard cells <= ArrayServiceLimits.jsonElementsMax / max(operations.count, 1) else {
            throw .resultTooLarge(elements: cells)
        }
        var document = StatisticsDocument(wanted, selection, array.metadata.dataType)
        document.add("axis", .integers(axes.sorted()))
        document.add("result_shape", .integers(result.shape))
        document.add(
            lists: operations.compactMap { operation in
                result.values[operation].map { (operation.rawValue, $0) }
            },
            shape: result.shape
        )
        return document.response
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

extension HTTPResponse {
    /// Values as an `.npy` file.
    fileprivate static func file(_ values: StatisticArray, shape: [Int]) -> HTTPResponse {
        let header = NPYHeader(dataType: values.dataType, shape: shape).bytes()
        let text = JSONValue.integers(shape).serialized()
        return HTTPResponse(
            status: .ok,
            headers: [
                "Content-Type": DataFormat.npy.contentType,
                "X-Nave-Shape": String(decoding: text, as: UTF8.self),
                "X-Nave-Dtype": values.dataType.name,
                "Cache-Control": "no-store",
            ],
            body: .bytes(ByteBuffer(bytes: header + values.bytes))
        )
    }
}
