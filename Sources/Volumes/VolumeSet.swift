import DiskIO
import StorageFormats
import StorageModel
import Synchronization

/// The volumes of a Nave: one log kept alike on some of them, and payloads spread over all.
///
/// Everything is kept on `copies` volumes. The log lies, byte for byte the same, on so many of them;
/// a blob goes to those with the most room. A volume that fails is taken out: that is written down on
/// the others before anything further is acknowledged, and as long as one copy is left nothing stops.
/// Reads that find a copy damaged take another and write the damaged one anew.
///
/// Every method may wait for the disk unless it says otherwise; call them from threads that may. All
/// of them may be called from any number of threads; appends go one after the other.
///
/// State: who holds the log and what the volumes were told, guarded by `standing`; the order of
/// appends by `appending`, which is taken first; whether the log may be cleaned, by `copyingLog`; how
/// far it is flushed by `flushed`, which is taken last, and one flush at a time by `flushing`, which is
/// taken before all of them; which blobs are unsettled has a lock of its own, taken under any other.
public final class VolumeSet: Sendable {
    struct Standing {
        /// Nil for a lone volume that was never one of several.
        var membership: VolumeMembership?
        /// The volumes that hold the whole log, as members; at least one.
        var logHolders: [VolumeMember]
        /// Blobs that may have fewer copies than wanted, whether or not a census knows them yet.
        var thin: Set<BlobID> = []
        /// Whether any blob may have fewer copies than wanted, so that all are to be looked through.
        var isCensusWanted = false
    }

    /// The identifier that log and blobs carry.
    public let originID: UniqueID
    /// The Nave that the volumes belong to.
    public let naveID: UniqueID
    /// On how many volumes everything is kept.
    public let copies: Int

    /// When a batch is durable that was appended.
    public let durability: Durability

    let members: [VolumeMember]
    let threads: VolumeThreads
    let standing: Mutex<Standing>
    let unsettled = UnsettledBlobs()
    let appending = Mutex(())
    let flushing = Mutex(())
    /// How far the log is flushed; of use with ``Durability/relaxed`` alone.
    let flushed: Mutex<LogFlushState>
    /// Whether the log is being copied to a further volume; held while something is taken out of it.
    let copyingLog = Mutex(false)
    let onEvent: @Sendable (VolumeEvent) -> Void
    let random: @Sendable () -> UInt64

    /// Blobs found with too few copies that are remembered; beyond it all are looked through.
    static let thinBlobsMax = 4096

    /// Opens the volumes of some directories; makes those that are missing or empty.
    ///
    /// - Parameters:
    ///   - locations: At least one, at most ``VolumeMembership/membersMax``.
    ///   - configuration: What they must be, and their bounds.
    /// - Returns: The set; its volumes are locked until it is closed or goes away.
    /// - Throws: ``VolumeError``: as ``Volume/open(directory:fileSystem:_:)``, and
    ///   `.membershipInvalid`, `.membershipSplit`, `.volumeForgotten`, `.logUnavailable`,
    ///   `.copiesInvalid`.
    public static func open(
        _ locations: [VolumeLocation],
        _ configuration: VolumeSetConfiguration
    ) throws(VolumeError) -> VolumeSet {
        let opening = VolumeSetOpening(locations: locations, configuration: configuration)
        let opened = try opening.open()
        let set = VolumeSet(opened, configuration)
        try set.settle(givenCopies: configuration.copies, isWritten: opened.isWritten)
        return set
    }

    private init(_ opened: VolumeSetOpening.Opened, _ configuration: VolumeSetConfiguration) {
        originID = opened.originID
        naveID = opened.naveID
        copies = opened.copies
        durability = configuration.durability
        members = opened.members
        threads = opened.threads
        onEvent = configuration.onEvent
        random = configuration.volume.random
        // What opening finds in the log, it flushes.
        let end = opened.logHolders.first?.volume?.logEnd ?? LogPosition(0)
        flushed = Mutex(LogFlushState(position: end))
        standing = Mutex(
            Standing(membership: opened.membership, logHolders: opened.logHolders)
        )
    }

    /// The only volume, if there never was another: then nothing has to be chosen or told.
    var single: Volume? {
        members.count == 1 ? members[0].volume : nil
    }

    /// The volumes that hold the log.
    package var logVolumes: [Volume] {
        standing.withLock { $0.logHolders.compactMap(\.volume) }
    }

    /// The volumes that can be read.
    package var readable: [Volume] { members.compactMap(\.volume) }

    // MARK: - What is known

    /// The first address that the log still holds, on any volume.
    ///
    /// Never waits.
    public var logStart: LogPosition { logVolumes.map(\.logStart).min() ?? LogPosition(0) }

    /// The address after the last record.
    ///
    /// Never waits.
    public var logEnd: LogPosition { logVolumes.first?.logEnd ?? LogPosition(0) }

    /// Whether changes are taken: they are until no volume is left that holds the log and can write.
    ///
    /// Never waits.
    public var isWritable: Bool { logVolumes.contains { $0.isWritable } }

    /// How each volume does, but for those that were forgotten.
    ///
    /// Waits for no disk unless the room on it is asked for.
    public func reports(_ detail: VolumeReport.Detail) -> [VolumeReport] {
        let (membership, holders) = standing.withLock { ($0.membership, $0.logHolders.map(\.id)) }
        let counted = members.filter { membership?.contains($0.id) ?? true }
        return counted.map { member in
            let condition: VolumeReport.Condition =
                if let failure = member.whyFailed {
                    .failed(failure)
                } else if let volume = member.volume {
                    if !volume.isWritable {
                        .failed(.volumeFailed)
                    } else if member.readFailures.areTooMany {
                        .failing
                    } else if membership?.behind.contains(member.id) == true {
                        .behind
                    } else {
                        .current
                    }
                } else {
                    .missing
                }
            return VolumeReport(
                id: member.id,
                directory: member.directory,
                condition: condition,
                holdsLog: holders.contains(member.id),
                readFailures: member.readFailures.count,
                space: detail == .withSpace ? (try? member.volume?.space()) : nil
            )
        }
    }

    /// How many volumes hold the whole log and take writes.
    ///
    /// Never waits.
    public var logCopies: Int { logVolumes.count { $0.isWritable } }

    /// Whether payloads may be on fewer volumes than ``copies``, as is written down.
    ///
    /// Never waits.
    public var isThin: Bool {
        copies > 1 && standing.withLock { $0.membership?.isThin ?? false }
    }

    /// The room that is left for one more payload and the log's word of it: that of the fullest disk
    /// that would have to take a part.
    public func space() throws(VolumeError) -> DiskSpace {
        if let single { return try single.space() }
        var log: [DiskSpace] = []
        for volume in logVolumes where volume.isWritable { log.append(try volume.space()) }
        var payload: [DiskSpace] = []
        for volume in members.compactMap(\.writable) {
            if let space = try? volume.space() { payload.append(space) }
        }
        payload.sort { $0.availableBytes > $1.availableBytes }
        let needed = log + payload.prefix(copies)
        guard let least = needed.min(by: { $0.availableBytes < $1.availableBytes }) else {
            throw .volumeFailed
        }
        return least
    }

    /// Marks the end of the log as flushed on every volume, refuses further writes, and gives up the
    /// locks.
    ///
    /// Reads go on. A second call does nothing.
    ///
    /// - Throws: The first failure; all volumes are closed all the same.
    public func close() throws(VolumeError) {
        var failure: VolumeError?
        // All are flushed before any of them says so.
        do throws(VolumeError) { try flush() } catch .closed {} catch { failure = error }
        appending.withLock { _ in
            for volume in readable {
                do throws(VolumeError) { try volume.close() } catch { failure = failure ?? error }
            }
        }
        if let failure { throw failure }
    }
}
