extension Selection {
    /// Whether the list of indices comes back to chunks that it left for others; false if there is none.
    ///
    /// The result, read in its order a part at a time, takes such chunks more than once. Takes time for the
    /// list alone.
    public func returnsToChunks(of grid: ChunkGrid) -> Bool {
        guard let list, elementCount > 0 else { return false }
        let extent = grid.chunkShape[list.axis]
        let chunks = list.indices.lazy.map { $0 / extent }
        // Long lists mostly ascend, and need no set then.
        if zip(chunks, chunks.dropFirst()).allSatisfy(<=) { return false }
        var left: Set<Int> = []
        var present: Int?
        for chunk in chunks where chunk != present {
            if let present { left.insert(present) }
            if left.contains(chunk) { return true }
            present = chunk
        }
        return false
    }
}
