/// Whether a read may wait for the disk.
public enum ReadMode: Hashable, Sendable {
    /// Only what the page cache holds, of files that are open: never waits for the disk, so that it
    /// may be called on an event loop.
    case cachedOnly
    /// Waits for the disk; for threads that may.
    case mayWait
}

/// What became of a read.
public enum ReadOutcome: Hashable, Sendable {
    /// The whole range is in the buffer, verified.
    case complete
    /// Part of it would need the disk; the buffer's bytes mean nothing.
    case wouldBlock
}
