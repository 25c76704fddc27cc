/// What a slab takes along the axis whose indices are listed: runs of neighbours, by chunk.
///
/// Invariants:
/// - Every listed index of the slab is in exactly one run.
/// - The chunks of the runs ascend, so the runs of one chunk are adjacent.
struct ListedRuns: Hashable, Sendable {
    /// Indices that lie in one chunk at equal distances, in the array and in the slab.
    struct Run: Hashable, Sendable {
        /// The chunk's coordinate along the axis.
        let chunk: Int
        /// The index in the array of the first.
        let element: Int
        /// The place of the first, counted from the slab's lower bound.
        let first: Int
        var count = 1
        /// The distance to the next in the array.
        var elementStep = 1
        /// The distance to the next in the slab.
        var placeStep = 1
    }

    let axis: Int
    let runs: [Run]
    /// How many chunks the runs lie in.
    let chunkCount: Int

    /// Finds the runs of a part of a list.
    ///
    /// - Parameters:
    ///   - list: The list.
    ///   - places: Which of its entries, within it.
    ///   - chunkExtent: The extent of a chunk along the axis.
    init(_ list: Selection.IndexList, places: Range<Int>, chunkExtent: Int) {
        axis = list.axis
        let indices = list.indices
        let ordered = places.sorted { left, right in
            let (one, other) = (indices[left] / chunkExtent, indices[right] / chunkExtent)
            return one == other ? left < right : one < other
        }
        var runs: [Run] = []
        var chunks = 0
        for place in ordered {
            let element = indices[place]
            let next = Run(
                chunk: element / chunkExtent,
                element: element,
                first: place - places.lowerBound
            )
            guard let last = runs.last, last.chunk == next.chunk else {
                runs.append(next)
                chunks += 1
                continue
            }
            if let longer = last.extended(by: next) {
                runs[runs.count - 1] = longer
            } else {
                runs.append(next)
            }
        }
        self.runs = runs
        chunkCount = chunks
    }

    /// The runs in one chunk; empty if there are none.
    func runs(inChunk chunk: Int) -> ArraySlice<Run> {
        let lower = partition { $0.chunk >= chunk }
        let upper = partition { $0.chunk > chunk }
        return runs[lower..<upper]
    }

    /// Whether a run has a successor in the same chunk.
    func isFollowedInChunk(_ run: Int) -> Bool {
        run + 1 < runs.count && runs[run + 1].chunk == runs[run].chunk
    }

    /// The first run for which a condition holds that holds for all that follow.
    private func partition(where condition: (Run) -> Bool) -> Int {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if condition(runs[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension ListedRuns.Run {
    /// The run with one more at its end, if that goes on at the same distances.
    fileprivate func extended(by next: Self) -> Self? {
        let elementDistance = next.element - (element + (count - 1) * elementStep)
        let placeDistance = next.first - (first + (count - 1) * placeStep)
        guard
            count == 1 || (elementDistance == elementStep && placeDistance == placeStep)
        else { return nil }
        var longer = self
        longer.count += 1
        longer.elementStep = elementDistance
        longer.placeStep = placeDistance
        return longer
    }
}
