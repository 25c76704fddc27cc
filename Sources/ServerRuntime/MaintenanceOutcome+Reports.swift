import Maintenance
import StorageModel
import Volumes

// What each command says at its end.

extension MaintenanceOutcome {
    private struct CheckDocument: Encodable {
        let event = "check"
        let isWell: Bool
        let records: Int64
        let rows: Int64
        let blobs: Int64
        let verifiedBytes: Int64
        let indexCompared: Bool
        let disagreementCount: Int64
        let disagreements: [DisagreementDocument]
        let litterCount: Int64
        let litter: [DisagreementDocument]
    }

    init(_ report: InspectionReport) {
        let items = report.disagreements.map(DisagreementDocument.init)
        var lines = items.map(\.line)
        if report.total > Int64(items.count) {
            lines.append("… and \(report.total - Int64(items.count)) more")
        }
        if report.litterCount > 0 {
            lines.append(
                "\(report.litterCount) files are left of a crash; the next start removes them."
            )
        }
        let looked =
            "\(report.records) records, \(report.rows) objects and parts, \(report.blobs) blobs"
            + (report.verifiedBytes > 0
                ? ", \(ByteText(report.verifiedBytes)) of payload verified" : "")
        lines.append(
            report.total == 0
                ? "All well: \(looked)."
                : "\(report.total) disagreements in \(looked)."
        )
        self.init(
            isWell: report.total == 0,
            lines: lines,
            CheckDocument(
                isWell: report.total == 0,
                records: report.records,
                rows: report.rows,
                blobs: report.blobs,
                verifiedBytes: report.verifiedBytes,
                indexCompared: report.isIndexCompared,
                disagreementCount: report.total,
                disagreements: items,
                litterCount: report.litterCount,
                litter: report.litter.map(DisagreementDocument.init)
            )
        )
    }

    private struct ScrubDocument: Encodable {
        struct Item: Encodable {
            let kind: String
            let path: String
            let offset: Int64?
            let objects: [String]
            let moreObjects: Int
        }

        let event = "scrub"
        let isWell: Bool
        let bytes: Int64
        let damaged: Int64
        let healed: Int64
        let copied: Int
        let payloadsBelowCopies: Int
        let damage: [Item]
    }

    /// What a pass of the scrub found, of which so many places were written anew from other volumes, and
    /// on how many volumes everything is afterwards.
    init(
        _ pass: ScrubState.FinishedPass,
        healed: Int64,
        _ list: DamageList,
        _ copies: CopiesReport
    ) {
        let isWell = pass.damaged <= healed && copies.payloadsBelow == 0
        let open = list.items.filter { $0.state == "found" }
        var lines = open.map { item in
            let place = item.offset.map { " at byte \($0)" } ?? ""
            let objects = item.objects.names.isEmpty ? "" : " [\(item.objects.text)]"
            return "\(item.kind)  \(item.path)\(place)\(objects)"
        }
        let read = ByteText(pass.bytes)
        lines.append(
            pass.damaged == 0
                ? "\(isWell ? "All well: " : "")\(read) read and verified."
                : "\(pass.damaged) damaged places in \(read)"
                    + (healed > 0 ? ", \(healed) of them mended from another volume." : ".")
        )
        if copies.copied > 0 { lines.append("\(copies.copied) copies were wanting and were made.") }
        if copies.payloadsBelow > 0 {
            lines.append(
                "\(copies.payloadsBelow) payloads are on fewer than \(copies.wanted) folders."
            )
        }
        self.init(
            isWell: isWell,
            lines: lines,
            ScrubDocument(
                isWell: isWell,
                bytes: pass.bytes,
                damaged: pass.damaged,
                healed: healed,
                copied: copies.copied,
                payloadsBelowCopies: copies.payloadsBelow,
                damage: open.map {
                    ScrubDocument.Item(
                        kind: $0.kind,
                        path: $0.path,
                        offset: $0.offset,
                        objects: $0.objects.names,
                        moreObjects: $0.objects.moreCount
                    )
                }
            )
        )
    }

    private struct RebuildDocument: Encodable {
        let event = "rebuild"
        let changes: Int64
        let logBytes: Int64
        let milliseconds: Int64
    }

    init(_ report: IndexRebuild.Report, took time: Duration) {
        let parts = time.components
        let milliseconds = parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000
        self.init(
            isWell: true,
            lines: [
                "The index was made again of \(report.changes) changes in "
                    + "\(ByteText(report.logBytes)) of log, in \(milliseconds) ms."
            ],
            RebuildDocument(
                changes: report.changes,
                logBytes: report.logBytes,
                milliseconds: milliseconds
            )
        )
    }

    private struct RestoreDocument: Encodable {
        let event = "restore"
        let isWell: Bool
        let data: String
        let changes: Int64
        let blobs: Int64
        let bytes: Int64
        let completed: Int64
        let damageCount: Int64
        let damage: [DisagreementDocument]
    }

    init(_ report: Restore.Report, directory: String) {
        let damage = report.damage.map(DisagreementDocument.init)
        var lines = damage.map(\.line)
        lines.append(
            "Restored \(report.changes) changes and \(report.blobs) blobs, "
                + "\(ByteText(report.bytes)), into \(directory)."
        )
        if report.damageCount > 0 {
            lines.append("\(report.damageCount) damaged places of the backup are listed above.")
        }
        self.init(
            isWell: report.damageCount == 0,
            lines: lines,
            RestoreDocument(
                isWell: report.damageCount == 0,
                data: directory,
                changes: report.changes,
                blobs: report.blobs,
                bytes: report.bytes,
                completed: report.manifest.completed.milliseconds,
                damageCount: report.damageCount,
                damage: damage
            )
        )
    }

    init(_ backup: BackupOutcome) {
        var lines = backup.damage
        lines.append(
            "Backed up into \(backup.target): \(ByteText(backup.copiedBytes)) copied, "
                + "\(backup.copiedBlobs) blobs among them, \(backup.removedFiles) files removed."
        )
        if backup.damagedBlobs > 0 {
            lines.append("\(backup.damagedBlobs) payloads could not be read whole.")
        }
        self.init(isWell: backup.damagedBlobs == 0, lines: lines, backup)
    }
}
