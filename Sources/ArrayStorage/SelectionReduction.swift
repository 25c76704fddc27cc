import ArrayModel
import ObjectStorage
import StorageModel

/// The computation of statistics over a selection, chunk by chunk.
///
/// What is computed of a whole chunk is kept, and asked for before a chunk is read.
struct SelectionReduction: Sendable {
    private let pass: ChunkPass
    private let elements: Int
    private let wanted: SummaryParts
    private let empty: Reduction
    private let keys: SummaryKeys
    private let gathering: PieceGathering

    /// What was taken in, and from how many chunks.
    struct Result: Sendable {
        var reduction: Reduction
        var chunksRead = 0
        var chunksKnown = 0
        /// What is new of whole chunks.
        fileprivate var news: [SummaryStore.Item] = []
    }

    /// Prepares a computation.
    ///
    /// - Throws: ``ArrayReadError/dataTypeNotSliceable(_:)``.
    init(
        _ array: StoredArray,
        _ selection: Selection,
        parts: SummaryParts,
        engine: ReadEngine
    ) throws(ArrayReadError) {
        pass = ChunkPass(array, selection, engine: engine)
        wanted = parts
        elements = selection.elementCount
        empty = try Reduction(array.metadata.dataType, parts: parts)
        keys = SummaryKeys(array)
        gathering = PieceGathering(itemBytes: array.itemBytes)
    }

    /// Computes the statistics.
    ///
    /// - Throws: ``ArrayReadError``, any case.
    func result() async throws(ArrayReadError) -> Result {
        var total = Result(reduction: empty)
        let summaries = pass.engine.summaries
        var news: [SummaryStore.Item] = []
        try await pass.run(
            empty: total,
            merge: { part in
                total.reduction.merge(part.reduction)
                total.chunksRead += part.chunksRead
                total.chunksKnown += part.chunksKnown
                news += part.news
            },
            visit: { chunk, entry, part throws(ArrayReadError) in
                try visit(chunk, entry, &part)
            }
        )
        // What no stored chunk holds is the fill value, however much that is.
        total.reduction.add(
            pass.array.metadata.fillValue.bytes,
            repeated: elements - total.reduction.count
        )
        if !news.isEmpty {
            let kept = news
            _ = try await pass.engine.blocking { () throws(ArrayReadError) -> Void in
                summaries.persist(kept)
            }
        }
        return total
    }

    private func visit(
        _ chunk: ChunkSnapshot.Chunk,
        _ entry: ObjectEntry,
        _ part: inout Result
    ) throws(ArrayReadError) {
        let summaries = pass.engine.summaries
        let wholeCounts = keys.wholeCounts(of: chunk.pieces)
        var found = empty
        if let wholeCounts,
            let known = summaries.find(keys.key(chunk.key, entry, wholeCounts), like: empty)
        {
            guard !known.parts.isSuperset(of: wanted) else {
                part.chunksKnown += 1
                part.reduction.merge(known)
                return
            }
            // What is kept next knows no less than what is kept now.
            found = try Reduction(pass.array.metadata.dataType, parts: wanted.union(known.parts))
        }
        var present: ObjectEntry?
        try pass.withBytes(of: chunk, entry) { bytes, entry in
            for piece in chunk.pieces {
                gathering.with(piece, of: bytes) { items, count in
                    found.add(items, count: count)
                }
            }
            present = entry
        }
        guard let present else { return }
        part.chunksRead += 1
        part.reduction.merge(found)
        guard let wholeCounts else { return }
        let item = SummaryStore.Item(
            key: keys.key(chunk.key, present, wholeCounts),
            reduction: found
        )
        summaries.keep(item)
        part.news.append(item)
    }
}

extension ArrayReader {
    /// Computes statistics of a selection without holding it in memory.
    ///
    /// Time is in proportion to the stored chunks that the selection touches and of which nothing is
    /// known; chunks that are not stored count through the fill value, however many they are.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - selection: What to reduce; made for the array's shape.
    ///   - statistics: Which statistics.
    ///   - options: How they are computed.
    /// - Returns: A value for each of them.
    /// - Throws: ``ArrayReadError``, any case.
    public func statistics(
        _ array: ResolvedArray,
        _ selection: Selection,
        _ statistics: Set<Statistic>,
        _ options: StatisticOptions = StatisticOptions()
    ) async throws(ArrayReadError) -> ArrayStatistics {
        try Self.check(statistics, array)
        let reduction = try SelectionReduction(
            try StoredArray(array, limits: engine.limits),
            selection,
            parts: SummaryParts(statistics.map(\.parts)),
            engine: engine
        )
        let result = try await reduction.result()
        var values: [Statistic: StatisticValue] = [:]
        for statistic in statistics {
            values[statistic] = result.reduction.value(statistic, options)
        }
        return ArrayStatistics(
            count: selection.elementCount,
            values: values,
            chunksRead: result.chunksRead,
            chunksKnown: result.chunksKnown
        )
    }

    /// Makes sure that the elements have the statistics that are asked for.
    static func check(
        _ statistics: Set<Statistic>,
        _ array: ResolvedArray
    ) throws(ArrayReadError) {
        let dataType = array.metadata.dataType
        for statistic in statistics where !statistic.isDefined(for: dataType) {
            throw .statisticUnsupported(statistic.rawValue, dataType: dataType.name)
        }
    }
}
