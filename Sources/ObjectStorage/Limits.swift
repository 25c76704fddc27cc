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
    /// Changes that may wait for the committer; further writers are told ``StoreError/overloaded``.
    public var queuedChangesMax = 16_384
    /// Payload bytes that may wait for the committer.
    public var queuedBytesMax = 134_217_728
    /// Changes in one group commit.
    public var batchChangesMax = 512
    /// Payload bytes of light changes in one group commit.
    public var batchBytesMax = 16_777_216
    /// Changes with more payload bytes, or keys, are heavy: they leave light ones the way.
    public var lightBytesMax = 65_536
    /// Changes of more keys are heavy.
    public var lightKeysMax = 8
    /// Payload bytes of heavy changes in one group commit, unless it is a single one: some
    /// milliseconds of a disk's time.
    public var batchHeavyBytesMax = 8_388_608
    /// Keys of heavy changes in one group commit, unless it is a single one: about ten milliseconds
    /// of the index's time.
    public var batchHeavyKeysMax = 1000
    /// Bytes that a payload being staged gathers before they are written to its blob.
    public var stageBufferBytes = 524_288
    /// A segment of the log takes no further batch when it would become longer than this, in bytes.
    public var logSegmentBytesMax: Int64 = 268_435_456
    /// Free room on the disk that objects leave, in bytes, or a sixteenth of a smaller disk: deletes
    /// and the index must find some, or a full disk could never be emptied.
    public var reservedBytes: Int64 = 67_108_864
    /// How many parents a version's line may have above it: each costs a look-up that misses a microsecond.
    public var forkDepthMax = 1000
    /// The length of a file that keeps room for deletions in each folder, in bytes, or a 128th of a
    /// smaller disk; see ``DiskReserve``.
    public var deletionReserveBytes: Int64 = 8_388_608
    /// Threads for disk work.
    public var diskThreads = 4
    /// Changes in one transaction while the log is replayed.
    public var replayBatchMax = 2048
    /// Changes after which pages of the index's own log are moved into its database.
    public var checkpointChanges = 8192
    /// Keys that one multi-delete change may name.
    public var deletedKeysMax = 1000
    /// Keys that one change may write or delete together: a tenth of a second of the index's time.
    public var batchedKeysMax = 16_384
    /// Bytes of payloads that travel in the record of a change of many objects; what is more goes to
    /// blobs.
    public var batchedInlineBytesMax = 8_388_608
    /// The longest payload that does, in bytes: the one flush of the log is worth more to a write of few
    /// chunks than what cleaning costs later.
    public var batchedInlinePayloadBytesMax = 1_048_576
    /// Blobs of one batch that are written before they are flushed together; each holds a file open.
    public var unflushedBlobsMax = 32
    /// The length at which a blob of several short payloads is ended, in bytes: what one of them that
    /// is left keeps of the disk at most.
    public var packBytesMax: Int64 = 2_097_152

    /// Milliseconds between two flushes of the log where changes are acknowledged before; 0 flushes
    /// only what must be.
    public var flushIntervalMilliseconds = 1000

    /// Seconds between two looks for room that could be given back; 0 looks only when asked to.
    public var reclaimIntervalSeconds = 60
    /// Seconds after which an upload that was never completed is aborted; 0 keeps all.
    public var uploadExpirySeconds: Int64 = 604_800
    /// Seconds after which a draft that was neither committed nor discarded is discarded.
    public var draftExpirySeconds: Int64 = 604_800
    /// Rows that one change sweeps: some milliseconds of the index's time.
    public var sweptRowsMax = 512
    /// Keys of a draft that its commit moves into its version, while nobody else commits: some thirty
    /// milliseconds; with more, its line takes the place of the version's.
    public var movedDraftKeysMax = 1024
    /// Keys of two versions that are compared.
    public var comparedKeysMax = 100_000
    /// Seconds between two looks for such uploads, for drafts that expired, and for commits that are
    /// kept no longer.
    public var uploadExpiryIntervalSeconds = 3600
    /// Dead bytes that the log may always hold, in bytes.
    public var deadBytesMin: Int64 = 67_108_864
    /// Dead bytes that the log may hold beside what is live in it, in hundredths of that.
    public var deadPercentMax: Int64 = 10
    /// Dead bytes for which the segment that takes records is ended early, in bytes.
    public var sealedDeadBytesMin: Int64 = 16_777_216
    /// Bytes of log after which the index is copied into the volume; no fewer than the index has.
    public var snapshotLogBytes: Int64 = 268_435_456
    /// The unit in which dead ranges of a segment are given back, in bytes; that of most disks.
    public var punchBlockBytes: Int64 = 4096
    /// Rows that one question of a walk over the index looks at.
    public var walkedRowsMax = 4096
    /// Runs of payload bytes that one change moves.
    public var relocatedRowsMax = 128
    /// Payload bytes that one change moves, a run more at most.
    public var relocatedBytesMax: Int64 = 524_288
    /// Runs that a pass of cleaning remembers, some hundred bytes each.
    public var cleanedExtentsMax: Int64 = 262_144
    /// Changes of clients that wait for the committer before background work lets them pass.
    public var backgroundWaitingMax = 64

    /// Makes the default limits.
    public init() {}
}
