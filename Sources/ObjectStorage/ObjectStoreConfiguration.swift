import StorageModel
import Volumes

/// What a store is opened with.
public struct ObjectStoreConfiguration: Sendable {
    /// The directories of the volumes, at least one; made if they do not exist.
    public var volumeDirectories: [String]
    /// On how many volumes everything is kept; `nil` takes what was said last, or 1.
    public var copies: Int?
    /// When a change is durable that was acknowledged.
    public var durability: Durability
    /// The directory of the index; made if it does not exist.
    ///
    /// Always on the real file system.
    public var indexDirectory: String
    /// Where the index goes if the disk of ``indexDirectory`` fails, in this order.
    ///
    /// An index that has come further is used where it is, whichever of the directories that is.
    public var spareIndexDirectories: [String] = []
    /// The principal whose keys come from the configuration rather than the log.
    public var root: Principal?
    /// The bounds of queues and buffers.
    public var limits: StoreLimits
    /// Where damage is listed that reads run into.
    public var ledger: DamageLedger
    /// Tells the time of changes.
    public var clock: @Sendable () -> WallTime
    /// Draws the numbers of blobs, of uploads and of a new volume.
    public var random: @Sendable () -> UInt64
    /// On whose time the store works in the background.
    package var scheduling = StoreScheduling.threads

    /// Makes a configuration of its parts.
    public init(
        volumeDirectories: [String],
        copies: Int? = nil,
        durability: Durability = .strict,
        indexDirectory: String,
        root: Principal? = nil,
        limits: StoreLimits = StoreLimits(),
        ledger: DamageLedger = DamageLedger(),
        clock: @escaping @Sendable () -> WallTime,
        random: @escaping @Sendable () -> UInt64 = {
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        }
    ) {
        precondition(!volumeDirectories.isEmpty, "a store has a volume")
        self.volumeDirectories = volumeDirectories
        self.copies = copies
        self.durability = durability
        self.indexDirectory = indexDirectory
        self.root = root
        self.limits = limits
        self.ledger = ledger
        self.clock = clock
        self.random = random
    }
}
