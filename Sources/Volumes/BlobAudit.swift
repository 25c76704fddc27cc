import DiskIO
import StorageFormats
import StorageModel

/// Verifies one blob file wholly, a run of blocks at a time.
///
/// The header, the footer and the length of the file were compared when the value was made. The
/// bytes are read from the disk where the system allows it, not from what it caches.
public struct BlobAudit {
    /// What one run of blocks turned out to be.
    public enum Step: Hashable, Sendable {
        /// So many bytes are as they were written.
        case whole(bytes: Int64)
        /// The block at this byte of the file is damaged; `bytes` were read to find that out.
        case damaged(offset: Int64, bytes: Int64)
    }

    /// Blocks that are read in one step.
    private static let stepBytes: Int64 = 16 * Int64(Payload.blockBytes)

    /// The length of the payload, in bytes.
    public let payloadBytes: Int64
    private let blob: OpenBlob
    private let file: any OpenFile
    private var position: Int64 = 0
    private var buffer: [UInt8] = []

    init(
        _ id: BlobID,
        path: String,
        volumeID: UniqueID,
        fileSystem: any FileSystem
    ) throws(VolumeError) {
        let header: [UInt8]
        do throws(DiskError) {
            file = try fileSystem.open(path, .readOnly)
            file.forgetCached(0..<Int64(BlobHeader.encodedBytes))
            header = try file.read(BlobHeader.encodedBytes, at: 0)
        } catch  where error.code == .notFound {
            throw .blobMissing(id)
        } catch {
            throw .readFailed(error)
        }
        blob = try OpenBlob(file: file, id: id, volumeID: volumeID)
        payloadBytes = blob.payloadBytes
        if let fault = Self.fault(header, id, volumeID) {
            throw .blobInvalid(path: path, fault)
        }
    }

    private static func fault(
        _ bytes: [UInt8],
        _ id: BlobID,
        _ volumeID: UniqueID
    ) -> FormatError? {
        bytes.withUnsafeBytes { bytes in
            do throws(FormatError) {
                let header = try BlobHeader(decoding: bytes)
                guard header.blobID == id else { return .fieldInvalid(.blobID) }
                return header.volumeID == volumeID ? nil : .fieldInvalid(.volumeID)
            } catch {
                return error
            }
        }
    }

    /// Verifies the next run of blocks; nil at the end.
    ///
    /// - Throws: `.readFailed`; asked again, it goes on after the run.
    public mutating func next() throws(VolumeError) -> Step? {
        guard position < payloadBytes else { return nil }
        let start = position
        let end = min(start + Self.stepBytes, payloadBytes)
        let count = Int(end - start)
        if buffer.count < count { buffer = [UInt8](repeating: 0, count: count) }
        let base = Int64(BlobHeader.encodedBytes)
        file.forgetCached(base + start..<base + end)
        defer { file.forgetCached(base + start..<base + end) }
        position = end
        let result = buffer.withUnsafeMutableBytes { bytes in
            Result { () throws(VolumeError) in
                let target = UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
                return try blob.read(start..<end, into: target, mode: .mayWait)
            }
        }
        do throws(VolumeError) {
            _ = try result.get()
            return .whole(bytes: end - start)
        } catch .payloadDamaged(_, let offset) {
            let block = Int64(Payload.blockBytes)
            position = min(((offset - base) / block + 1) * block, payloadBytes)
            return .damaged(offset: offset, bytes: position - start)
        }
    }
}
