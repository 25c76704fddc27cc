import Synchronization

/// The values of a result along axes while blocks of its cells are computed: as many tables of the cells
/// as every cell has values.
///
/// State: guarded by `values`.
final class CellValues: Sendable {
    private let shape: [Int]
    private let cellCount: Int
    private let values: Mutex<[Double]>

    /// Makes a table of NaN.
    ///
    /// - Parameters:
    ///   - shape: The extents of the cells; few enough for the result.
    ///   - valuesPerCell: How many values every cell has.
    init(shape: [Int], valuesPerCell: Int) {
        self.shape = shape
        cellCount = shape.contains(0) ? 0 : shape.reduce(1, *)
        values = Mutex(Array(repeating: .nan, count: cellCount * valuesPerCell))
    }

    /// Puts the values of some cells of a block into their places.
    ///
    /// - Parameters:
    ///   - found: The values, one cell after the other.
    ///   - cells: The cells by their numbers in the block's C order.
    ///   - box: Where the block is.
    func put(_ found: [Double], of cells: Range<Int>, in box: CellTiling.Box) {
        let valuesPerCell = found.count / max(cells.count, 1)
        values.withLock { values in
            for (number, cell) in cells.enumerated() {
                let place = box.place(of: cell, in: shape)
                for value in 0..<valuesPerCell {
                    values[value * cellCount + place] = found[number * valuesPerCell + value]
                }
            }
        }
    }

    /// The finished tables, one behind the other.
    func take() -> [Double] {
        values.withLock { values in
            let taken = values
            values = []
            return taken
        }
    }
}
