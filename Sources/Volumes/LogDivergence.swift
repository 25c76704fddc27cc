import DiskIO
import StorageFormats
import StorageModel

/// What a volume whose log does not count has in it that the log which counts has not.
///
/// Such a log is replaced when the log is copied to its volume, and blobs that only its records name are
/// removed. So it must hold nothing that was acknowledged. A volume that was away, or failed, has changes
/// that the others have as well, and at most what a crash left: changes of which no record says that
/// they were flushed on every volume. An older copy of a volume, or one that was restored from a
/// backup, comes after the list of a volume that went on from there; of that one some record tells.
/// Normative text: `docs/formats/members.md`.
struct LogDivergence {
    /// The end of the first change that the log which counts has not; nil if it has all.
    private var lacking: LogPosition?
    /// The address before which all had been flushed on every volume that held the log, by what any
    /// record says.
    private var flushed = LogPosition(0)

    /// Refuses volumes of whose log something acknowledged would be lost.
    ///
    /// - Parameters:
    ///   - members: All volumes that are there; those that hold the log that counts are passed over.
    ///   - membership: The list that counts. Of a volume that it does not know, every change must be
    ///     in the log that counts.
    ///   - counted: A volume with that log.
    /// - Throws: `.membershipSplit`; `.readFailed` if the log that counts cannot be read.
    static func refuse(
        among members: [VolumeMember],
        knownTo membership: VolumeMembership,
        beside counted: VolumeMember
    ) throws(VolumeError) {
        guard let source = counted.volume else { return }
        for member in members {
            guard let volume = member.volume, volume.logTip == nil else { continue }
            do throws(VolumeError) {
                let isKnown = membership.contains(member.id)
                let found = try LogDivergence(of: volume.audit, beside: source, isKnown)
                guard let lacking = found.lacking else { continue }
                // The rest of a crash nobody was told of.
                if isKnown, found.flushed < lacking { continue }
            } catch .readFailed(let error) where error.path.hasPrefix(member.directory + "/") {
                // What its disk does not read nobody could have of it.
                continue
            }
            throw .membershipSplit(directory: member.directory, other: counted.directory)
        }
    }

    /// Compares a log with the one that counts.
    ///
    /// Checksums hang on all records before, so that two logs are the same up to the last record that
    /// both have. Only metadata is read, mostly of one segment.
    ///
    /// - Parameters:
    ///   - left: The volume whose log does not count.
    ///   - source: One whose log does.
    ///   - isKnown: Whether the list that counts knows the volume: then records pass for common where
    ///     cleaning took those of the log that counts, so that nothing can be told.
    /// - Throws: `.readFailed`.
    private init(
        of left: VolumeAudit,
        beside source: Volume,
        _ isKnown: Bool
    ) throws(VolumeError) {
        let segments = try left.segments()
        var start = try Self.lastShared(of: segments, left, source.audit)
        if isKnown { start = max(start, source.logStart) }
        let first = segments.last { $0.first <= start }?.first ?? LogPosition(0)
        var log = try left.log(from: first)
        var other = Comparison(try source.audit.log(from: first, to: source.logEnd), of: source)
        while let step = try log.next() {
            guard case .record(let record) = step, let chain = log.chain else { continue }
            flushed = max(flushed, record.durablePosition)
            if try other.has(chain, at: log.position) ?? isKnown {
                lacking = nil
            } else if record.change != nil {
                lacking = lacking ?? log.position
            }
        }
    }

    /// A walk over the log that counts, beside one over another.
    private struct Comparison {
        private var log: LogAudit
        private let volume: Volume
        /// Whether ``log`` came to where it is by a record that could be read.
        private var isBehindRecord = false
        private var hasDiffered = false

        init(_ log: LogAudit, of volume: Volume) {
            self.log = log
            self.volume = volume
        }

        /// Whether a record of that checksum ends at an address; nil if that cannot be told, since what
        /// was there was taken out or cannot be read.
        ///
        /// Addresses are asked for in order.
        mutating func has(_ chain: UInt64, at end: LogPosition) throws(VolumeError) -> Bool? {
            guard !hasDiffered else { return false }
            while log.position < end {
                switch try log.next() {
                case .record: isBehindRecord = true
                case .damage: isBehindRecord = false
                case nil:
                    hasDiffered = true
                    return false
                }
            }
            // Behind a damaged record, the next one names it.
            if log.position == end, let own = log.chain ?? (try? volume.chain(at: end)) {
                hasDiffered = own != chain
                return own == chain
            }
            guard isBehindRecord else { return nil }
            hasDiffered = true
            return false
        }
    }

    /// Where the last segment begins that both logs have, with the same history; 0 if there is none.
    private static func lastShared(
        of segments: [VolumeAudit.Segment],
        _ left: VolumeAudit,
        _ right: VolumeAudit
    ) throws(VolumeError) -> LogPosition {
        let others = Set(try right.segments().map(\.first))
        for segment in segments.reversed() where others.contains(segment.first) {
            let path = right.layout.segment(segment.first)
            let own = try header(at: segment.path, left.fileSystem)
            if own != nil, own == (try header(at: path, right.fileSystem)) { return segment.first }
        }
        return LogPosition(0)
    }

    private static func header(
        at path: String,
        _ fileSystem: any FileSystem
    ) throws(VolumeError) -> LogSegmentHeader? {
        do throws(DiskError) {
            let bytes = try fileSystem.open(path, .readOnly)
                .read(LogSegmentHeader.encodedBytes, at: 0)
            return bytes.withUnsafeBytes { try? LogSegmentHeader(decoding: $0) }
        } catch {
            throw .readFailed(error)
        }
    }
}
