import ArrayModel

extension ArrayReader {
    /// The most chunks of a plane that are all read; of a larger one some are looked at.
    static let planeChunksMax = 4096
    /// The most decoded bytes of such chunks.
    static let planeBytesMax = 2 << 30
    /// How many rows and columns of chunks are looked at of a larger plane.
    static let sampledExtentMax = 24

    /// Reads a plane and makes it smaller: a cell is the mean of its elements.
    ///
    /// Of a plane with more chunks than are worth reading, however many they are, some evenly spread ones
    /// are looked at: every cell of the result is then the mean of one chunk.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - plane: The plane, made for the array's metadata.
    ///   - extentMax: The most cells along either side, at least 1.
    /// - Returns: The means.
    /// - Throws: ``ArrayReadError``, any case.
    public func samples(
        _ array: ResolvedArray,
        _ plane: Plane,
        extentMax: Int
    ) async throws(ArrayReadError) -> PlaneSamples {
        let stored = try StoredArray(array, limits: engine.limits)
        let touched = ReadPlan(selection: plane.selection, grid: stored.grid, slabElementsMax: 1)
            .everything.touchedChunkCount
        let chunks = min(touched, stored.storedChunkCount ?? .max)
        guard
            chunks <= Self.planeChunksMax,
            chunks <= Self.planeBytesMax / max(stored.decoder.chunkBytes, 1)
        else { return try await sampled(stored, plane, extentMax: extentMax, chunks: touched) }
        let shape = PlaneShape(plane, extentMax: extentMax)
        let reduction = try PlaneReduction(stored, plane, shape, engine: engine, tiles: tiles)
        return PlaneSamples(
            height: shape.height,
            width: shape.width,
            channels: plane.channels,
            values: try await reduction.means(),
            sampling: nil
        )
    }

    private func sampled(
        _ array: StoredArray,
        _ plane: Plane,
        extentMax: Int,
        chunks: Int
    ) async throws(ArrayReadError) -> PlaneSamples {
        let (grid, chunkShape) = (array.grid, array.grid.chunkShape)
        let cellsMax = min(Self.sampledExtentMax, extentMax)
        let strides = [plane.axes.row, plane.axes.column].map { axis in
            (grid.chunkCount(axis: axis) - 1) / cellsMax + 1
        }
        func factor(_ place: Int, _ axis: Int) -> Int {
            let (factor, overflow) = strides[place].multipliedReportingOverflow(
                by: chunkShape[axis]
            )
            return overflow ? grid.shape[axis] : min(factor, grid.shape[axis])
        }
        let shape = PlaneShape(
            plane,
            rowFactor: factor(0, plane.axes.row),
            columnFactor: factor(1, plane.axes.column)
        )
        var coordinates = plane.selection.axes.indices.map { axis in
            plane.selection.axes[axis].start / chunkShape[axis]
        }
        // The colours of a place may lie in several chunks.
        let colours = plane.axes.channel.map { (axis: $0, count: grid.chunkCount(axis: $0)) }
        var wanted: [[Int]] = []
        for row in 0..<shape.height {
            for column in 0..<shape.width {
                for (place, (cell, axis)) in [(row, plane.axes.row), (column, plane.axes.column)]
                    .enumerated()
                {
                    let middle = cell * strides[place] + strides[place] / 2
                    coordinates[axis] = min(middle, grid.chunkCount(axis: axis) - 1)
                }
                for colour in 0..<(colours?.count ?? 1) {
                    if let colours { coordinates[colours.axis] = colour }
                    wanted.append(coordinates)
                }
            }
        }
        let reduction = try PlaneReduction(array, plane, shape, engine: engine, tiles: tiles)
        return PlaneSamples(
            height: shape.height,
            width: shape.width,
            channels: plane.channels,
            values: try await reduction.means(of: wanted),
            sampling: PlaneSamples.Sampling(chunks: wanted.count, of: chunks)
        )
    }
}
