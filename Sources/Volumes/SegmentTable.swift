import DiskIO
import StorageModel
import Synchronization

/// The segments of a log in order of address, with their open files.
///
/// Files are opened when they are first read and kept open, `openMax` of them at most.
/// State: guarded by `segments`.
final class SegmentTable: Sendable {
    struct Segment: Sendable {
        let first: LogPosition
        let path: String
        var file: (any OpenFile)?
    }

    /// An open segment and where it begins.
    struct Located: Sendable {
        let first: LogPosition
        let file: any OpenFile
        /// Where the next segment begins; `nil` for the last.
        let next: LogPosition?
    }

    private static let openMax = 1024
    private let fileSystem: any FileSystem
    private let segments: Mutex<[Segment]>

    init(_ segments: [Segment], fileSystem: any FileSystem) {
        self.fileSystem = fileSystem
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

    func append(_ segment: Segment) {
        segments.withLock { $0.append(segment) }
    }

    func replace(with segments: [Segment]) {
        self.segments.withLock { $0 = segments }
    }

    /// The segment that holds an address; `nil` if it is not open and the mode is not to wait.
    func segment(at position: LogPosition, mode: ReadMode) throws(VolumeError) -> Located? {
        let found = segments.withLock { segments -> (Segment, LogPosition?)? in
            guard let index = Self.index(of: position, in: segments) else { return nil }
            let next = index + 1 < segments.count ? segments[index + 1].first : nil
            return (segments[index], next)
        }
        guard let (segment, next) = found else {
            throw .logBeginsLater(start: start, expected: position)
        }
        if let file = segment.file {
            return Located(first: segment.first, file: file, next: next)
        }
        guard mode == .mayWait else { return nil }
        do throws(DiskError) {
            let file = try fileSystem.open(segment.path, .readOnly)
            keep(file, at: segment.first)
            return Located(first: segment.first, file: file, next: next)
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
            guard let index = Self.index(of: first, in: segments) else { return }
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
