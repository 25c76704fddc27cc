import MetadataIndex
import SQLiteDatabase
import StorageModel
import Volumes

extension InspectionRun {
    /// Blobs that are asked for at a time.
    private static let pageMax = 1000
    /// The most objects that a disagreement about a blob names.
    private static let ownersMax = 16

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
        let owners = try truth.owners(
            of: Set(faults.map(\.0)),
            at: [],
            namesMax: Self.ownersMax
        )
        for (id, fault) in faults {
            report.add(
                Disagreement(
                    fault.kind,
                    path: fault.path,
                    offset: fault.offset,
                    detail: fault.detail,
                    objects: owners.blobs[id] ?? []
                )
            )
        }
    }

    /// What is wrong with a blob that rows need.
    private func check(_ need: BlobNeed) throws(MaintenanceError) -> [Disagreement] {
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
        } catch {
            switch error {
            case .blobMissing: return [Disagreement(.blobMissing, path: path)]
            case .blobInvalid(_, let fault):
                return [Disagreement(.blobInvalid, path: path, detail: "\(fault)")]
            case .readFailed(let disk):
                return [Disagreement(.blobUnreadable, path: path, detail: "\(disk)")]
            case .inUse, .labelMissing, .labelInvalid, .versionUnknown, .foreign, .logDamaged,
                .logSegmentMissing, .logTooShort, .logBeginsLater, .logPositionInvalid,
                .recordTooLong, .payloadDamaged, .rangeInvalid, .blobWriterClosed, .outOfSpace,
                .writeFailed, .volumeFailed, .closed:
                throw MaintenanceError(error, directory: audit.directory)
            }
        }
    }

    private func findUnreferenced() throws {
        var files = try audit.blobFiles()
        while let file = try files.next() {
            try checkStop()
            guard try scratch.need(of: file.id) == nil else { continue }
            report.add(
                Disagreement(
                    .blobUnreferenced,
                    path: file.path,
                    detail: "\(file.sizeBytes) bytes"
                )
            )
        }
    }
}
