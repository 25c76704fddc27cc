import ArrayModel
import Synchronization

/// The statistics of the cells of a result along axes while blocks of them are computed.
///
/// State: guarded by `values`.
final class CellStatistics: Sendable {
    private let statistics: [Statistic]
    private let options: StatisticOptions
    private let shape: [Int]
    private let cellCount: Int
    private let values: Mutex<[StatisticArray]>

    /// Makes tables of zeros.
    ///
    /// - Parameters:
    ///   - statistics: Which statistics.
    ///   - options: How they are computed.
    ///   - dataType: The type of the elements.
    ///   - shape: The extents of the cells; few enough for the result.
    init(
        _ statistics: Set<Statistic>,
        _ options: StatisticOptions,
        of dataType: DataType,
        shape: [Int]
    ) {
        self.statistics = Array(statistics)
        self.options = options
        self.shape = shape
        let cellCount = shape.contains(0) ? 0 : shape.reduce(1, *)
        self.cellCount = cellCount
        values = Mutex(
            self.statistics.map { StatisticArray($0, of: dataType, zeros: cellCount) }
        )
    }

    /// Puts the statistics of some cells of a block into their places.
    ///
    /// - Parameters:
    ///   - reductions: What the cells come to.
    ///   - cells: The cells by their numbers in the block's C order.
    ///   - box: Where the block is.
    /// - Throws: ``ArrayReadError/statisticUndefined(_:)`` for the extrema of nothing.
    func put(
        _ reductions: [Reduction],
        of cells: Range<Int>,
        in box: CellTiling.Box
    ) throws(ArrayReadError) {
        for (number, statistic) in statistics.enumerated() {
            let found = try reductions.map { reduction throws(ArrayReadError) in
                try value(statistic, of: reduction)
            }
            values.withLock { values in
                for (cell, value) in zip(cells, found) {
                    values[number].set(value, at: box.place(of: cell, in: shape))
                }
            }
        }
    }

    /// Gives every cell the statistics of one reduction.
    ///
    /// - Throws: ``ArrayReadError/statisticUndefined(_:)`` for the extrema of nothing.
    func fill(with reduction: Reduction) throws(ArrayReadError) {
        guard cellCount > 0 else { return }
        for (number, statistic) in statistics.enumerated() {
            let value = try value(statistic, of: reduction)
            values.withLock { values in
                for place in 0..<cellCount { values[number].set(value, at: place) }
            }
        }
    }

    /// The finished tables.
    func take() -> [Statistic: StatisticArray] {
        values.withLock { values in
            let taken = Dictionary(uniqueKeysWithValues: zip(statistics, values))
            values = []
            return taken
        }
    }

    private func value(
        _ statistic: Statistic,
        of reduction: Reduction
    ) throws(ArrayReadError) -> StatisticValue {
        guard let value = reduction.value(statistic, options) else {
            throw .statisticUndefined(.noElements)
        }
        return value
    }
}
