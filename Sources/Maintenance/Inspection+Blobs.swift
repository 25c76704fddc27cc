import MetadataIndex
import SQLiteDatabase
import StorageModel
import Volumes

extension InspectionRun {
    /// Blobs that are asked for at a time.
    private static let pageMax = 1000

    /// Compares the blobs on the disk with what the rows need.
    func readBlobs(_ progress: ProgressVisitor) throws {
        var faults: [(BlobID, Disagreement)] = []
        var last: BlobID?
        while true {
            let page = try scratch.needs(after: last, limit: Self.pageMax)
            guard let end = page.last else { break }
            for need in page {
                try checkStop()
                report.blobs += 1
                faults += try check(need).map { (need.id, $0) }
                progress(
                    MaintenanceProgress(
                        stage: .blobs,
                        items: report.blobs,
                        bytes: report.verifiedBytes
                    )
                )
            }
            last = end.id
            // Their owners are looked for together, since that reads every row.
            if faults.count >= Self.pageMax {
                try add(faults)
                faults = []
            }
        }
        try add(faults)
        try findUnreferenced()
    }

    private func add(_ faults: [(BlobID, Disagreement)]) throws {
        guard !faults.isEmpty else { return }
        let owners = try truth.owners(of: Set(faults.map(\.0)), at: [])
        for (id, fault) in faults {
            report.add(
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

    /// What is wrong with a blob that rows need, on each volume that holds it.
    private func check(_ need: BlobNeed) throws(MaintenanceError) -> [Disagreement] {
        var copies = 0
        var faults: [Disagreement] = []
        for audit in volumes.all {
            guard let found = try check(need, on: audit) else { continue }
            copies += 1
            faults += found
        }
        if copies == 0 {
            faults.append(Disagreement(.blobMissing, path: audit.path(of: need.id)))
        } else if copies < volumes.copies {
            let detail = "on \(copies) of \(volumes.copies) volumes"
            faults.append(
                Disagreement(.blobCopies, path: audit.path(of: need.id), detail: detail)
            )
        }
        return faults
    }

    /// What is wrong with a volume's copy of a blob; nil if it has none.
    private func check(
        _ need: BlobNeed,
        on audit: VolumeAudit
    ) throws(MaintenanceError) -> [Disagreement]? {
        let path = audit.path(of: need.id)
        do throws(VolumeError) {
            var blob = try audit.blob(need.id)
            var faults: [Disagreement] = []
            if blob.payloadBytes < need.endBytes {
                let detail = "it has \(blob.payloadBytes) bytes, \(need.endBytes) are needed"
                faults.append(Disagreement(.blobLength, path: path, detail: detail))
            }
            guard depth == .payloads else { return faults }
            while let step = try blob.next() {
                if stop.isStopped { break }
                switch step {
                case .whole(let bytes): report.verifiedBytes += bytes
                case .damaged(let offset, _):
                    faults.append(Disagreement(.blobDamaged, path: path, offset: offset))
                }
            }
            return faults
        } catch .blobMissing {
            return nil
        } catch .blobInvalid(_, let fault) {
            return [Disagreement(.blobInvalid, path: path, detail: "\(fault)")]
        } catch .readFailed(let disk) {
            return [Disagreement(.blobUnreadable, path: path, detail: "\(disk)")]
        } catch {
            throw MaintenanceError(error, directory: audit.directory)
        }
    }

    private func findUnreferenced() throws {
        for audit in volumes.all { try findUnreferenced(on: audit) }
    }

    private func findUnreferenced(on audit: VolumeAudit) throws {
        var files = try audit.blobFiles()
        while let file = try files.next() {
            try checkStop()
            guard try scratch.need(of: file.id) == nil else { continue }
            let found = Disagreement(
                .blobUnreferenced,
                path: file.path,
                detail: "\(file.sizeBytes) bytes"
            )
            // A record that cannot be read may name it.
            if isLogWhole { report.addLitter(found) } else { report.add(found) }
        }
    }
}
