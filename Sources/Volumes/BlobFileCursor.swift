import DiskIO
import StorageModel

/// One blob file, as its directory shows it.
public struct BlobFile: Hashable, Sendable {
    /// The number in its name.
    public let id: BlobID
    /// Where it is.
    public let path: String
    /// The length of the file, in bytes.
    public let sizeBytes: Int64
}

/// Walks over the blob files of a volume by number; holds the names of one directory at a time.
public struct BlobFileCursor {
    private let layout: VolumeLayout
    private let fileSystem: any FileSystem
    private let after: BlobID?
    /// The directories that are left, last one first.
    private var directories: [String]
    /// The blobs that are left in the present directory, last one first.
    private var pending: [BlobID] = []

    init(
        layout: VolumeLayout,
        fileSystem: any FileSystem,
        after: BlobID?
    ) throws(VolumeError) {
        self.layout = layout
        self.fileSystem = fileSystem
        self.after = after
        let first = after.map(VolumeLayout.fanOut) ?? ""
        directories = try Self.names(in: layout.blobs, fileSystem)
            .filter { $0.utf8.count == 2 && $0 >= first }
            .reversed()
    }

    /// The next blob file; nil at the end.
    ///
    /// - Throws: `.readFailed`.
    public mutating func next() throws(VolumeError) -> BlobFile? {
        while true {
            guard let id = pending.popLast() else {
                guard let directory = directories.popLast() else { return nil }
                pending = try blobs(in: directory)
                continue
            }
            let path = layout.blob(id)
            let status: FileStatus?
            do throws(DiskError) {
                status = try fileSystem.status(path)
            } catch {
                throw .readFailed(error)
            }
            // One that was removed since its directory was read is passed over.
            if let status, status.kind == .file {
                return BlobFile(id: id, path: path, sizeBytes: status.sizeBytes)
            }
        }
    }

    private func blobs(in directory: String) throws(VolumeError) -> [BlobID] {
        try Self.names(in: "\(layout.blobs)/\(directory)", fileSystem)
            .compactMap(VolumeLayout.blobID)
            .filter { id in
                VolumeLayout.fanOut(id) == directory && after.map { id > $0 } ?? true
            }
            .reversed()
    }

    private static func names(
        in directory: String,
        _ fileSystem: any FileSystem
    ) throws(VolumeError) -> [String] {
        do throws(DiskError) {
            return try fileSystem.list(directory)
        } catch  where error.code == .notADirectory || error.code == .notFound {
            return []
        } catch {
            throw .readFailed(error)
        }
    }
}
