import DiskIO
import StorageFormats
import StorageModel

/// Gives a volume's log, when it is opened, what a longer copy has beyond its end.
///
/// Where the copies end at different places after a power loss, that is a batch, or with
/// ``Durability/relaxed`` what was appended since the last flush: far less than the segment that
/// ``LogCopy`` would replace, and until that is done all of it would be on one volume alone.
struct LogCatchUp {
    let source: Volume
    let target: Volume

    private static let pieceBytes = 1 << 20
    /// The room that is left on the target's disk, in bytes.
    private static let spareBytes: Int64 = 1 << 20

    /// Copies and flushes it; the target then holds the same log.
    ///
    /// A power loss in the middle leaves a log that ends somewhere in what is copied.
    ///
    /// - Returns: False, with nothing changed, if the target lacks more than the rest of its last
    ///   segment, there is no room, or the records say that they came after a flush which the target
    ///   does not have: torn, they would pass for damage there.
    /// - Throws: `.readFailed`, `.outOfSpace`, `.writeFailed`; what the target has after its end is
    ///   then not known.
    func run() throws(VolumeError) -> Bool {
        guard let tip = source.logTip, let own = target.logTip, own.first == tip.first,
            own.end < tip.end,
            let from = try source.segments.segment(at: tip.first, mode: .mayWait)?.file,
            let file = try target.segments.segment(at: own.first, mode: .mayWait)?.file,
            try target.space().availableBytes - Self.spareBytes > tip.end.bytes - own.end.bytes,
            try areUnflushed(in: from, own, upTo: tip)
        else { return false }
        try copy(from, file, own.end.bytes - own.first.bytes, to: tip.end.bytes - tip.first.bytes)
        let segments = target.segments.all
        target.giveUpLog()
        target.takeOverLog(
            segments,
            file: file,
            tip: LogTip(
                first: tip.first,
                end: tip.end,
                previousChecksum: tip.previousChecksum,
                sizeBytes: max(own.sizeBytes, tip.end.bytes - tip.first.bytes)
            )
        )
        return true
    }

    /// Whether no record after the target's end was written when that end had been passed by a flush.
    private func areUnflushed(
        in file: any OpenFile,
        _ own: LogTip,
        upTo tip: LogTip
    ) throws(VolumeError) -> Bool {
        var reader = LogReader(
            file: file,
            first: tip.first,
            volumeID: source.originID,
            limit: tip.end,
            position: own.end,
            previousChecksum: own.previousChecksum
        )
        while let header = try reader.next() {
            guard header.durablePosition <= own.end else { return false }
        }
        return reader.position == tip.end && reader.previousChecksum == tip.previousChecksum
    }

    private func copy(
        _ from: any OpenFile,
        _ to: any OpenFile,
        _ start: Int64,
        to end: Int64
    ) throws(VolumeError) {
        do throws(DiskError) {
            for offset in stride(from: start, to: end, by: Self.pieceBytes) {
                let count = min(Int64(Self.pieceBytes), end - offset)
                let bytes = try from.read(Int(count), at: offset)
                guard Int64(bytes.count) == count else {
                    throw DiskError(.inputOutput, errorNumber: 0, .read, path: from.path)
                }
                try to.write(bytes, at: offset)
            }
            try to.synchronizeData()
        } catch  where error.path == from.path {
            throw .readFailed(error)
        } catch {
            throw VolumeError(writing: error)
        }
    }
}
