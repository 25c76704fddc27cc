import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel

/// What the committer makes of a proposal.
enum Decision {
    /// Nothing needs to change.
    case unchanged(CommitOutcome)
    /// A change is to be made; the outcome is known once it has its place.
    case change(ChangeOperation, (Placement) -> CommitOutcome)
}

/// Why a proposal was not decided.
enum Refusal: Error {
    /// The proposal's own conditions do not hold; others in the batch are not concerned.
    case refused(StoreError)
    /// The index cannot be asked; the batch fails.
    case indexFailed(SQLiteError)
}

extension Committer {
    /// Decides a proposal against the state of the open transaction; changes nothing but ``names``.
    func evaluate(_ proposal: Proposal) throws(Refusal) -> Decision {
        switch proposal {
        case .createNamespace(let name, let owner, let access):
            try createNamespace(name, owner: owner, access: access)
        case .deleteNamespace(let name): try deleteNamespace(name)
        case .setAccess(let access, let name): try setAccess(access, name)
        case .addPrincipal(let principal): try addPrincipal(principal)
        case .removePrincipal(let name): try removePrincipal(name)
        case .put(let put): try evaluate(put)
        case .delete(let keys, let namespace, let precondition):
            try delete(keys, namespace, precondition)
        case .createUpload(let creation, let name): try createUpload(creation, name)
        case .putPart(let part): try putPart(part)
        case .completeUpload(let completion): try complete(completion)
        case .abortUpload(let id, let key, let namespace): try abortUpload(id, key, namespace)
        case .relocate(let relocation): try relocate(relocation)
        case .write(let batch): try write(batch)
        case .version(let version): try evaluate(version)
        case .forgetDeletions(let places): try forgetDeletions(places)
        case .sweep(let rowsMax): try sweep(rowsMax)
        }
    }

    // MARK: - Names

    private func createNamespace(
        _ name: NamespaceName,
        owner: PrincipalName,
        access: NamespaceAccess
    ) throws(Refusal) -> Decision {
        if let existing = names.namespaces[name] {
            guard existing.owner == owner else { throw .refused(.namespaceTaken(name)) }
            return .unchanged(.namespace(.alreadyYours(existing)))
        }
        let line = newLine()
        let created = Namespace(
            name: name,
            owner: owner,
            access: access,
            created: batchTime,
            line: line
        )
        names.insert(created)
        return .change(
            .createNamespace(name: name, owner: owner, access: access, line: line)
        ) { _ in .namespace(.created(created)) }
    }

    private func deleteNamespace(_ name: NamespaceName) throws(Refusal) -> Decision {
        let namespace = try named(name)
        let isEmpty = try asking { () throws(SQLiteError) in
            if try writer.reader.holdsObjects(namespace: namespace.line) { return false }
            return try !writer.reader.holdsVersions(namespace: namespace.line)
        }
        guard isEmpty else { throw .refused(.namespaceNotEmpty(name)) }
        names.remove(namespace)
        return .change(.deleteNamespace(line: namespace.line)) { _ in .done }
    }

    private func setAccess(
        _ access: NamespaceAccess,
        _ name: NamespaceName
    ) throws(Refusal) -> Decision {
        let before = try named(name)
        let after = Namespace(
            name: name,
            owner: before.owner,
            access: access,
            created: before.created,
            line: before.line
        )
        guard before.access != access else { return .unchanged(.changedNamespace(before)) }
        names.insert(after)
        return .change(.setAccess(access, line: before.line)) { _ in .changedNamespace(after) }
    }

    private func addPrincipal(_ principal: Principal) throws(Refusal) -> Decision {
        guard !principal.isRoot, names.principals[principal.name] == nil,
            names.principal(accessKey: principal.accessKey) == nil
        else { throw .refused(.principalTaken(principal.name)) }
        names.insert(principal)
        return .change(.addPrincipal(principal)) { _ in .done }
    }

    private func removePrincipal(_ name: PrincipalName) throws(Refusal) -> Decision {
        guard name != .root, let principal = names.principals[name] else {
            throw .refused(.principalMissing(name))
        }
        names.remove(principal)
        return .change(.removePrincipal(name)) { _ in .done }
    }

    private func named(_ name: NamespaceName) throws(Refusal) -> Namespace {
        guard let namespace = names.namespaces[name] else {
            throw .refused(.namespaceMissing(name))
        }
        return namespace
    }

    // MARK: - Objects

    private func evaluate(_ put: PutProposal) throws(Refusal) -> Decision {
        try checkLive(put.namespace)
        try check(put.origin, put.entry.payload)
        return try write(
            put.key,
            put.namespace,
            put.entry,
            put.fact,
            put.precondition
        ) { .putObject($0) }
    }

    /// Decides where an object goes, whether its precondition holds, and whether it opens a
    /// version.
    func write(
        _ key: ObjectKey,
        _ namespace: Namespace,
        _ entry: NewEntry,
        _ fact: CatalogFact?,
        _ precondition: WritePrecondition,
        _ operation: (ObjectWrite) -> ChangeOperation
    ) throws(Refusal) -> Decision {
        try check(precondition, key, namespace)
        let (place, opening) = try placement(key, namespace, fact)
        try checkWritable(place.line, namespace)
        // A page of the index that cannot be read refuses one write, and is not met first when the log has
        // it: then all that follow would have to wait until the index is made anew.
        if precondition == .none {
            try asking { () throws(SQLiteError) in try writer.foresee(place) }
        }
        let write = ObjectWrite(place: place, entry: entry, fact: fact, opening: opening)
        return .change(operation(write)) { placement in
            guard
                let entry = entry.entry(
                    sequence: placement.sequence,
                    modified: placement.time,
                    recordPayload: placement.recordPayload
                )
            else { preconditionFailure("an applied change has its payload") }
            return .object(entry)
        }
    }

    private func check(
        _ precondition: WritePrecondition,
        _ key: ObjectKey,
        _ namespace: Namespace
    ) throws(Refusal) {
        if precondition == .none { return }
        let current = try asking { () throws(SQLiteError) in
            try writer.reader.entry(key, namespace: namespace.line)
        }
        switch precondition {
        case .none: return
        case .absent: guard current == nil else { throw .refused(.preconditionFailed) }
        case .present: guard current != nil else { throw .refused(.objectMissing(key)) }
        case .entityTag(let tag):
            guard let current else { throw .refused(.objectMissing(key)) }
            guard current.entityTag == tag else { throw .refused(.preconditionFailed) }
        }
    }

    /// The line that a key's object goes to.
    ///
    /// The first metadata at the root of `name:tag/` opens the version: its line begins with what
    /// the prefix held so far.
    func placement(
        _ key: ObjectKey,
        _ namespace: Namespace,
        _ fact: CatalogFact?
    ) throws(Refusal) -> (LineKey, VersionOpening?) {
        let place = try asking { () throws(SQLiteError) in
            try writer.reader.place(of: key, namespace: namespace.line)
        }
        // What is written into a draft that was committed or discarded must not end as plain keys.
        if place.line == namespace.line, VersionName.isInDraft(key.text),
            let versioned = VersionedKey(key)
        {
            let draft = VersionName(trustedName: versioned.name, tag: versioned.tag)
            throw .refused(.version(.missing(draft)))
        }
        guard place.line == namespace.line, fact != nil, let versioned = VersionedKey(key),
            versioned.isRootMetadata
        else { return (place, nil) }
        let line = newLine()
        let opening = VersionOpening(
            namespaceLine: namespace.line,
            name: versioned.name,
            tag: versioned.tag,
            line: line,
            origin: LineOrigin(
                parent: namespace.line,
                prefix: versioned.keyPrefix,
                sequence: sequence - 1,
                kind: .adoption
            )
        )
        return (LineKey(line: line, key: ObjectKey(trusted: versioned.relativeKey)), opening)
    }

    /// A namespace that was deleted, or deleted and created again, takes no more writes.
    func checkLive(_ namespace: Namespace) throws(Refusal) {
        guard names.namespace(line: namespace.line) != nil else {
            throw .refused(.namespaceMissing(namespace.name))
        }
    }

    /// Blobs that a copy shares must still be there; staged ones are named by nobody else.
    func check(_ origin: PayloadOrigin, _ runs: [PayloadRun]) throws(Refusal) {
        guard case .shared(let staged) = origin else { return }
        for case .stored(.blob(let id, _, _)) in runs where !staged.contains(id) {
            let isKnown = try asking { () throws(SQLiteError) in
                try writer.reader.knowsBlob(id)
            }
            guard isKnown else { throw .refused(.objectReplaced) }
        }
    }

    private func delete(
        _ keys: [ObjectKey],
        _ namespace: Namespace,
        _ precondition: WritePrecondition
    ) throws(Refusal) -> Decision {
        try checkLive(namespace)
        if let key = keys.first { try check(precondition, key, namespace) }
        var places: [LineKey] = []
        var seen: Set<LineKey> = []
        var outcomes: [DeleteOutcome] = []
        for key in keys {
            let place = try asking { () throws(SQLiteError) in
                try writer.reader.place(of: key, namespace: namespace.line)
            }
            let outcome = try outcome(of: place, key, namespace)
            guard case .deleted = outcome else {
                outcomes.append(outcome)
                continue
            }
            guard seen.insert(place).inserted else {
                outcomes.append(.absent)
                continue
            }
            places.append(place)
            outcomes.append(.deleted)
        }
        guard !places.isEmpty else { return .unchanged(.deletions(outcomes)) }
        return .change(.deleteObjects(places)) { _ in .deletions(outcomes) }
    }

    /// What the deletion of a key would do.
    private func outcome(
        of place: LineKey,
        _ key: ObjectKey,
        _ namespace: Namespace
    ) throws(Refusal) -> DeleteOutcome {
        try asking { () throws(SQLiteError) -> DeleteOutcome in
            if place.line != namespace.line,
                let sealed = try writer.reader.sealedVersion(line: place.line)
            {
                return .sealed(sealed)
            }
            return try writer.reader.entry(place) == nil ? .absent : .deleted
        }
    }

    // MARK: - Room

    private func sweep(_ rowsMax: Int) throws(Refusal) -> Decision {
        let isWaiting = try asking { () throws(SQLiteError) in
            try writer.reader.hasSweepsWaiting()
        }
        guard isWaiting else { return .unchanged(.done) }
        return .change(.sweep(rowsMax: rowsMax)) { _ in .done }
    }

    private func forgetDeletions(_ places: [LineKey]) throws(Refusal) -> Decision {
        var idle: [LineKey] = []
        for place in places {
            let sequence = try asking { () throws(SQLiteError) in
                try writer.reader.idleDeletion(of: place)
            }
            if sequence != nil { idle.append(place) }
        }
        guard !idle.isEmpty else { return .unchanged(.done) }
        return .change(.forgetDeletions(idle)) { _ in .done }
    }

    private func relocate(_ proposal: RelocationProposal) throws(Refusal) -> Decision {
        var moves: [Relocation] = []
        for move in proposal.moves {
            let holds = try asking { () throws(SQLiteError) in try writer.reader.holds(move) }
            if holds { moves.append(move) }
        }
        if moves.isEmpty, !proposal.moves.isEmpty { return .unchanged(.relocated(0)) }
        let count = moves.count
        return .change(.relocate(moves)) { _ in .relocated(count) }
    }

    func asking<Value>(_ body: () throws(SQLiteError) -> Value) throws(Refusal) -> Value {
        do throws(SQLiteError) { return try body() } catch { throw .indexFailed(error) }
    }
}
