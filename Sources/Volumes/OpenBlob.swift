import DiskIO
import StorageFormats
import StorageModel

/// A blob that is open for reading; readable until the value goes away, even when it was removed.
public final class OpenBlob: Sendable {
    /// The blob's number.
    public let id: BlobID
    /// The length of its payload, in bytes.
    public let payloadBytes: Int64

    private let file: any OpenFile
    private let blockChecksums: [UInt64]
    /// Most footers, those of up to 120 MiB of payload, come with the first read.
    private static let firstReadBytes: Int64 = 16 << 10

    /// Reads the footer of a blob file.
    ///
    /// - Throws: `.blobInvalid`, `.readFailed`.
    init(file: any OpenFile, id: BlobID, volumeID: UniqueID) throws(VolumeError) {
        let footer = try Self.footer(of: file)
        guard footer.blobID == id else {
            throw .blobInvalid(path: file.path, .fieldInvalid(.blobID))
        }
        guard footer.volumeID == volumeID else {
            throw .blobInvalid(path: file.path, .fieldInvalid(.volumeID))
        }
        self.id = id
        self.file = file
        payloadBytes = footer.payloadBytes
        blockChecksums = footer.blockChecksums
    }

    /// What the checksums take in memory, in bytes.
    var tableBytes: Int { 8 * blockChecksums.count }

    /// Reads a range of the payload and verifies all of it.
    ///
    /// - Parameters:
    ///   - range: The bytes to read, counted from the payload's beginning.
    ///   - buffer: Takes them; exactly as long as the range.
    ///   - mode: Whether the read may wait for the disk.
    /// - Returns: Whether the whole range is there.
    /// - Throws: `.payloadDamaged`, `.rangeInvalid`, `.readFailed`; the buffer then holds no byte of
    ///   the payload.
    public func read(
        _ range: Range<Int64>,
        into buffer: UnsafeMutableRawBufferPointer,
        mode: ReadMode
    ) throws(VolumeError) -> ReadOutcome {
        let source = VerifiedSource(
            file: file,
            fileOffset: Int64(BlobHeader.encodedBytes),
            payloadBytes: payloadBytes,
            blockChecksums: blockChecksums
        )
        return try source.read(range, into: buffer, mode: mode)
    }

    private static func footer(of file: any OpenFile) throws(VolumeError) -> BlobFooter {
        let fileBytes: Int64
        var end: [UInt8]
        do throws(DiskError) {
            fileBytes = try file.sizeBytes()
            let count = min(firstReadBytes, fileBytes)
            end = try file.read(Int(count), at: fileBytes - count)
        } catch {
            throw .readFailed(error)
        }
        let length = try decoding(end.suffix(BlobFooter.trailerBytes), file) {
            trailer throws(FormatError) in
            try BlobFooter.encodedBytes(trailer: trailer, fileBytes: fileBytes)
        }
        if length > end.count {
            do throws(DiskError) {
                end = try file.read(length, at: fileBytes - Int64(length))
            } catch {
                throw .readFailed(error)
            }
        }
        return try decoding(end.suffix(length), file) { footer throws(FormatError) in
            try BlobFooter(decoding: footer)
        }
    }

    private static func decoding<Value>(
        _ bytes: ArraySlice<UInt8>,
        _ file: any OpenFile,
        _ decode: (UnsafeRawBufferPointer) throws(FormatError) -> Value
    ) throws(VolumeError) -> Value {
        let result = bytes.withUnsafeBytes { bytes -> Result<Value, FormatError> in
            do throws(FormatError) {
                return .success(try decode(bytes))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error): throw .blobInvalid(path: file.path, error)
        }
    }
}
