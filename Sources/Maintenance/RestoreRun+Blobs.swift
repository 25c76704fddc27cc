import DiskIO
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Volumes

extension RestoreRun {
    /// Blobs that the index is asked for at a time.
    private static let pageMax = 4096

    /// Copies the blobs that the index needs, and names those that are damaged or missing.
    func copyBlobs(_ index: IndexReader, _ progress: ProgressVisitor) throws {
        var faults: [(BlobID, Disagreement)] = []
        var last: BlobID?
        while true {
            let page = try index.blobs(after: last, limit: Self.pageMax)
            guard let end = page.last else { break }
            for id in page {
                if stop.isStopped { throw MaintenanceError.stopped }
                if let fault = try copyBlob(id) {
                    try reading.checkUnreplaced(manifest)
                    faults.append((id, fault))
                }
                progress(
                    MaintenanceProgress(
                        stage: .blobs,
                        items: blobs,
                        bytes: bytes,
                        totalBytes: manifest.blobBytes
                    )
                )
            }
            last = end
        }
        try target.synchronizeBlobs()
        guard !faults.isEmpty else { return }
        let owners = try index.owners(of: Set(faults.map(\.0)), at: [])
        for (id, fault) in faults {
            note(
                Disagreement(
                    fault.kind,
                    path: fault.path,
                    offset: fault.offset,
                    detail: fault.detail,
                    objects: owners.blobs[id]?.objects ?? NamedObjects()
                )
            )
        }
    }

    private func copyBlob(_ id: BlobID) throws(VolumeError) -> Disagreement? {
        let path = source.path(of: id)
        do throws(VolumeError) {
            switch try target.copyBlob(id, from: source, trusting: .checksums) {
            case .copied(let copied):
                blobs += 1
                bytes += copied
                return nil
            case .damaged(let copied, let path, let offset):
                blobs += 1
                bytes += copied
                return Disagreement(.blobDamaged, path: path, offset: offset)
            case .missing: return Disagreement(.blobMissing, path: path)
            }
        } catch .readFailed(let disk) where disk.path == path {
            return Disagreement(.blobUnreadable, path: path, detail: "\(disk)")
        }
    }
}
