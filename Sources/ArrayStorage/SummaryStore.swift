import Synchronization

/// What was computed of whole chunks, in memory and, if there is a file, over a restart.
///
/// A chunk that is written again has another key, so nothing here is ever out of date. Two generations
/// of half the bound each: what was used since the last turn survives the next one.
///
/// State: guarded by `state`.
final class SummaryStore: Sendable {
    /// A summary and what it is kept under.
    struct Item: Sendable {
        let key: SummaryKey
        let reduction: Reduction
    }

    private struct State {
        var young: [SummaryKey: Reduction] = [:]
        var old: [SummaryKey: Reduction] = [:]
        var isLoaded = false
    }

    private let file: SummaryFile?
    private let generationMax: Int
    private let state = Mutex(State())

    init(file: SummaryFile?, entriesMax: Int) {
        self.file = file
        generationMax = max(entriesMax / 2, 1)
    }

    /// Finds what is kept of a chunk; reads the file the first time, so it may block.
    ///
    /// - Parameters:
    ///   - key: The chunk's.
    ///   - model: A reduction of elements of the same type.
    /// - Returns: A reduction that can be merged into the model.
    func find(_ key: SummaryKey, like model: Reduction) -> Reduction? {
        load()
        return state.withLock { state in
            guard let found = state.young[key] ?? state.old[key], found.isLike(model) else {
                return nil
            }
            if state.young[key] == nil { insert(Item(key: key, reduction: found), &state) }
            return found
        }
    }

    /// Keeps what was computed of a chunk, in memory.
    func keep(_ item: Item) {
        state.withLock { insert(item, &$0) }
    }

    /// Writes items that were kept to the file; blocks.
    ///
    /// A failure loses nothing that cannot be computed again.
    func persist(_ items: [Item]) {
        guard let file else { return }
        if file.append(items) { return }
        let all = state.withLock { state in
            state.old.merging(state.young) { $1 }.map { Item(key: $0.key, reduction: $0.value) }
        }
        file.replace(with: all)
    }

    private func load() {
        guard let file, !state.withLock({ $0.isLoaded }) else { return }
        let items = file.load(itemsMax: generationMax * 2)
        state.withLock { state in
            guard !state.isLoaded else { return }
            state.isLoaded = true
            for item in items { insert(item, &state) }
        }
    }

    private func insert(_ item: Item, _ state: inout State) {
        if state.young.count >= generationMax {
            state.old = state.young
            state.young = [:]
        }
        state.young[item.key] = item.reduction
    }
}
