import ArrayCodecs
import ObjectStorage

/// Why elements of an array cannot be read.
public enum ArrayReadError: Error, Hashable, Sendable {
    /// The elements have a type that has no numbers or bytes of fixed length, or are too long.
    case dataTypeNotSliceable(String)
    /// The array's chunks cannot be decoded by this server; says which codec.
    case notDecodable(ArrayCodecError)
    /// A chunk cannot be decoded; `key` is in the array's line.
    case chunkUnreadable(key: String, ArrayCodecError)
    /// A chunk was replaced again and again while it was read; try again.
    case chunkUnstable(key: String)
    /// A statistic that has no meaning for the data type.
    case statisticUnsupported(String, dataType: String)
    /// A statistic that these elements do not have; the sentence says why.
    case statisticUndefined(StatisticObstacle)
    /// The storage engine failed.
    case store(StoreError)
    /// The task that asked was cancelled.
    case cancelled
    /// The server is shutting down.
    case shutDown
}

/// Why elements have no statistic.
public enum StatisticObstacle: Hashable, Sendable {
    /// The extrema of no elements.
    case noElements
    /// A range that is not given, of elements that are not finite.
    case rangeNotFinite
    /// Bins of a histogram that are narrower than the distance of doubles.
    case binsTooNarrow(bins: Int)
    /// More cells of a result than there is room for.
    case tooManyCells(limit: Int)
    /// Writers changed the elements between two passes over them.
    case changing
}
