import StorageFormats
import StorageModel

/// What a volume holds of the log.
public enum LogHolding: Hashable, Sendable {
    /// All of it; a new volume begins one.
    case whole
    /// Nothing that counts: the volume is there for payloads, or its log is behind and is replaced.
    case none
}

/// What a volume is opened with.
public struct VolumeConfiguration: Sendable {
    /// The Nave that the volume must belong to; `nil` takes what the label says, and draws a new
    /// one for a new volume.
    public var naveID: UniqueID?
    /// The identifier that log and blobs carry; `nil` takes the volume's own, as on the volume that a
    /// Nave began with.
    public var originID: UniqueID?
    /// What the volume holds of the log.
    public var logHolding: LogHolding
    /// When a new volume is made.
    public var now: WallTime
    /// A position in the log that is known to have been flushed, by what the index says.
    ///
    /// A log that ends before it is damaged and is left as it is.
    public var flushed: LogPosition
    /// How far the index has come, by what it says; `nil` if there is none of this log.
    public var applied: AppliedPosition?
    /// What becomes of damaged records at the end of the log.
    public var damagedRecords: DamagedRecords
    /// A segment of the log takes no further batch when it would become longer than this, in bytes.
    public var segmentBytesMax: Int64
    /// How many blob files are kept open for reading.
    public var openBlobsMax: Int
    /// How many bytes the checksum tables of open blob files may take together.
    public var checksumTableBytesMax: Int
    /// Draws the numbers of blobs and of new volumes.
    public var random: @Sendable () -> UInt64

    /// Makes a configuration.
    public init(
        now: WallTime,
        naveID: UniqueID? = nil,
        originID: UniqueID? = nil,
        logHolding: LogHolding = .whole,
        flushed: LogPosition = LogPosition(0),
        applied: AppliedPosition? = nil,
        damagedRecords: DamagedRecords = .passed,
        segmentBytesMax: Int64 = 256 << 20,
        openBlobsMax: Int = 512,
        checksumTableBytesMax: Int = 32 << 20,
        random: @escaping @Sendable () -> UInt64 = {
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        }
    ) {
        self.now = now
        self.naveID = naveID
        self.originID = originID
        self.logHolding = logHolding
        self.flushed = flushed
        self.applied = applied
        self.damagedRecords = damagedRecords
        self.segmentBytesMax = segmentBytesMax
        self.openBlobsMax = openBlobsMax
        self.checksumTableBytesMax = checksumTableBytesMax
        self.random = random
    }
}
