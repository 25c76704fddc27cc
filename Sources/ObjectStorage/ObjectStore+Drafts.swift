import MetadataIndex
import SQLiteDatabase
import StorageModel

// Drafts: private forks of a version that go into it as a whole, or not at all.

extension ObjectStore {
    /// Makes a draft of a version: a fork called `name:tag.draft-` with eight digits, which is written
    /// like any version and listed for nobody who does not name it.
    ///
    /// - Returns: The draft.
    /// - Throws: ``StoreError/version(_:)`` with `.missing`, `.isDraft`, `.sealed`, `.tagTooLong` or
    ///   `.forkedTooOften`; ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    public func createDraft(
        of version: VersionName,
        in namespace: Namespace,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> VersionState {
        let digits = String(UInt32(truncatingIfNeeded: random()), radix: 16)
        let suffix = ".draft-" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
        let (kept, overflow) = limits.draftExpirySeconds.multipliedReportingOverflow(by: 1000)
        let plan = DraftPlan(suffix: suffix, keptMilliseconds: overflow ? .max : kept)
        try await propose(.createDraft(version, plan), namespace, actor)
        return try present(
            VersionName(trustedName: version.name, tag: version.tag + suffix),
            namespace
        )
    }

    /// Has everything that a draft changed become part of its version at once, and commits that.
    ///
    /// What the version changed meanwhile stays, as long as no key was changed by both to something
    /// else. It costs as much as the draft changed; others write meanwhile, but for the move of at most
    /// ``StoreLimits/movedDraftKeysMax`` keys. A larger draft's line takes the place of the version's, which
    /// makes the version one level deeper; where it cannot have another, the keys are moved all the same.
    ///
    /// - Returns: The commit. The draft is gone.
    /// - Throws: ``StoreError/version(_:)`` with `.conflict` (nothing was changed), `.missing`,
    ///   `.isNoDraft`, `.baseGone`, `.sealed`, `.messageTooLong`, `.forkedTooOften`, or `.mergeOutdated` if
    ///   the version or the draft changed too much while the commit was prepared, several times over;
    ///   ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    @discardableResult
    public func commitDraft(
        _ draft: VersionName,
        in namespace: Namespace,
        message: String = "",
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> Manifest {
        let note = CommitNote(message: message, author: actor)
        let line = try present(draft, namespace).line
        let limit = limits.movedDraftKeysMax + 1
        let keys = try ask { reader throws(SQLiteError) in
            try reader.ownRowCount(line, limit: limit)
        }
        guard keys < limit else { return try await adopt(draft, note, namespace, actor) }
        do throws(StoreError) {
            return try await commit(draft, note, .moving(keys: keys), namespace, actor)
        } catch {
            guard case .version(.mergeOutdated) = error else { throw error }
            return try await adopt(draft, note, namespace, actor)
        }
    }

    /// Times that a commit is planned anew because of what changed meanwhile.
    private static let plansMax = 8

    private func adopt(
        _ draft: VersionName,
        _ note: CommitNote,
        _ namespace: Namespace,
        _ actor: PrincipalName?
    ) async throws(StoreError) -> Manifest {
        for _ in 0..<Self.plansMax {
            // What is missing is said by who decides.
            let plan = try await planAdoption(of: draft, namespace)
            let merging = plan.map { DraftMerging.adopting($0) } ?? .moving(keys: 0)
            do throws(StoreError) {
                return try await commit(draft, note, merging, namespace, actor)
            } catch {
                switch error {
                case .version(.mergeOutdated): continue
                case .version(.forkedTooOften):
                    return try await move(draft, note, namespace, actor, insteadOf: error)
                default: throw error
                }
            }
        }
        throw .version(.mergeOutdated(draft))
    }

    /// Finds out what the commit of a draft comes to, with room for others' disk work in between.
    private func planAdoption(
        of draft: VersionName,
        _ namespace: Namespace
    ) async throws(StoreError) -> AdoptionPlan? {
        let line = namespace.line
        let rowsMax = limits.walkedRowsMax
        var plan = try await diskPool.perform { [self] () throws(StoreError) in
            try ask { reader throws(SQLiteError) in
                try reader.beginAdoption(of: draft, namespace: line)
            }
        }
        while let before = plan, !before.isComplete {
            plan = try await diskPool.perform { [self] () throws(StoreError) in
                try ask { reader throws(SQLiteError) in
                    var next = before
                    try next.advance(rowsMax: rowsMax, reader)
                    return next
                }
            }
        }
        return plan
    }

    /// Moves all keys of a draft whose version can have no further level.
    private func move(
        _ draft: VersionName,
        _ note: CommitNote,
        _ namespace: Namespace,
        _ actor: PrincipalName?,
        insteadOf refusal: StoreError
    ) async throws(StoreError) -> Manifest {
        let line = try present(draft, namespace).line
        let keys = try ask { reader throws(SQLiteError) in try reader.keptRowCount(of: line) }
        do throws(StoreError) {
            return try await commit(draft, note, .moving(keys: keys), namespace, actor)
        } catch {
            // They cannot go to a line that came to be later.
            guard case .version(.mergeOutdated) = error else { throw error }
            throw refusal
        }
    }

    private func commit(
        _ draft: VersionName,
        _ note: CommitNote,
        _ merging: DraftMerging,
        _ namespace: Namespace,
        _ actor: PrincipalName?
    ) async throws(StoreError) -> Manifest {
        try await counted { () throws(StoreError) in
            try await manifest(of: .commitDraft(draft, note, merging), namespace, actor)
        }
    }

    /// Throws a draft away.
    ///
    /// - Throws: ``StoreError/version(_:)`` with `.missing` or `.isNoDraft`;
    ///   ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    public func discardDraft(
        _ draft: VersionName,
        in namespace: Namespace,
        actor: PrincipalName? = nil
    ) async throws(StoreError) {
        try await propose(.discardDraft(draft), namespace, actor)
    }

    // MARK: - Differences, events, usage

    /// Compares what two lines show: of versions, drafts or commits.
    ///
    /// Where one began as the other, or both as a third, only what changed since is looked at.
    ///
    /// - Returns: The keys that differ, of at most ``StoreLimits/comparedKeysMax`` that may.
    /// - Throws: ``StoreError/indexFailed``.
    public func difference(
        from first: LineID,
        to second: LineID
    ) async throws(StoreError) -> LineDifference {
        let limit = limits.comparedKeysMax
        return try await diskPool.perform { [self] () throws(StoreError) in
            try ask { reader throws(SQLiteError) in
                try reader.difference(from: first, to: second, limit: limit)
            }
        }
    }

    /// What happened to the arrays and versions of a namespace after an event, in order.
    ///
    /// - Parameters:
    ///   - namespace: The namespace.
    ///   - number: The last event that is known already; 0 for none.
    ///   - limit: The most to give.
    /// - Returns: The events. The oldest are not kept for ever: a reader whose `number` is less than
    ///   ``lostEventNumber(in:)`` has missed some.
    /// - Throws: ``StoreError/indexFailed``.
    public func events(
        in namespace: Namespace,
        after number: Int64,
        limit: Int
    ) throws(StoreError) -> [ArrayEvent] {
        let line = namespace.line
        return try ask { reader throws(SQLiteError) in
            try reader.events(of: line, after: number, limit: limit)
        }
    }

    /// The number of the newest event of any namespace, from which one who begins to follow goes on.
    public func newestEventNumber() throws(StoreError) -> Int64 {
        try ask { reader throws(SQLiteError) in try reader.lastEventNumber() }
    }

    /// The number of the last event of a namespace that is kept no longer; 0 if all are.
    public func lostEventNumber(in namespace: Namespace) throws(StoreError) -> Int64 {
        let line = namespace.line
        return try ask { reader throws(SQLiteError) in try reader.lostEventNumber(of: line) }
    }

    /// Has an action run after every commit that had events of a namespace.
    ///
    /// The action runs on the committer's thread and must only wake somebody. Who watches first and asks
    /// for events then misses none.
    ///
    /// - Parameters:
    ///   - namespace: The namespace.
    ///   - principal: Who watches; nil for one who has no keys.
    ///   - action: What runs.
    /// - Returns: The watch, which ends when it is let go; nil if too many watch already, of all, of the
    ///   namespace or of the principal.
    public func watchEvents(
        in namespace: Namespace,
        for principal: PrincipalName?,
        _ action: @escaping @Sendable () -> Void
    ) -> EventWatch? {
        board.watch(namespace.line, for: principal, action).map { EventWatch(board, $0) }
    }

    /// How much a namespace holds.
    ///
    /// It costs as much as the namespace has versions and commits.
    public func usage(of namespace: Namespace) async throws(StoreError) -> NamespaceUsage {
        let line = namespace.line
        return try await diskPool.perform { [self] () throws(StoreError) in
            try ask { reader throws(SQLiteError) in try reader.usage(of: line) }
        }
    }
}
