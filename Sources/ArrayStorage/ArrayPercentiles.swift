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
        let places = percents.map { $0 / 100 * Double(count - 1) }
        var ranks: Set<Int> = []
        for place in places {
            let lower = Self.rank(below: place, last: count - 1)
            ranks.formUnion([lower, min(lower + 1, count - 1)])
        }
        let search = RankSearch(pass: pass, itemBits: stored.itemBytes * 8)
        let keys = try await search.keys(at: ranks.sorted())
        return try places.map { (place) throws(ArrayReadError) -> Double in
            let lower = Self.rank(below: place, last: count - 1)
            guard let first = keys[lower], let second = keys[min(lower + 1, count - 1)] else {
                throw .statisticUndefined(.changing)
            }
            let low = Self.value(first, stored.metadata.dataType)
            let high = Self.value(second, stored.metadata.dataType)
            let share = place - Double(lower)
            if low == high { return low }
            // NumPy's own interpolation, which never passes the nearer end.
            return share < 0.5
                ? low + (high - low) * share : high - (high - low) * (1 - share)
        }
    }

    /// The rank that a place comes after, at most the last one; a place may be as large as the double
    /// nearest to the last rank, which is no `Int` for the largest.
    static func rank(below place: Double, last: Int) -> Int {
        place >= Double(last) ? last : min(Int(place), last)
    }

    /// The value of an element by its ordered key.
    private static func value(_ key: UInt64, _ dataType: DataType) -> Double {
        func floatBits(_ bits: Int) -> UInt64 {
            let sign = UInt64(1) << UInt64(bits - 1)
            let mask = bits == 64 ? UInt64.max : (UInt64(1) << UInt64(bits)) - 1
            return key & sign != 0 ? key ^ sign : ~key & mask
        }
        switch dataType {
        case .int8: return Double(Int(key) - 0x80)
        case .int16: return Double(Int(key) - 0x8000)
        case .int32: return Double(Int(key) - 0x8000_0000)
        case .int64: return Double(Int64(bitPattern: key ^ (1 << 63)))
        case .float16: return HalfPrecision.value(UInt16(truncatingIfNeeded: floatBits(16)))
        case .bfloat16:
            return Double(Float(bitPattern: UInt32(truncatingIfNeeded: floatBits(16)) << 16))
        case .float32:
            return Double(Float(bitPattern: UInt32(truncatingIfNeeded: floatBits(32))))
        case .float64: return Double(bitPattern: floatBits(64))
        default: return Double(key)
        }
    }
}
