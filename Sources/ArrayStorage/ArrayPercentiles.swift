import ArrayModel

extension ArrayReader {
    /// Finds percentiles of a selection: exactly, whatever its size.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - selection: What to look at; made for the array's shape.
    ///   - percents: Which percentiles, each from 0 to 100.
    ///   - nan: Whether NaN is skipped, or makes all of them NaN.
    /// - Returns: A value for each, NaN of no elements; between two elements in proportion.
    /// - Throws: ``ArrayReadError``, any case; ``ArrayReadError/statisticUndefined(_:)`` if the elements
    ///   change between two passes over them.
    ///
    /// Source: NumPy reference, `numpy.percentile`, method `linear`.
    public func percentiles(
        _ array: ResolvedArray,
        _ selection: Selection,
        _ percents: [Double],
        nan: StatisticOptions.NaNPolicy
    ) async throws(ArrayReadError) -> [Double] {
        let stored = try StoredArray(array, limits: engine.limits)
        let pass = try ElementPass(stored, selection, engine: engine, for: "percentile")
        let counted = try await statistics(
            array,
            selection,
            [.count, .nanCount],
            StatisticOptions(nan: .skip)
        )
        guard case .integer(let counts) = counted.values[.count] ?? .integer(0) else {
            throw .statisticUndefined(.changing)
        }
        let count = Int(clamping: counts)
        let nanCount = counted.values[.nanCount]?.double ?? 0
        guard count > 0, nanCount == 0 || nan == .skip else {
            return percents.map { _ in .nan }
        }
        let places = PercentilePlaces(percents: percents)
        let search = RankSearch(pass: pass, itemBits: stored.itemBytes * 8)
        let keys = try await search.keys(at: places.ranks(of: count))
        let order = ElementOrder(dataType: stored.metadata.dataType, kind: pass.kind)
        guard let values = places.values(of: count, in: order, key: { keys[$0] }) else {
            throw .statisticUndefined(.changing)
        }
        return values
    }
}
