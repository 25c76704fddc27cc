extension Selection {
    /// Whether the list of indices comes back to chunks that it left for others; false if there is none.
    ///
    /// The result, read in its order a part at a time, takes such chunks more than once. Takes time for the
    /// list alone.
    public func returnsToChunks(of grid: ChunkGrid) -> Bool {
        guard let list, elementCount > 0 else { return false }
        let extent = grid.chunkShape[list.axis]
        var left: Set<Int> = []
        var present: Int?
        for index in list.indices {
            let chunk = index / extent
            if chunk == present { continue }
            if let present { left.insert(present) }
            if left.contains(chunk) { return true }
            present = chunk
        }
        return false
    }
}
