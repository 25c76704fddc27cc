import DiskIO
import StorageFormats
import StorageModel

extension VolumeAudit {
    /// A snapshot of the index.
    public struct Snapshot: Hashable, Sendable {
        /// The position of the log that the index had applied.
        public let position: LogPosition
        /// Its file.
        public let path: String
        /// How long the file is, in bytes; 0 if that cannot be told.
        public let sizeBytes: Int64
    }

    /// The snapshots, by position, whether or not they can be read.
    ///
    /// - Throws: `.readFailed`.
    public func snapshots() throws(VolumeError) -> [Snapshot] {
        do throws(DiskError) {
            return try fileSystem.list(layout.snapshots)
                .compactMap(VolumeLayout.snapshotPosition)
                .sorted()
                .map { position in
                    let path = layout.snapshot(position)
                    let sizeBytes = (try? fileSystem.status(path))?.sizeBytes ?? 0
                    return Snapshot(position: position, path: path, sizeBytes: sizeBytes)
                }
        } catch  where error.code == .notFound {
            return []
        } catch {
            throw .readFailed(error)
        }
    }

    /// Reads a snapshot piece by piece, each verified before it is visited.
    ///
    /// - Throws: `.blobInvalid`, `.payloadDamaged`, `.readFailed`; what `visit` throws.
    public func read(
        _ snapshot: Snapshot,
        _ visit: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let file: any OpenFile
        do throws(DiskError) { file = try fileSystem.open(snapshot.path, .readOnly) } catch {
            throw VolumeError.readFailed(error)
        }
        try checkHeader(of: snapshot, file)
        let id = SnapshotDirectory.number(of: snapshot.position)
        let database = try OpenBlob(file: file, id: id, volumeID: originID)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        while offset < database.payloadBytes {
            let end = min(offset + Int64(buffer.count), database.payloadBytes)
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(end - offset)])
            _ = try database.read(offset..<end, into: piece, mode: .mayWait)
            try visit(UnsafeRawBufferPointer(piece))
            offset = end
        }
    }

    private func checkHeader(
        of snapshot: Snapshot,
        _ file: any OpenFile
    ) throws(VolumeError) {
        let bytes: [UInt8]
        do throws(DiskError) { bytes = try file.read(SnapshotHeader.encodedBytes, at: 0) } catch {
            throw .readFailed(error)
        }
        do throws(FormatError) {
            let header = try bytes.withUnsafeBytes { bytes in
                Result { () throws(FormatError) in try SnapshotHeader(decoding: bytes) }
            }.get()
            guard header.volumeID == originID else { throw .fieldInvalid(.volumeID) }
            guard header.position == snapshot.position else { throw .fieldInvalid(.position) }
        } catch {
            throw .blobInvalid(path: snapshot.path, error)
        }
    }

    /// Whether the bytes of a payload are in the log as they were written.
    ///
    /// - Parameters:
    ///   - position: The address of its first byte.
    ///   - lengthBytes: Its length.
    ///   - checksums: Those of its blocks.
    ///   - segments: Those of the log.
    /// - Returns: False as well if the file cannot be read, or is not there.
    public func holdsWhole(
        _ position: LogPosition,
        _ lengthBytes: Int,
        _ checksums: [UInt64],
        in segments: [Segment]
    ) -> Bool {
        guard let segment = Self.segment(holding: position, in: segments) else { return false }
        do throws(DiskError) {
            let file = try fileSystem.open(segment.path, .readOnly)
            let bytes = try file.read(lengthBytes, at: position.bytes - segment.first.bytes)
            return bytes.count == lengthBytes
                && bytes.withUnsafeBytes { LogPayload.blockChecksums(of: $0) } == checksums
        } catch {
            return false
        }
    }

    /// The segment whose file has an address; nil if there is none.
    public static func segment(holding position: LogPosition, in segments: [Segment]) -> Segment? {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].first <= position { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let segment = segments[low - 1]
        return position.bytes < segment.first.bytes + segment.sizeBytes ? segment : nil
    }
}
