import StorageModel

/// A segment of the log that takes no more records.
public struct LogSegment: Hashable, Sendable {
    /// The address of its first byte.
    public let first: LogPosition
    /// The address after its last record, where the next segment began.
    public let end: LogPosition

    /// Makes a segment of its bounds.
    public init(first: LogPosition, end: LogPosition) {
        precondition(first <= end, "a segment ends after it began")
        self.first = first
        self.end = end
    }

    /// How many bytes of the log it is, its header included.
    public var lengthBytes: Int64 { end.bytes - first.bytes }
}
