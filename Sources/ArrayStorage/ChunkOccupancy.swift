import ArrayModel
import ObjectStorage
import StorageModel

/// A page of the chunks that are stored.
public struct OccupancyPage: Sendable {
    /// The coordinates of stored chunks, in the order of their keys.
    public let chunks: [[Int]]
    /// Whether more follow.
    public let isLast: Bool
}

/// How many chunks are stored in each cell of two axes of the grid.
public struct OccupancyMap: Sendable {
    /// The rows of cells.
    public let height: Int
    /// The columns of cells.
    public let width: Int
    /// The chunks that a cell stands for, stored or not.
    public let capacities: [Double]
    /// The stored ones, row by row.
    public private(set) var counts: [Int]
    /// Whether there were more than were counted.
    public fileprivate(set) var isTruncated = false

    private let axes: [Int]
    private let factors: [Int]

    fileprivate init(_ grid: ChunkGrid, axes: [Int], extentMax: Int) {
        self.axes = axes
        let extents = axes.map { max(grid.chunkCount(axis: $0), 1) }
        let factors = extents.map { ($0 - 1) / extentMax + 1 }
        self.factors = factors
        let cells = zip(extents, factors).map { ($0 - 1) / $1 + 1 }
        height = cells.first ?? 1
        width = cells.count > 1 ? cells[1] : 1
        let others = grid.shape.indices.filter { !axes.contains($0) }
            .reduce(1.0) { $0 * Double(grid.chunkCount(axis: $1)) }
        func extent(_ place: Int, _ cell: Int) -> Double {
            guard place < extents.count else { return 1 }
            return Double(min(factors[place], extents[place] - cell * factors[place]))
        }
        var capacities: [Double] = []
        for row in 0..<height {
            for column in 0..<width {
                capacities.append(extent(0, row) * extent(1, column) * others)
            }
        }
        self.capacities = capacities
        counts = Array(repeating: 0, count: height * width)
    }

    fileprivate mutating func add(_ chunk: [Int]) {
        let row = axes.isEmpty ? 0 : chunk[axes[0]] / factors[0]
        let column = axes.count < 2 ? 0 : chunk[axes[1]] / factors[1]
        counts[row * width + column] += 1
    }
}

extension ArrayReader {
    private static let pageKeys = 1000

    /// Lists stored chunks in the order of their keys.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - chunk: The last chunk of the page before, within the grid; nil for the first page.
    ///   - limit: The most chunks, at least 1.
    /// - Returns: A page.
    /// - Throws: ``ArrayReadError``, any case.
    public func storedChunks(
        _ array: ResolvedArray,
        after chunk: [Int]?,
        limit: Int
    ) async throws(ArrayReadError) -> OccupancyPage {
        var chunks: [[Int]] = []
        let isWhole = try await visitStoredChunks(array, after: chunk) { page in
            chunks += page
            return chunks.count <= limit
        }
        return OccupancyPage(
            chunks: Array(chunks.prefix(limit)),
            isLast: isWhole && chunks.count <= limit
        )
    }

    /// Counts stored chunks in cells of two axes of the grid.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - axes: At most two different axes.
    ///   - extentMax: The most cells along either, at least 1.
    ///   - keysMax: The most chunks that are counted.
    /// - Returns: The counts.
    /// - Throws: ``ArrayReadError``, any case.
    public func occupancy(
        _ array: ResolvedArray,
        axes: [Int],
        extentMax: Int,
        keysMax: Int
    ) async throws(ArrayReadError) -> OccupancyMap {
        var map = OccupancyMap(array.metadata.grid, axes: axes, extentMax: extentMax)
        var seen = 0
        let isWhole = try await visitStoredChunks(array, after: nil) { page in
            for chunk in page { map.add(chunk) }
            seen += page.count
            return seen < keysMax
        }
        map.isTruncated = !isWhole
        return map
    }

    /// Visits the stored chunks page by page, until told to stop.
    ///
    /// - Returns: Whether all were visited.
    private func visitStoredChunks(
        _ array: ResolvedArray,
        after chunk: [Int]?,
        _ visit: ([[Int]]) -> Bool
    ) async throws(ArrayReadError) -> Bool {
        let stored = try StoredArray(array, limits: engine.limits)
        let prefix = stored.listingPrefix(.whole(shape: array.metadata.shape))
        let loader = engine.loader
        var marker = chunk.map(stored.key)
        while true {
            let after = marker
            let keys = try await engine.blocking { () throws(ArrayReadError) -> [String] in
                try loader.keys(prefix: prefix, of: stored, after: after, limit: Self.pageKeys)
            }
            let goesOn = visit(keys.compactMap(stored.coordinates))
            if keys.count < Self.pageKeys { return true }
            guard goesOn else { return false }
            marker = keys.last
        }
    }
}
