import DiskIO
import Logging
import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// Gives room of the log back to the disk: a pass over the segments that a replay no longer needs.
///
/// What is named is decided by the index, which follows the log, and the volumes flush that before they
/// take anything out of it; what the index names no longer never comes back, since a run of bytes belongs to one row and only ever moves from a part to the
/// object that it is completed to. Segments are removed by the index's own exact counts; the walk
/// over the rows only finds what is to be copied, or kept.
struct LogCleaner {
    let volume: VolumeSet
    let index: MetadataIndex
    let entries: EntryCache
    let inline: InlineGuard
    let snapshots: SnapshotMaker
    let limits: StoreLimits
    let pace: BackgroundPace
    let logger: Logger

    /// Makes a pass.
    ///
    /// - Parameters:
    ///   - depth: How much is copied for the sake of room.
    ///   - goalBytes: How many dead bytes may stay.
    /// - Returns: What was done.
    /// - Throws: ``StoreError``; what was done before stays.
    func clean(
        _ depth: CleaningPlan.Depth,
        goalBytes: Int64
    ) throws(StoreError) -> CleaningReport {
        // A later pass does what this one is kept from.
        guard volume.canClean else { return CleaningReport(isPartial: true) }
        var survey = try LogSurvey(volume, index)
        if survey.uncoveredDeadBytes > max(goalBytes, survey.deadBytes / 4) {
            do throws(StoreError) {
                try cover(survey)
            } catch .outOfSpace {
                logger.warning("no room for a snapshot of the index; the newest log stays")
            }
            survey = try LogSurvey(volume, index)
        }
        let plan = CleaningPlan(survey, depth, goalBytes: goalBytes, limits)
        var report = CleaningReport()
        guard !plan.isEmpty else { return report }
        let before = survey.cleanable.reduce(0) { $0 + $1.allocatedBytes }
        try remove(plan.removed, &report)
        if !plan.emptied.isEmpty || !plan.punched.isEmpty {
            let kept = try walk(plan, &report)
            try remove(try emptied(plan.emptied), &report)
            try punch(plan.punched, kept, &report)
        }
        let after = try LogSurvey(volume, index).cleanable.reduce(0) { $0 + $1.allocatedBytes }
        report.freedBytes = max(0, before - after)
        return report
    }

    // MARK: - Snapshots

    /// Makes snapshots, so that all segments but the last can be cleaned; ends the last before, if
    /// there is much in it.
    private func cover(_ survey: LogSurvey) throws(StoreError) {
        if survey.activeDeadBytes >= limits.sealedDeadBytesMin {
            try translating { () throws(VolumeError) in try volume.beginSegment() }
        }
        guard let end = volume.sealedSegments.last?.end else { return }
        _ = try snapshots.cover(upTo: end)
    }

    // MARK: - Segments of which nothing is named

    private func remove(
        _ segments: [LogSegment],
        _ report: inout CleaningReport
    ) throws(StoreError) {
        guard !segments.isEmpty else { return }
        // What readers find from now on is of the index as it is after the last relocation.
        entries.removeAll()
        for segment in segments where pace.goesOn {
            // One that somebody reads from goes in a later pass.
            guard inline.free(segment) else {
                report.isPartial = true
                continue
            }
            let isRemoved = try translating { () throws(VolumeError) in
                try volume.removeSegment(segment)
            }
            guard isRemoved else {
                report.isPartial = true
                return
            }
            report.removedSegments += 1
        }
    }

    /// Those of some segments of which nothing is named any more.
    private func emptied(_ segments: [LogSegment]) throws(StoreError) -> [LogSegment] {
        let live = Set(
            try asking { reader throws(SQLiteError) in try reader.liveSegments() }.map(\.first)
        )
        return segments.filter { !live.contains($0.first) }
    }

    // MARK: - Segments of which something is named

    /// Walks over all rows: copies what is named in segments to be emptied, and gives what is named
    /// in segments to be punched; nil if the walk was broken off.
    private func walk(
        _ plan: CleaningPlan,
        _ report: inout CleaningReport
    ) throws(StoreError) -> [OwnedExtent]? {
        let emptied = plan.emptied.map { $0.first..<$0.end }
        let punched = plan.punched.map { $0.first..<$0.end }
        let ranges = (emptied + punched).sorted { $0.lowerBound < $1.lowerBound }
        let toEmpty = Set(plan.emptied.map(\.first))
        var kept: [OwnedExtent] = []
        var moving: [OwnedExtent] = []
        var canCopy = true
        var place: ExtentPlace? = .start
        while let current = place {
            guard pace.goesOn else { return nil }
            let page = try asking { [limits] reader throws(SQLiteError) in
                try reader.extents(in: ranges, after: current, rowsMax: limits.walkedRowsMax)
            }
            for extent in page.extents {
                guard toEmpty.contains(volume.segmentStart(of: extent.position)) else {
                    kept.append(extent)
                    continue
                }
                if canCopy { moving.append(extent) }
                if moving.isFull(limits) { canCopy = try relocate(&moving, &report) }
            }
            place = page.next
        }
        if canCopy { _ = try relocate(&moving, &report) }
        return kept
    }

    /// Copies runs to the end of the log, and has their rows name the copies.
    ///
    /// - Returns: False if there is no room for copies.
    private func relocate(
        _ moving: inout [OwnedExtent],
        _ report: inout CleaningReport
    ) throws(StoreError) -> Bool {
        var payload: [UInt8] = []
        var moves: [Relocation] = []
        for run in moving {
            guard let bytes = read(run) else { continue }
            moves.append(
                Relocation(
                    owner: run.owner,
                    from: run.position,
                    lengthBytes: bytes.count,
                    payloadOffset: payload.count
                )
            )
            payload += bytes
        }
        moving.removeAll(keepingCapacity: true)
        guard !moves.isEmpty else { return true }
        do throws(StoreError) {
            let proposal = RelocationProposal(moves: moves, payload: LogPayload(payload))
            if case .relocated(let count) = try pace.commit(.relocate(proposal)) {
                report.relocatedExtents += count
                report.relocatedBytes += Int64(payload.count)
            }
            return true
        } catch .outOfSpace {
            return false
        }
    }

    /// The bytes of a run, verified; nil if they are damaged, which keeps them where they are.
    private func read(_ run: OwnedExtent) -> [UInt8]? {
        let length = run.extent.lengthBytes
        var bytes = [UInt8](repeating: 0, count: Int(length))
        let result = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(VolumeError) in
                try volume.read(run.extent, range: 0..<length, into: buffer, mode: .mayWait)
            }
        }
        switch result {
        case .success: return bytes
        case .failure(let error):
            logger.error(
                "payload in the log cannot be read and stays in its segment",
                metadata: ["position": "\(run.position.bytes)", "error": "\(error)"]
            )
            return nil
        }
    }

    private func punch(
        _ segments: [LogSegment],
        _ kept: [OwnedExtent]?,
        _ report: inout CleaningReport
    ) throws(StoreError) {
        guard let kept, !segments.isEmpty else { return }
        var live: [LogPosition: Set<Range<LogPosition>>] = [:]
        for run in kept {
            let end = run.position.advanced(by: run.extent.lengthBytes)
            live[volume.segmentStart(of: run.position), default: []].insert(run.position..<end)
        }
        let counts = try asking { reader throws(SQLiteError) in try reader.liveSegments() }
        entries.removeAll()
        for segment in segments where pace.goesOn {
            let runs = live[segment.first] ?? []
            let counted = counts.first { $0.first == segment.first }?.extents ?? 0
            // The walk finds at least what is named at its end.
            guard runs.count >= counted else {
                logger.error(
                    "segment not cleaned: rows name more of it than was found",
                    metadata: ["segment": "\(segment.first.bytes)"]
                )
                continue
            }
            let dead = DeadRanges.of(
                segment,
                live: Array(runs),
                blockBytes: limits.punchBlockBytes
            )
            let free = inline.free(dead, of: segment)
            guard !free.isEmpty else { continue }
            let isPunched = try translating { () throws(VolumeError) in
                try volume.punch(free, of: segment)
            }
            guard isPunched else {
                report.isPartial = true
                return
            }
            report.punchedSegments += 1
        }
    }

    // MARK: - Errors

    private func asking<Value: Sendable>(
        _ body: @Sendable (IndexReader) throws(SQLiteError) -> Value
    ) throws(StoreError) -> Value {
        do throws(SQLiteError) { return try index.read(body) } catch { throw StoreError(error) }
    }

    private func translating<Value>(
        _ body: () throws(VolumeError) -> Value
    ) throws(StoreError) -> Value {
        do throws(VolumeError) { return try body() } catch { throw StoreError(error) }
    }
}

/// What a pass over the log did.
public struct CleaningReport: Hashable, Sendable {
    /// Segments that are gone.
    public var removedSegments = 0
    /// Segments of which blocks were given back.
    public var punchedSegments = 0
    /// Runs of payload bytes that were copied to the end of the log.
    public var relocatedExtents = 0
    /// Their length together, in bytes.
    public var relocatedBytes: Int64 = 0
    /// What the segments that were looked at take less on the disk, in bytes.
    public var freedBytes: Int64 = 0
    /// Whether it was kept from some of what it could have done, which a later pass can do.
    public var isPartial = false

    init(isPartial: Bool = false) {
        self.isPartial = isPartial
    }
}

extension [OwnedExtent] {
    /// Whether these are as many as one change moves.
    fileprivate func isFull(_ limits: StoreLimits) -> Bool {
        count >= limits.relocatedRowsMax
            || reduce(0) { $0 + $1.extent.lengthBytes } >= limits.relocatedBytesMax
    }
}
