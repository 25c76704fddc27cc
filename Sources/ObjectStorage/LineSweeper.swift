import Logging
import MetadataIndex
import SQLiteDatabase
import StorageModel

/// Frees what versions, commits and drafts that are gone left behind, discards drafts that expired, and
/// forgets commits that their versions keep no longer: in small changes, after those of clients.
struct LineSweeper {
    let index: MetadataIndex
    let names: NameDirectory
    let limits: StoreLimits
    let clock: @Sendable () -> WallTime
    let pace: BackgroundPace
    let logger: Logger

    /// Rows of the index that are asked for at a time.
    private static let pageMax = 64

    /// Sweeps until nothing is left, or the work is to end.
    ///
    /// - Throws: ``StoreError``; what was swept before stays so.
    func sweep() throws(StoreError) {
        while pace.goesOn,
            try asking({ reader throws(SQLiteError) in
                try reader.hasSweepsWaiting()
            })
        {
            _ = try pace.commit(.sweep(rowsMax: limits.sweptRowsMax))
        }
    }

    /// Discards drafts whose time has come.
    ///
    /// - Returns: How many.
    /// - Throws: ``StoreError``; what was discarded before stays so.
    func expireDrafts() throws(StoreError) -> Int {
        var count = 0
        let now = clock()
        while pace.goesOn {
            let drafts = try asking { reader throws(SQLiteError) in
                try reader.draftsExpired(before: now, limit: Self.pageMax)
            }
            for draft in drafts where pace.goesOn {
                if try propose(.discardDraft(draft.version), draft.namespace) { count += 1 }
            }
            if drafts.count < Self.pageMax { break }
        }
        if count > 0 { logger.notice("drafts expired", metadata: ["count": "\(count)"]) }
        return count
    }

    /// Forgets which keys were deleted in lines whose drafts are gone, those that hide nothing.
    ///
    /// - Throws: ``StoreError``; what was forgotten before stays so.
    func forgetDeletions() throws(StoreError) {
        var last = LineID(.min)
        while pace.goesOn {
            let after = last
            let lines = try asking { reader throws(SQLiteError) in
                try reader.linesWithDeletions(after: after, limit: Self.pageMax)
            }
            for line in lines { try forgetDeletions(in: line) }
            guard lines.count == Self.pageMax, let end = lines.last else { return }
            last = end
        }
    }

    /// Forgets which keys were deleted in a line, if no draft goes into it any more.
    ///
    /// - Throws: ``StoreError``; what was forgotten before stays so.
    func forgetDeletions(in line: LineID) throws(StoreError) {
        let limit = limits.sweptRowsMax
        var last: ObjectKey?
        while pace.goesOn {
            let after = last
            let (keys, idle) = try asking { reader throws(SQLiteError) in
                let keys = try reader.deletions(in: line, after: after, limit: limit)
                var idle: [LineKey] = []
                for key in keys {
                    let place = LineKey(line: line, key: key)
                    if try reader.idleDeletion(of: place) != nil { idle.append(place) }
                }
                return (keys, idle)
            }
            if !idle.isEmpty { _ = try pace.commit(.forgetDeletions(idle)) }
            guard keys.count == limit, let end = keys.last else { return }
            last = end
        }
    }

    /// Does what a batch of the committer left to be done.
    ///
    /// - Throws: ``StoreError``; what was done before stays so.
    func tidy(_ leftovers: LineLeftovers) throws(StoreError) {
        for version in leftovers.retaining {
            let row = try asking { reader throws(SQLiteError) in
                try reader.versionRow(id: version)
            }
            if let row { try forgetCommits(of: row) }
        }
        try sweep()
        // What was swept may have been the last that a deletion hid.
        for line in leftovers.draftless { try forgetDeletions(in: line) }
    }

    /// Forgets commits that are more than their versions keep.
    ///
    /// - Throws: ``StoreError``; what was forgotten before stays so.
    func forgetCommits() throws(StoreError) {
        var last = LineID(.min)
        while pace.goesOn {
            let after = last
            let versions = try asking { reader throws(SQLiteError) in
                try reader.versionsWithRetention(after: after, limit: Self.pageMax)
            }
            for version in versions { try forgetCommits(of: version) }
            guard versions.count == Self.pageMax, let end = versions.last else { return }
            last = end.line
        }
    }

    private func forgetCommits(of version: VersionRow) throws(StoreError) {
        while pace.goesOn {
            let digests = try asking { reader throws(SQLiteError) in
                try reader.commitsToForget(of: version, limit: Self.pageMax)
            }
            guard !digests.isEmpty else { return }
            guard try propose(.forget(digests), version.namespace) else { return }
        }
    }

    /// False if somebody was faster.
    private func propose(_ action: VersionAction, _ line: LineID) throws(StoreError) -> Bool {
        guard let namespace = names.read({ $0.namespace(line: line) }) else { return false }
        do throws(StoreError) {
            let proposal = VersionProposal(namespace: namespace, action: action)
            _ = try pace.commit(.version(proposal))
            return true
        } catch {
            switch error {
            case .version, .namespaceMissing: return false
            default: throw error
            }
        }
    }

    private func asking<Value: Sendable>(
        _ body: @Sendable (IndexReader) throws(SQLiteError) -> Value
    ) throws(StoreError) -> Value {
        do throws(SQLiteError) { return try index.read(body) } catch { throw StoreError(error) }
    }
}
