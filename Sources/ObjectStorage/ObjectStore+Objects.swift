import NIOCore
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

extension ObjectStore {
    /// Finds the object of a key.
    ///
    /// Synchronous, some microseconds; may be called on an event loop.
    public func lookUp(
        _ key: ObjectKey,
        in namespace: Namespace
    ) throws(StoreError) -> ObjectEntry? {
        let place = LineKey(line: namespace.line, key: key)
        switch entries.find(place) {
        case .kept(let entry): return entry
        case .unknown(let ticket):
            let entry = try ask { reader throws(SQLiteError) in
                try reader.entry(place.key, namespace: place.line)
            }
            if let entry { entries.keep(entry, at: place, ticket) }
            return entry
        }
    }

    /// Lists keys and common prefixes.
    public func list(
        _ query: ListQuery,
        in namespace: Namespace
    ) async throws(StoreError) -> ListPage {
        let line = namespace.line
        return try await diskPool.perform { [self] () throws(StoreError) in
            try ask { reader throws(SQLiteError) in try reader.list(query, namespace: line) }
        }
    }

    /// Begins to take in a payload.
    ///
    /// - Parameter expectedBytes: How long it will be, if known; a hint.
    /// - Returns: The stage, which is finished or discarded by its one user.
    public func stagePayload(expectedBytes: Int64? = nil) -> PayloadStage {
        PayloadStage(
            expectedBytes: expectedBytes,
            volume: volume,
            pool: diskPool,
            upkeep: upkeep,
            limits: limits
        )
    }

    /// Makes an object of a staged payload.
    ///
    /// - Throws: ``StoreError/digestMismatch``, ``StoreError/payloadTooLarge`` (for an entity tag that is
    ///   left to the store), ``StoreError/preconditionFailed``, ``StoreError/objectMissing(_:)`` (a
    ///   precondition on a
    ///   key that holds nothing), ``StoreError/version(_:)`` with `.sealed`,
    ///   ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    public func put(
        _ key: ObjectKey,
        in namespace: Namespace,
        _ payload: StagedPayload,
        entityTag: EntityTagging,
        attributes: ObjectAttributes = ObjectAttributes(),
        checksums: [ObjectChecksum] = [],
        precondition: WritePrecondition = .none,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> ObjectEntry {
        let source = PayloadSource(payload)
        try entityTag.check(source)
        let entry = NewEntry(
            entityTag: entityTag.text,
            attributes: attributes,
            checksums: checksums,
            parts: [],
            payload: source.runs
        )
        let proposal = PutProposal(
            key: key,
            namespace: namespace,
            entry: entry,
            tagging: entityTag,
            fact: try await fact(key, source),
            origin: .staged,
            payload: source.recorded,
            precondition: precondition
        )
        return try await handingOver([payload]) { () throws(StoreError) in
            try await commit(.put(proposal), actor: actor, Self.object)
        }
    }

    /// Makes an object of another object's bytes; blobs are shared, nothing large is copied.
    ///
    /// - Throws: ``StoreError/objectReplaced`` if the source was replaced meanwhile (look it up
    ///   again), and
    ///   what ``put(_:in:_:entityTag:attributes:checksums:precondition:actor:)`` throws.
    public func copy(
        from entry: ObjectEntry,
        to key: ObjectKey,
        in namespace: Namespace,
        attributes: ObjectAttributes,
        checksums: [ObjectChecksum],
        precondition: WritePrecondition = .none,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> ObjectEntry {
        let source = try await detached(entry.payload, range: 0..<entry.sizeBytes)
        let copy = NewEntry(
            entityTag: entry.entityTag,
            attributes: attributes,
            checksums: checksums,
            parts: entry.parts,
            payload: source.runs
        )
        let proposal = PutProposal(
            key: key,
            namespace: namespace,
            entry: copy,
            tagging: .given(copy.entityTag),
            fact: try await fact(key, source),
            origin: .shared(staged: source.stagedBlobs),
            payload: source.recorded,
            precondition: precondition
        )
        return try await handingOver(source.staged) { () throws(StoreError) in
            try await commit(.put(proposal), actor: actor, Self.object)
        }
    }

    /// Deletes the object of a key.
    ///
    /// - Throws: ``StoreError/preconditionFailed``, ``StoreError/objectMissing(_:)`` (a
    ///   precondition on a
    ///   key that holds nothing), ``StoreError/version(_:)`` with `.sealed`,
    ///   ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    @discardableResult
    public func delete(
        _ key: ObjectKey,
        in namespace: Namespace,
        precondition: WritePrecondition = .none,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> DeleteOutcome {
        let outcomes = try await commit(
            .delete([key], in: namespace, precondition),
            actor: actor,
            Self.deletions
        )
        if case .sealed(let version) = outcomes.first { throw .version(.sealed(version)) }
        return outcomes.first ?? .absent
    }

    /// Deletes the objects of many keys, ``StoreLimits/deletedKeysMax`` per change.
    ///
    /// - Returns: One outcome per key, in order.
    public func delete(
        _ keys: [ObjectKey],
        in namespace: Namespace,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> [DeleteOutcome] {
        var outcomes: [DeleteOutcome] = []
        var rest = keys[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(limits.deletedKeysMax))
            rest = rest.dropFirst(batch.count)
            outcomes += try await commit(
                .delete(batch, in: namespace, .none),
                actor: actor,
                Self.deletions
            )
        }
        return outcomes
    }

    static func object(_ outcome: CommitOutcome) -> ObjectEntry? {
        if case .object(let entry) = outcome { entry } else { nil }
    }

    private static func deletions(_ outcome: CommitOutcome) -> [DeleteOutcome]? {
        if case .deletions(let outcomes) = outcome { outcomes } else { nil }
    }

    /// Commits a change that names staged blobs, and settles who frees them: the index once it
    /// knows them, nobody while that is unclear (the next start finds out), else this.
    func handingOver<Value>(
        _ payloads: [StagedPayload],
        _ body: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        do throws(StoreError) {
            let value = try await body()
            for payload in payloads { payload.handOver() }
            return value
        } catch {
            switch error {
            case .volumeFailed, .indexFailed:
                for payload in payloads { payload.handOver() }
            case .namespaceMissing, .namespaceTaken, .namespaceNotEmpty, .principalTaken,
                .principalMissing, .preconditionFailed, .objectMissing, .objectReplaced,
                .keyRepeated, .uploadMissing, .partInvalid, .partOrderInvalid, .partTooSmall,
                .partNumberInvalid, .partsEmpty, .rangeInvalid, .payloadTooLarge,
                .digestMismatch, .checksumMismatch, .outOfSpace, .inputOutputFailed, .overloaded,
                .closed,
                .version, .openFailed:
                break
            }
            throw error
        }
    }
}
