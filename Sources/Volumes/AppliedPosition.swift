import StorageModel

/// How far an index has come in a log, as it or a snapshot of it says.
///
/// What lies before is in that index: a record there that cannot be read any more costs nothing but
/// its own payload, if that is damaged as well.
public struct AppliedPosition: Hashable, Sendable {
    /// The end of the last record that the index holds.
    public let position: LogPosition
    /// The checksum of that record, which hangs on all before it; `nil` if it is not known here, and is
    /// compared by who opens the index.
    public let chain: UInt64?

    /// Makes a value of its parts.
    public init(position: LogPosition, chain: UInt64?) {
        self.position = position
        self.chain = chain
    }
}

/// What becomes of damaged records in the last segment of a log when it is opened.
public enum DamagedRecords: Hashable, Sendable {
    /// The log is not opened: another copy may have them whole.
    case refused
    /// Those that an index holds are passed over, if the log goes on after them as that index says.
    case passed
}
