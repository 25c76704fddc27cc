/// The bounds of a store's queues and buffers.
public struct StoreLimits: Hashable, Sendable {
    /// Payloads up to this length travel in the log record; longer ones get a blob of their own.
    ///
    /// 128 KiB: an ext4 file costs two extra flushes (file and directory), which is worth it only
    /// when it is longer than what a shared flush writes anyway.
    public var inlineBytesMax = 131_072
    /// The longest object or part that one request may store, in bytes.
    ///
    /// Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits": a part has at most 5 GiB.
    public var payloadBytesMax: Int64 = 5_368_709_120
    /// The longest metadata file that recognition reads, in bytes; a longer one is unreadable.
    public var metadataBytesMax = 4_194_304
    /// Changes that may wait for the committer before writers wait asynchronously.
    public var queuedChangesMax = 1024
    /// Payload bytes that may wait for the committer before writers wait asynchronously.
    public var queuedBytesMax = 33_554_432
    /// Writers that may wait asynchronously; further ones are told ``StoreError/overloaded``.
    public var waitingWritersMax = 16_384
    /// Changes in one group commit.
    public var batchChangesMax = 512
    /// Payload bytes in one group commit.
    public var batchBytesMax = 16_777_216
    /// Bytes that a payload being staged gathers before they are written to its blob.
    public var stageBufferBytes = 524_288
    /// Threads for disk work.
    public var diskThreads = 4
    /// Disk jobs that may wait for a thread.
    public var queuedDiskJobsMax = 4096
    /// Keys that one multi-delete change may name.
    public var deletedKeysMax = 1000

    /// Makes the default limits.
    public init() {}
}
