import ArrayModel
import ArrayStorage
import HTTPServing
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
            wanted.operations ?? Statistic.allCases.filter { $0.isDefined(for: dataType) }
        let result: ArrayStatistics
        do {
            result = try await reader.statistics(array, selection, Set(operations))
        } catch {
            throw .read(error)
        }
        let values = operations.map { operation in
            JSONMember(name: operation.rawValue, value: result.values[operation]?.json ?? .null)
        }
        return .document(
            .members([
                "reference": .string(wanted.reference.text),
                "slice": .string(wanted.slice),
                "dtype": .string(dataType.name),
                "shape": .integers(selection.shape),
                "count": .integer(result.count),
                "statistics": .object(values),
            ])
        )
    }
}

extension Statistic {
    /// Whether the statistic has a meaning for elements of a type: complex numbers have no order.
    fileprivate func isDefined(for dataType: DataType) -> Bool {
        switch self {
        case .sum, .mean, .standardDeviation: true
        case .minimum, .maximum: dataType != .complex64 && dataType != .complex128
        }
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
