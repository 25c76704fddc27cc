import DiskIO
import StorageModel
import Synchronization

/// The segments of a log in order of address, with their open files.
///
/// Files are opened when they are first read and kept open, `openMax` of them at most. Segments that
/// were taken out leave gaps.
/// State: guarded by `segments`.
final class SegmentTable: Sendable {
    struct Segment: Sendable {
        let first: LogPosition
        let path: String
        var file: (any OpenFile)?
        /// The address after its last byte; `nil` for the last.
        var end: LogPosition?
    }

    /// An open segment and where it begins.
    struct Located: Sendable {
        let first: LogPosition
        let file: any OpenFile
        /// The address after its last byte; `nil` for the last.
        let end: LogPosition?
    }

    private static let openMax = 1024
    private let fileSystem: any FileSystem
    private let directory: String
    private let segments: Mutex<[Segment]>

    init(_ segments: [Segment], directory: String, fileSystem: any FileSystem) {
        self.fileSystem = fileSystem
        self.directory = directory
        self.segments = Mutex(segments)
    }

    /// The first address that the log still holds.
    var start: LogPosition {
        segments.withLock { $0.first?.first ?? LogPosition(0) }
    }

    /// All segments, in order.
    var all: [Segment] {
        segments.withLock { $0 }
    }

    /// The segments that take no more records.
    var sealed: [LogSegment] {
        segments.withLock { segments in
            segments.compactMap { segment in
                segment.end.map { LogSegment(first: segment.first, end: $0) }
            }
        }
    }

    /// The first address of the segment that takes records.
    var active: LogPosition {
        segments.withLock { $0.last?.first ?? LogPosition(0) }
    }

    /// The first address of the last segment that begins at or before an address.
    func start(of position: LogPosition) -> LogPosition {
        segments.withLock { segments in
            Self.index(of: position, in: segments).map { segments[$0].first } ?? LogPosition(0)
        }
    }

    /// Whether a segment that takes no more records is there.
    func holds(_ segment: LogSegment) -> Bool {
        segments.withLock { segments in
            segments.contains { $0.first == segment.first && $0.end != nil }
        }
    }

    func append(_ segment: Segment) {
        segments.withLock { segments in
            if let last = segments.indices.last { segments[last].end = segment.first }
            segments.append(segment)
        }
    }

    /// Forgets a segment that was taken out.
    func remove(_ first: LogPosition) {
        segments.withLock { segments in
            segments.removeAll { $0.first == first && $0.end != nil }
        }
    }

    func replace(with segments: [Segment]) {
        self.segments.withLock { $0 = segments }
    }

    /// The segment that holds an address; `nil` if it is not open and the mode is not to wait.
    func segment(at position: LogPosition, mode: ReadMode) throws(VolumeError) -> Located? {
        let found = segments.withLock { segments in
            Self.index(of: position, in: segments).map { segments[$0] }
        }
        guard let segment = found else {
            throw .logBeginsLater(start: start, expected: position)
        }
        if let end = segment.end, position >= end {
            throw .logSegmentMissing(position: position, directory: directory)
        }
        if let file = segment.file {
            return Located(first: segment.first, file: file, end: segment.end)
        }
        guard mode == .mayWait else { return nil }
        do throws(DiskError) {
            let file = try fileSystem.open(segment.path, .readOnly)
            keep(file, at: segment.first)
            return Located(first: segment.first, file: file, end: segment.end)
        } catch {
            throw .readFailed(error)
        }
    }

    private func keep(_ file: any OpenFile, at first: LogPosition) {
        segments.withLock { segments in
            if segments.count(where: { $0.file != nil }) >= Self.openMax,
                let oldest = segments.dropLast().firstIndex(where: { $0.file != nil })
            {
                segments[oldest].file = nil
            }
            guard let index = Self.index(of: first, in: segments), segments[index].first == first
            else { return }
            segments[index].file = file
        }
    }

    /// The last segment that begins at or before an address.
    private static func index(of position: LogPosition, in segments: [Segment]) -> Int? {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].first <= position { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? low - 1 : nil
    }
}
