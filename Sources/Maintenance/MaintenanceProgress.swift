/// How far maintenance has come.
public struct MaintenanceProgress: Hashable, Sendable {
    /// What is done now.
    public enum Stage: String, Hashable, Sendable {
        /// The log is read.
        case log
        /// The index is compared with the log.
        case index
        /// The rows of the index are read.
        case rows
        /// Snapshots of the index are read.
        case snapshots
        /// Blobs are read or copied.
        case blobs
    }

    /// What is done now.
    public var stage: Stage
    /// How many records, rows or blobs of the stage were done.
    public var items: Int64
    /// How many bytes of the stage were done.
    public var bytes: Int64
    /// How many bytes the stage has in all; 0 where that is not known.
    public var totalBytes: Int64

    /// Makes a report of its values.
    public init(stage: Stage, items: Int64 = 0, bytes: Int64 = 0, totalBytes: Int64 = 0) {
        self.stage = stage
        self.items = items
        self.bytes = bytes
        self.totalBytes = totalBytes
    }
}

/// Takes reports of progress; called on the working thread, often, so it must be quick.
public typealias ProgressVisitor = (MaintenanceProgress) -> Void
