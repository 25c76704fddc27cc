import MetadataIndex
import StorageModel
import Volumes

extension InspectionRun {
    /// What the second index begins with.
    struct Beginning {
        let base: IndexBase
        let writer: IndexWriter
        /// Whether it can be made of the log at all.
        let isWhole: Bool
    }

    /// Begins the second index; where no snapshot can be read that it would need, an empty one, so that the
    /// index in use is believed and all the rest is compared with it.
    ///
    /// - Parameters:
    ///   - bases: What it can be made of.
    ///   - standIn: What it begins with if none of them can be read; nil if that ends the check.
    ///   - audit: The volume.
    ///   - path: The file of the second index.
    ///   - note: Told the file of each snapshot that cannot be read.
    /// - Returns: What it was begun with.
    /// - Throws: ``MaintenanceError/snapshotInvalid(path:)``; the failures of reading and writing.
    static func begin(
        _ bases: [IndexBase],
        or standIn: IndexBase?,
        _ audit: VolumeAudit,
        _ path: String,
        note: (String) -> Void
    ) throws -> Beginning {
        do {
            let begun = try IndexBase.begin(bases, of: audit.directory, at: path, note: note)
            return Beginning(base: begun.base, writer: begun.writer, isWhole: true)
        } catch MaintenanceError.snapshotInvalid(let snapshot) {
            guard let standIn else { throw MaintenanceError.snapshotInvalid(path: snapshot) }
            let writer = try standIn.begin(at: path)
            return Beginning(base: standIn, writer: writer, isWhole: false)
        }
    }

    /// Where the records of the log count, by the name of its newest snapshot or else by the index in use.
    static func withoutSnapshot(
        _ audit: VolumeAudit,
        _ state: IndexState?
    ) throws(VolumeError) -> IndexBase {
        let newest = try audit.snapshots().last?.position
        return .empty(audit, from: newest ?? state?.applied ?? LogPosition(0))
    }

    /// Names the snapshots that the log was cleaned behind, of which none is there.
    func noteSnapshotsMissing() {
        report.add(
            Disagreement(
                .snapshotInvalid,
                path: audit.directory + "/snapshots",
                detail:
                    "there is none, and the log begins later than it was written; nave scrub, or "
                    + "the next start of a server, makes two of the index"
            )
        )
    }
}
