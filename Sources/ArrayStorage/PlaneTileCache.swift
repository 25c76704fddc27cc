import Synchronization

/// Tiles of planes that were made smaller, up to a number of bytes: the levels of large planes, so that
/// the next picture of one does not read it again.
///
/// A tile is kept under the number of the change that stored its chunk, so it is never out of date. Two
/// generations of half the bound each: what was used since the last turn survives the next one.
///
/// State: guarded by `state`.
final class PlaneTileCache: Sendable {
    /// What a tile is kept under: all that decides it.
    struct Key: Hashable, Sendable {
        /// The chunk as it was stored, and the box of it.
        let chunk: SummaryKey
        /// How that box lies in the plane: planes of other axes have other tiles of the same elements.
        let axes: PlaneAxes
        let shape: PlaneShape
    }

    private struct State {
        var young: [Key: PlaneTile] = [:]
        var old: [Key: PlaneTile] = [:]
        var youngBytes = 0
    }

    private let generationBytes: Int
    private let state = Mutex(State())

    init(bytesMax: Int) {
        generationBytes = bytesMax / 2
    }

    /// Finds a tile.
    func tile(_ key: Key) -> PlaneTile? {
        state.withLock { state in
            if let tile = state.young[key] { return tile }
            guard let tile = state.old[key] else { return nil }
            insert(tile, key, &state)
            return tile
        }
    }

    /// Keeps a tile, if it is small beside the cache.
    func keep(_ tile: PlaneTile, _ key: Key) {
        guard tile.bytes <= generationBytes / 8 else { return }
        state.withLock { insert(tile, key, &$0) }
    }

    private func insert(_ tile: PlaneTile, _ key: Key, _ state: inout State) {
        if state.youngBytes + tile.bytes > generationBytes {
            state.old = state.young
            state.young = [:]
            state.youngBytes = 0
        }
        if state.young.updateValue(tile, forKey: key) == nil { state.youngBytes += tile.bytes }
    }
}
