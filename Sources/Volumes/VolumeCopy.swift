import DiskIO
import StorageFormats
import StorageModel

/// The files of a copy of a volume, as they are written: a backup, or what is restored from one.
///
/// Nothing here decides what belongs to the copy. Bytes are flushed by the method that writes them;
/// names of blobs by ``synchronizeBlobs()`` and ``synchronizeLog()``.
///
/// It belongs to one thread.
public final class VolumeCopy {
    /// What copying a blob found.
    public enum BlobOutcome: Hashable, Sendable {
        /// So many bytes were copied, and are what was once written.
        case copied(bytes: Int64)
        /// So many bytes were copied as they are; the block at this byte of the source is damaged.
        case damaged(bytes: Int64, path: String, offset: Int64?)
        /// There is no such blob.
        case missing
    }

    static let pieceBytes = 1 << 20
    /// Runs of so many zeros are not written: the log has holes where payloads were freed.
    private static let holeBytes = 4096

    /// The directory.
    public var directory: String { layout.directory }
    let layout: VolumeLayout
    let fileSystem: any FileSystem
    /// The directories of blobs whose names may not be flushed, by this process or an earlier one.
    var unflushed: Set<String> = []

    /// Names the directory; nothing is written yet.
    public init(directory: String, fileSystem: any FileSystem) {
        layout = VolumeLayout(directory: directory)
        self.fileSystem = fileSystem
    }

    /// Makes the directories.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    public func prepare() throws(VolumeError) {
        try writing { () throws(DiskError) in
            try fileSystem.makeDirectories(layout.log)
            try fileSystem.makeDirectories(layout.blobs)
            // An earlier attempt may have made them and not flushed their names.
            try fileSystem.synchronizeDirectory(layout.directory)
            do throws(DiskError) {
                let parent = PosixFileSystem.parent(of: layout.directory)
                try fileSystem.synchronizeDirectory(parent)
            } catch  where error.code == .permissionDenied {
                // A directory that this user may not read is not one that it made a name in.
            }
        }
    }

    // MARK: - The log

    /// Copies a range of the log, and flushes it.
    ///
    /// Blocks that the disk fails to read are zeros in the copy, and a segment that ends too early does
    /// so in the copy: who copies reads what was copied, since bytes may be wrong as well.
    ///
    /// - Parameters:
    ///   - source: The segments of the log that is copied.
    ///   - sourceFiles: The disk that they are on.
    ///   - range: The addresses; what is before them was copied earlier and stays.
    ///   - strangeStart: From there on segments are removed that the source does not have; nil for the
    ///     beginning of the range. Before it the source may have given up what an earlier backup needs.
    ///   - progress: Told the bytes of each piece; false stops.
    /// - Returns: False if it was stopped.
    /// - Throws: `.readFailed` if a file, or a whole piece of it, cannot be read; `.outOfSpace`,
    ///   `.writeFailed`.
    public func copyLog(
        _ source: [VolumeAudit.Segment],
        from sourceFiles: any FileSystem,
        _ range: Range<LogPosition>,
        removingStrangeFrom strangeStart: LogPosition? = nil,
        progress: (Int64) -> Bool
    ) throws(VolumeError) -> Bool {
        try removeStrangeSegments(source, from: strangeStart ?? range.lowerBound)
        for (index, segment) in source.enumerated() where segment.first < range.upperBound {
            var end = index + 1 < source.count ? source[index + 1].first : range.upperBound
            end = min(end, range.upperBound)
            end = min(end, LogPosition(segment.first.bytes + segment.sizeBytes))
            if end <= range.lowerBound {
                // Copied by an earlier backup, unless that was made where it was not.
                let present = try status(layout.segment(segment.first))?.sizeBytes ?? 0
                if present >= end.bytes - segment.first.bytes { continue }
            }
            let wanted = max(0, min(range.lowerBound, end).bytes - segment.first.bytes)
            let isCopied = try copy(
                segment,
                from: sourceFiles,
                wanted..<end.bytes - segment.first.bytes,
                progress
            )
            guard isCopied else { return false }
        }
        try synchronizeLog()
        return true
    }

    /// Whether the copy has all of a log before an address, as far as the lengths of its files tell.
    ///
    /// - Throws: `.readFailed`.
    public func holdsLog(
        _ source: [VolumeAudit.Segment],
        before end: LogPosition
    ) throws(VolumeError) -> Bool {
        for (index, segment) in source.enumerated() where segment.first < end {
            let next = index + 1 < source.count ? source[index + 1].first : end
            let bytes = min(next.bytes, end.bytes) - segment.first.bytes
            let present = try status(layout.segment(segment.first))?.sizeBytes ?? 0
            if present < min(bytes, segment.sizeBytes) { return false }
        }
        return true
    }

    /// Removes what an attempt that was given up left after the copy's end: the log that it was of
    /// may have gone on differently.
    private func removeStrangeSegments(
        _ source: [VolumeAudit.Segment],
        from start: LogPosition
    ) throws(VolumeError) {
        let known = Set(source.map(\.first))
        let names = try reading { () throws(DiskError) in try fileSystem.list(layout.log) }
        for first in names.compactMap(VolumeLayout.segmentPosition)
        where first >= start && !known.contains(first) {
            try writing { () throws(DiskError) in try fileSystem.remove(layout.segment(first)) }
        }
    }

    private func copy(
        _ segment: VolumeAudit.Segment,
        from sourceFiles: any FileSystem,
        _ wanted: Range<Int64>,
        _ progress: (Int64) -> Bool
    ) throws(VolumeError) -> Bool {
        let path = layout.segment(segment.first)
        let present = try status(path)?.sizeBytes ?? 0
        // A copy that is shorter than it should be is of no use from its beginning on.
        let start = present >= wanted.lowerBound ? wanted.lowerBound : 0
        let source = try reading { () throws(DiskError) in
            try sourceFiles.open(segment.path, .readOnly)
        }
        // One that an earlier backup may need stays until there is another that is whole.
        let written = start == 0 && present > 0 ? path + VolumeLayout.unfinishedSuffix : path
        let target = try writing { () throws(DiskError) in
            try fileSystem.open(written, start == 0 ? .createOrReplace : .readWrite)
        }
        // What follows is of an attempt that was given up, and zeros are not written over it.
        try writing { () throws(DiskError) in try target.truncate(to: start) }
        var offset = start
        while offset < wanted.upperBound {
            let count = Int(min(Int64(Self.pieceBytes), wanted.upperBound - offset))
            let piece = try Self.readPiece(of: source, count, at: offset)
            guard piece.count == count else {
                // It was cut since it was looked at.
                throw .logDamaged(path: segment.path, offset: offset + Int64(piece.count))
            }
            try writing { () throws(DiskError) in
                try Self.write(piece, to: target, at: offset)
            }
            offset += Int64(count)
            guard progress(Int64(count)) else { return false }
        }
        try writing { () throws(DiskError) in
            try target.truncate(to: wanted.upperBound)
            try target.synchronizeData()
            if written != path { try fileSystem.rename(written, to: path) }
        }
        return true
    }

    /// Reads a piece; what cannot be read of it is zeros.
    private static func readPiece(
        of source: any OpenFile,
        _ count: Int,
        at offset: Int64
    ) throws(VolumeError) -> [UInt8] {
        do throws(DiskError) {
            return try source.read(count, at: offset)
        } catch {
            guard error.code == .inputOutput else { throw .readFailed(error) }
            guard let piece = source.readablePart(of: count, at: offset) else {
                throw .readFailed(error)
            }
            return piece
        }
    }

    /// Writes a piece without its runs of zeros, behind the end of the file.
    private static func write(
        _ piece: [UInt8],
        to target: any OpenFile,
        at offset: Int64
    ) throws(DiskError) {
        let isZero = piece.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: holeBytes).map { start in
                bytes[start..<min(start + holeBytes, bytes.count)].allSatisfy { $0 == 0 }
            }
        }
        var block = 0
        while block < isZero.count {
            guard !isZero[block] else {
                block += 1
                continue
            }
            let first = block
            while block < isZero.count, !isZero[block] { block += 1 }
            let start = first * holeBytes
            let end = min(block * holeBytes, piece.count)
            try target.write(Array(piece[start..<end]), at: offset + Int64(start))
        }
    }

    /// Flushes the names of segments.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    public func synchronizeLog() throws(VolumeError) {
        try writing { () throws(DiskError) in try fileSystem.synchronizeDirectory(layout.log) }
    }

    // MARK: - Small files

    /// Publishes a small file at the top of the directory: it is there wholly or not at all.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    public func publish(_ bytes: [UInt8], as name: String) throws(VolumeError) {
        try writing { () throws(DiskError) in
            try AtomicPublish.publish(
                bytes,
                as: "\(directory)/\(name)",
                in: directory,
                fileSystem
            )
        }
    }

    /// Removes a small file at the top of the directory for good; does nothing if there is none.
    ///
    /// - Throws: `.writeFailed`.
    public func remove(_ name: String) throws(VolumeError) {
        do throws(DiskError) {
            try fileSystem.remove("\(directory)/\(name)")
            try fileSystem.synchronizeDirectory(directory)
        } catch  where error.code == .notFound {
            return
        } catch {
            throw VolumeError(writing: error)
        }
    }

    /// Reads a small file at the top of the directory; nil if there is none.
    ///
    /// - Throws: `.readFailed`.
    public func read(_ name: String, bytesMax: Int) throws(VolumeError) -> [UInt8]? {
        do throws(DiskError) {
            return try fileSystem.open("\(directory)/\(name)", .readOnly).read(bytesMax, at: 0)
        } catch  where error.code == .notFound {
            return nil
        } catch {
            throw .readFailed(error)
        }
    }

    /// The names at the top of the directory; none if it is missing.
    ///
    /// - Throws: `.readFailed`.
    public func names() throws(VolumeError) -> [String] {
        do throws(DiskError) {
            return try fileSystem.list(directory)
        } catch  where error.code == .notFound {
            return []
        } catch {
            throw .readFailed(error)
        }
    }

    func status(_ path: String) throws(VolumeError) -> FileStatus? {
        try reading { () throws(DiskError) in try fileSystem.status(path) }
    }

    func reading<Value>(
        _ body: () throws(DiskError) -> Value
    ) throws(VolumeError) -> Value {
        do throws(DiskError) { return try body() } catch { throw .readFailed(error) }
    }

    @discardableResult
    func writing<Value>(
        _ body: () throws(DiskError) -> Value
    ) throws(VolumeError) -> Value {
        do throws(DiskError) { return try body() } catch { throw VolumeError(writing: error) }
    }
}
