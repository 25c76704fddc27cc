import ArrayModel
import ArrayStorage
import HTTPServing
import NIOCore
import NIOHTTP1

extension ArrayService {
    /// Statistics along axes.
    func statistics(
        _ wanted: StatisticsRequest,
        _ operations: [Statistic],
        of array: ResolvedArray,
        _ selection: Selection,
        along axes: Set<Int>
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let cells = selection.shape.indices.filter { !axes.contains($0) }
            .map { selection.shape[$0] }
        let cellCount = NestedListWriter.entryCount(shape: cells) ?? .max
        let valuesPerCell = max(wanted.valuesPerCell(operations), 1)
        if wanted.format == .json, cellCount > ArrayServiceLimits.jsonElementsMax / valuesPerCell {
            let (values, overflow) = cellCount.multipliedReportingOverflow(by: valuesPerCell)
            throw .resultTooLarge(elements: overflow ? .max : values)
        }
        do {
            let found = try await AxisResults(
                wanted,
                operations,
                of: array,
                selection,
                along: axes,
                reader
            )
            guard wanted.format == .json else { return try found.file() }
            return try await reader.compute {
                var document = StatisticsDocument(wanted, selection, array.metadata.dataType)
                document.add("axis", .integers(axes.sorted()))
                document.add("result_shape", .integers(cells))
                found.add(to: &document, operations, shape: cells)
                return document.response
            }
        } catch let error as ArrayReadError {
            throw .read(error)
        } catch {
            throw .read(.cancelled)
        }
    }
}

/// What was found along axes: as much of it as was asked for.
private struct AxisResults: Sendable {
    var statistics: AxisStatistics?
    var histogram: AxisHistogram?
    var percentiles: ShapedStatistic?
    private let percents: [Double]

    init(
        _ wanted: StatisticsRequest,
        _ operations: [Statistic],
        of array: ResolvedArray,
        _ selection: Selection,
        along axes: Set<Int>,
        _ reader: ArrayReader
    ) async throws(ArrayReadError) {
        percents = wanted.percentiles ?? []
        if !operations.isEmpty {
            statistics = try await reader.statistics(
                array,
                selection,
                along: axes,
                Set(operations),
                wanted.options
            )
        }
        if let histogram = wanted.histogram {
            self.histogram = try await reader.histogram(
                array,
                selection,
                along: axes,
                bins: histogram.bins,
                range: histogram.range
            )
        }
        if !percents.isEmpty {
            percentiles = try await reader.percentiles(
                array,
                selection,
                along: axes,
                percents,
                nan: wanted.options.nan
            )
        }
    }

    /// The one thing that was asked for as an `.npy` file.
    func file() throws(ArrayReadError) -> HTTPResponse {
        if let percentiles { return .file(percentiles.values, shape: percentiles.shape) }
        if let histogram {
            return .file(histogram.counts.values, shape: histogram.counts.shape)
                .adding(edges: histogram.edges)
        }
        guard let statistics, let values = statistics.values.values.first else {
            throw .statisticUndefined(.noElements)
        }
        return .file(values, shape: statistics.shape)
    }

    /// Adds everything to the answer in JSON.
    func add(
        to document: inout StatisticsDocument,
        _ operations: [Statistic],
        shape: [Int]
    ) {
        document.add(
            "statistics",
            lists: operations.compactMap { operation in
                statistics?.values[operation].map {
                    StatisticsDocument.List(name: operation.rawValue, values: $0, shape: shape)
                }
            }
        )
        if let histogram {
            let counts = histogram.counts
            document.add(
                "histogram",
                lists: [
                    .init(name: "counts", values: counts.values, shape: counts.shape),
                    .init(
                        name: "edges",
                        values: StatisticArray(histogram.edges),
                        shape: [histogram.edges.count]
                    ),
                ]
            )
        }
        if let percentiles {
            document.add(
                "percentile",
                lists: [
                    .init(name: "q", values: StatisticArray(percents), shape: [percents.count]),
                    .init(
                        name: "values",
                        values: percentiles.values,
                        shape: percentiles.shape
                    ),
                ]
            )
        }
    }
}

extension HTTPResponse {
    /// Values as an `.npy` file.
    static func file(_ values: StatisticArray, shape: [Int]) -> HTTPResponse {
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

    /// The same with the outer edges of a histogram's bins, which are at equal distances.
    func adding(edges: [Double]) -> HTTPResponse {
        guard let first = edges.first, let last = edges.last else { return self }
        let text = JSONValue.array([.double(first), .double(last)]).serialized()
        var response = self
        response.headers.add(name: "X-Nave-Range", value: String(decoding: text, as: UTF8.self))
        return response
    }
}
