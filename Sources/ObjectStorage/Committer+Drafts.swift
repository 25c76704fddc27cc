import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel

// Decisions about drafts.

extension Committer {
    func createDraft(
        _ version: VersionName,
        _ plan: DraftPlan,
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        let row = try openRow(version, namespace)
        guard
            let draft = try? VersionName(name: version.name, tag: version.tag + plan.suffix)
        else { throw .refused(.version(.tagTooLong(version))) }
        try checkFree(draft, namespace)
        let (expires, overflow) = batchTime.milliseconds.addingReportingOverflow(
            plan.keptMilliseconds
        )
        let fork = VersionFork(
            namespaceLine: namespace.line,
            version: draft,
            line: newLine(),
            origin: try origin(of: row.line, upTo: sequence - 1, for: version),
            source: row.line,
            head: nil,
            draft: DraftOrigin(
                base: row.line,
                sequence: sequence - 1,
                expires: WallTime(milliseconds: overflow ? .max : expires)
            )
        )
        return .change(.forkVersion(fork)) { _ in .done }
    }

    func commitDraft(
        _ draft: VersionName,
        _ note: CommitNote,
        _ merging: DraftMerging,
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        let row = try row(draft, namespace)
        guard let origin = row.draft else { throw .refused(.version(.isNoDraft(draft))) }
        let found = try asking { () throws(SQLiteError) in
            try writer.reader.versionRow(of: origin.base)
        }
        guard let base = found, base.kind == .version else {
            throw .refused(.version(.baseGone(draft)))
        }
        guard base.sealed == nil else { throw .refused(.version(.sealed(base.version))) }
        let decision =
            switch merging {
            case .moving: try moveDraft(row, origin, base, note, namespace)
            case .adopting(let plan): try adoptDraft(row, base, plan, note, namespace)
            }
        entries.evict(namespace.line, prefix: base.version.keyPrefix)
        entries.evict(namespace.line, prefix: draft.keyPrefix)
        return decision
    }

    /// Has the rows of a draft go into its version's line: some 30 microseconds for each.
    private func moveDraft(
        _ row: VersionRow,
        _ origin: DraftOrigin,
        _ base: VersionRow,
        _ note: CommitNote,
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        let hasRows = try asking { () throws(SQLiteError) in
            try writer.reader.hasOwnRows(row.line)
        }
        // Rows only ever move to lines with smaller numbers, since the cleaner of the log walks downwards.
        guard row.line > base.line || !hasRows else {
            throw .refused(.version(.mergeOutdated(row.version)))
        }
        var total = try total(of: base)
        let merge = try asking { () throws(SQLiteError) in
            try writer.reader.merge(row.line, origin)
        }
        if let conflict = merge.conflict { throw .refused(.version(.conflict(conflict))) }
        total.add(merge.difference)
        let commit = try commit(
            of: base,
            note,
            namespace,
            .open,
            total: total,
            draft: row.line
        )
        return .change(.commitDraft(DraftCommit(draft: row.line, commit: commit))) { _ in
            .manifest(commit.manifest)
        }
    }

    /// Has the line of a draft take the place of its version's: it costs as much as the two have arrays
    /// and groups.
    private func adoptDraft(
        _ row: VersionRow,
        _ base: VersionRow,
        _ plan: AdoptionPlan,
        _ note: CommitNote,
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        if let conflict = plan.merge.conflict { throw .refused(.version(.conflict(conflict))) }
        var total = try total(of: base)
        let (holds, depth) = try asking { () throws(SQLiteError) -> (Bool, Int) in
            let holds = try writer.reader.holds(
                plan,
                of: row.line,
                base: base.line,
                limit: limits.batchedKeysMax
            )
            return (holds, try writer.reader.depth(of: base.line))
        }
        guard holds else { throw .refused(.version(.mergeOutdated(row.version))) }
        // One level is left for drafts.
        guard depth + 1 < limits.forkDepthMax else {
            throw .refused(.version(.forkedTooOften(base.version, limit: limits.forkDepthMax)))
        }
        total.add(plan.merge.difference)
        let commit = VersionCommit(
            line: row.line,
            origin: LineOrigin(parent: row.line, prefix: "", sequence: sequence, kind: .fork),
            manifest: try manifest(of: base, note, namespace, total),
            sealing: .open
        )
        let adoption = DraftAdoption(base: base.line, tallies: plan.tallies, commit: commit)
        return .change(.adoptDraft(adoption)) { _ in .manifest(commit.manifest) }
    }

    func discardDraft(_ draft: VersionName, _ namespace: Namespace) throws(Refusal) -> Decision {
        let row = try row(draft, namespace)
        guard row.kind == .draft else { throw .refused(.version(.isNoDraft(draft))) }
        entries.evict(namespace.line, prefix: draft.keyPrefix)
        let removal = VersionRemoval(line: row.line, residue: nil)
        return .change(.removeVersion(removal)) { _ in .done }
    }
}
