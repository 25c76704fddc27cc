/// How a plane is made smaller: every cell is the mean of a box of elements, clipped at the far edges.
public struct PlaneShape: Hashable, Sendable {
    /// The least extent of the shorter side, so that a long strip stays visible.
    private static let shortSideMin = 32

    /// The rows of elements in a cell, at least 1.
    public let rowFactor: Int
    /// The columns of elements in a cell, at least 1.
    public let columnFactor: Int
    /// The rows of cells.
    public let height: Int
    /// The columns of cells.
    public let width: Int

    /// Finds the least factors with which a plane fits.
    ///
    /// - Parameters:
    ///   - plane: The plane.
    ///   - extentMax: The most cells along either side, at least 1.
    public init(_ plane: Plane, extentMax: Int) {
        let common = (max(plane.height, plane.width) - 1) / extentMax + 1
        func factor(_ extent: Int) -> Int {
            min(common, max((extent - 1) / min(Self.shortSideMin, extentMax) + 1, 1))
        }
        self.init(
            plane,
            rowFactor: factor(plane.height),
            columnFactor: factor(plane.width)
        )
    }

    init(_ plane: Plane, rowFactor: Int, columnFactor: Int) {
        self.rowFactor = rowFactor
        self.columnFactor = columnFactor
        height = (plane.height - 1) / rowFactor + 1
        width = (plane.width - 1) / columnFactor + 1
    }
}
