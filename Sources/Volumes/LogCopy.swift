import DiskIO
import StorageFormats
import StorageModel

/// Copies the log of one volume to another, byte for byte, while it grows.
///
/// Sealed segments that the target has whole are kept; its last one, which a crash may have left in
/// any state, is copied anew with all after it. Runs of zeros are left as holes. Each file is written
/// beside its place, flushed and renamed, and the target holds the log only when ``finish(_:)`` has
/// copied the rest while nothing was appended. Where cleaning took segments out of the source, the
/// target has the same gaps; whoever copies sees to it that the target has the snapshots which go
/// with them, and that nothing is cleaned meanwhile.
struct LogCopy {
    let source: Volume
    let target: Volume

    /// How much of which segments is there.
    private var segments: [SegmentTable.Segment] = []
    private var active: (any OpenFile)?
    private var copiedEnd = LogPosition(0)

    private static let pieceBytes = 1 << 20
    /// Holes are left for runs of zeros of this length.
    private static let pageBytes = 4096

    init(from source: Volume, to target: Volume) {
        self.source = source
        self.target = target
    }

    /// Copies what the log holds now; repeated, it copies what was appended since.
    ///
    /// - Parameter isCancelled: Asked now and then; when it says yes, the copying ends.
    /// - Returns: How many bytes were appended to the source meanwhile; nil when it was cancelled.
    /// - Throws: `.readFailed`, `.writeFailed`, `.outOfSpace`.
    mutating func advance(isCancelled: () -> Bool) throws(VolumeError) -> Int64? {
        if segments.isEmpty { try removeUnknown() }
        let end = source.logEnd
        for segment in source.segments.all {
            if let sealedEnd = segment.end, try isKept(segment, sealedEnd) { continue }
            // The last may have begun since.
            let segmentEnd = segment.end ?? max(end, segment.first)
            guard segmentEnd > copiedEnd || segments.last?.first != segment.first else { continue }
            guard try copy(segment, upTo: segmentEnd, isCancelled) else { return nil }
        }
        return source.logEnd.bytes - copiedEnd.bytes
    }

    /// Copies the rest and makes the target hold the log; nothing may be appended meanwhile.
    mutating func finish() throws(VolumeError) {
        while source.logEnd > copiedEnd {
            _ = try advance(isCancelled: { false })
        }
        guard let tip = source.logTip, let active, segments.last?.first == tip.first else {
            throw .volumeFailed
        }
        segments[segments.count - 1].file = active
        // Where each ends is known of the source: behind a gap, the next does not say.
        var ends: [LogPosition: LogPosition] = [:]
        for segment in source.segments.all { ends[segment.first] = segment.end }
        for index in segments.indices { segments[index].end = ends[segments[index].first] }
        target.takeOverLog(
            segments,
            file: active,
            tip: LogTip(
                first: tip.first,
                end: tip.end,
                previousChecksum: tip.previousChecksum,
                sizeBytes: tip.end.bytes - tip.first.bytes
            )
        )
    }

    /// Removes segments that the source does not have, and the target's last.
    private func removeUnknown() throws(VolumeError) {
        let known = Set(source.segments.all.map(\.first))
        do throws(DiskError) {
            try target.fileSystem.makeDirectories(target.layout.log)
            let names = try target.fileSystem.list(target.layout.log)
            let present = names.filter { VolumeLayout.segmentPosition(ofName: $0) != nil }
            for name in names {
                let position = VolumeLayout.segmentPosition(ofName: name)
                let isUnfinished = name.hasSuffix(VolumeLayout.unfinishedSuffix)
                let isKept = position.map { known.contains($0) && name != present.last } ?? true
                guard !isKept || isUnfinished else { continue }
                try target.fileSystem.remove("\(target.layout.log)/\(name)")
            }
            try target.fileSystem.synchronizeDirectory(target.layout.log)
        } catch {
            throw VolumeError(writing: error)
        }
    }

    /// Whether the target has a sealed segment already.
    private mutating func isKept(
        _ segment: SegmentTable.Segment,
        _ end: LogPosition
    ) throws(VolumeError) -> Bool {
        if let known = segments.last(where: { $0.first == segment.first }) {
            return known.first != segments.last?.first || copiedEnd >= end
        }
        let path = target.layout.segment(segment.first)
        do throws(DiskError) {
            guard let status = try target.fileSystem.status(path),
                status.sizeBytes >= end.bytes - segment.first.bytes
            else { return false }
        } catch {
            throw .readFailed(error)
        }
        segments.append(SegmentTable.Segment(first: segment.first, path: path, file: nil))
        copiedEnd = end
        return true
    }

    /// Copies a segment, or what is new of it.
    private mutating func copy(
        _ segment: SegmentTable.Segment,
        upTo end: LogPosition,
        _ isCancelled: () -> Bool
    ) throws(VolumeError) -> Bool {
        guard let from = try source.segments.segment(at: segment.first, mode: .mayWait) else {
            return true
        }
        let path = target.layout.segment(segment.first)
        let isBegun = segments.last?.first == segment.first
        do throws(DiskError) {
            let unfinished = path + VolumeLayout.unfinishedSuffix
            let file: any OpenFile
            if isBegun, let active {
                file = active
            } else {
                file = try target.fileSystem.open(unfinished, .createOrReplace)
                copiedEnd = segment.first
            }
            guard try copyBytes(from.file, file, segment.first, upTo: end, isCancelled) else {
                return false
            }
            try file.synchronizeData()
            if !isBegun {
                try target.fileSystem.rename(unfinished, to: path)
                try target.fileSystem.synchronizeDirectory(target.layout.log)
                segments.append(SegmentTable.Segment(first: segment.first, path: path, file: nil))
            }
            active = file
            copiedEnd = end
            return true
        } catch  where error.path == from.file.path {
            throw .readFailed(error)
        } catch {
            throw VolumeError(writing: error)
        }
    }

    private func copyBytes(
        _ from: any OpenFile,
        _ to: any OpenFile,
        _ first: LogPosition,
        upTo end: LogPosition,
        _ isCancelled: () -> Bool
    ) throws(DiskError) -> Bool {
        var offset = copiedEnd.bytes - first.bytes
        let length = end.bytes - first.bytes
        while offset < length {
            guard !isCancelled() else { return false }
            let count = min(Int64(Self.pieceBytes), length - offset)
            let bytes = try from.read(Int(count), at: offset)
            guard Int64(bytes.count) == count else {
                throw DiskError(.inputOutput, errorNumber: 0, .read, path: from.path)
            }
            for run in Self.runs(of: bytes) {
                try to.write(Array(bytes[run]), at: offset + Int64(run.lowerBound))
            }
            offset += count
        }
        if try to.sizeBytes() < length { try to.truncate(to: length) }
        return true
    }

    /// The runs of pages that are not all zeros.
    private static func runs(of bytes: [UInt8]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for start in stride(from: 0, to: bytes.count, by: pageBytes) {
            let end = min(start + pageBytes, bytes.count)
            guard bytes[start..<end].contains(where: { $0 != 0 }) else { continue }
            if let last = runs.last, last.upperBound == start {
                runs[runs.count - 1] = last.lowerBound..<end
            } else {
                runs.append(start..<end)
            }
        }
        return runs
    }
}
