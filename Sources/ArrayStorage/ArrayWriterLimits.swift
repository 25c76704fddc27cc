/// The bounds on what writing arrays keeps in memory and does at once.
public struct ArrayWriterLimits: Sendable {
    /// The most bytes of elements that one write takes.
    public var regionBytesMax = 256 << 20
    /// The elements of all writes under way together; who comes when they are all taken waits.
    public var regionsBytesMax = 512 << 20
    /// What of it is kept for small writes, so that large ones never stand in their way, in bytes.
    public var smallRegionsBytesMax = 64 << 20
    /// The most bytes of elements of a small write.
    public var smallRegionBytesMax = 4 << 20
    /// What is known of the chunks of all writes under way, and staged for them in memory, in bytes; who comes
    /// when it is all taken waits.
    public var plansBytesMax = 256 << 20
    /// What of it is kept for writes of few or small chunks, in bytes.
    public var smallPlansBytesMax = 64 << 20
    /// The most that such a write takes of it, in bytes.
    public var smallPlanBytesMax = 8 << 20
    /// The chunks that one write changes at once; the engine's bound for one change, less some room
    /// for metadata.
    public var chunksMax = 16_000
    /// The decoded bytes of all chunks that one write changes: some seconds of work.
    public var chunkBytesMax = 16 << 30
    /// Writes that may wait for memory or for chunks that others write.
    public var waitingMax = 4096
    /// How often a write begins anew because another writer, which takes no locks, was faster.
    public var attemptsMax = 16
    /// Keys that one question for the keys of an array gives.
    public var listedKeysMax = 1000

    /// Makes the default limits.
    public init() {}
}
