import ArrayModel
import ObjectStorage
import StorageModel

/// What is to become of an array or group that exists.
public struct ArrayUpdate: Hashable, Sendable {
    /// What is done with the attributes that are there.
    public enum AttributePolicy: String, Hashable, Sendable, CaseIterable {
        /// They stay unless the new ones say otherwise; `null` removes one (RFC 7396).
        case merge
        /// They go.
        case replace
    }

    /// The new extents; nil leaves them.
    public let shape: [Int]?
    /// New attributes, an object; nil leaves them.
    public let attributes: JSONValue?
    /// What is done with those that are there.
    public let attributePolicy: AttributePolicy
    /// The states of the metadata, one of which it must be in; nil for any.
    public var states: [MetadataState]?

    /// Makes an update of its parts.
    public init(shape: [Int]?, attributes: JSONValue?, attributePolicy: AttributePolicy) {
        self.shape = shape
        self.attributes = attributes
        self.attributePolicy = attributePolicy
    }
}

extension ArrayWriter {
    /// Gives an array another shape, other attributes, or both, in one change; or a group other attributes.
    ///
    /// What lies outside of a smaller shape is gone: chunks are deleted, and what sticks out of those at
    /// the edge becomes the fill value, so that an array that grows again does not show it. If more
    /// chunks go than one change deletes, they go after it, and before the array is changed again.
    ///
    /// - Returns: The number of the change, and how many chunks were deleted or cut.
    /// - Throws: ``ArrayWriteError``; ``ArrayWriteError/stateChanged`` if the update is for another state than
    ///   the one in which the change would find the metadata.
    public func update(
        _ reference: ArrayReference,
        in namespace: Namespace,
        _ update: ArrayUpdate
    ) async throws(ArrayWriteError) -> WriteReceipt {
        let found = try node(reference, in: namespace)
        guard found.fact.kind == .group else {
            return try await changing(reference, in: namespace) { array throws(ArrayWriteError) in
                try await apply(update, to: array)
            }
        }
        // A group has no elements.
        guard update.shape == nil else { throw .catalog(.groupNotSliceable(reference)) }
        return try await changingMetadata(of: reference, in: namespace) {
            group throws(ArrayWriteError) in
            try await apply(update, toGroup: group, in: namespace)
        }
    }

    /// Runs a body with an array as it is now, while no other request changes its metadata; again, if
    /// the body returns nil because somebody else did.
    func changing<Value: Sendable>(
        _ reference: ArrayReference,
        in namespace: Namespace,
        _ body: (ResolvedArray) async throws(ArrayWriteError) -> Value?
    ) async throws(ArrayWriteError) -> Value {
        try await changingMetadata(of: reference, in: namespace) {
            node throws(ArrayWriteError) -> Value? in
            let array = try await resolve(reference, in: namespace)
            // Who replaced it since takes no locks.
            guard array.node.sequence == node.sequence, array.line == node.line else { return nil }
            return try await body(array)
        }
    }

    /// Runs a body with an array or group as it is now, while no other request changes its metadata; again,
    /// if the body returns nil because somebody else did.
    private func changingMetadata<Value: Sendable>(
        of reference: ArrayReference,
        in namespace: Namespace,
        _ body: (CatalogNode) async throws(ArrayWriteError) -> Value?
    ) async throws(ArrayWriteError) -> Value {
        let found = try node(reference, in: namespace)
        let lock = ArrayKeys(found, in: namespace).lock(found.metadataKey)
        return try await locks.withLocks([.alone(lock)]) { () async throws(ArrayWriteError) in
            for _ in 0..<limits.attemptsMax {
                let now = try node(reference, in: namespace)
                guard now.line == found.line, now.metadataKey == found.metadataKey else {
                    throw .arrayChanged
                }
                if let value = try await body(now) { return value }
            }
            throw .contended
        }
    }

    /// The array or group that a reference names.
    func node(
        _ reference: ArrayReference,
        in namespace: Namespace
    ) throws(ArrayWriteError) -> CatalogNode {
        do throws(ArrayCatalogError) {
            return try catalog.node(reference, in: namespace)
        } catch {
            throw .catalog(error)
        }
    }

    /// The metadata of an array to be changed, as it is stored; nil if it was replaced since, or had a shrink
    /// to be finished first.
    func document(of array: ResolvedArray) async throws(ArrayWriteError) -> MetadataDocument? {
        let document = try await document(of: array.node, in: array.namespace)
        guard let document, document.formerShape != nil else { return document }
        try await finishShrink(of: document)
        return nil
    }

    private func document(
        of node: CatalogNode,
        in namespace: Namespace
    ) async throws(ArrayWriteError) -> MetadataDocument? {
        let store = store
        do throws(ArrayWriteError) {
            return try await blocking { () throws(ArrayWriteError) in
                try MetadataDocument(of: node, in: namespace, store)
            }
        } catch {
            guard error == .arrayChanged else { throw error }
            return nil
        }
    }

    /// A batch that writes a metadata document, if nobody else did since it was read.
    func batch(_ document: MetadataDocument) async throws(ArrayWriteError) -> WriteBatch {
        let keys = ArrayKeys(document.node, in: document.namespace)
        var batch = WriteBatch()
        for staged in try await stage([document.content]) {
            batch.puts.append(
                WriteBatch.Put(
                    key: try keys.key(document.node.metadataKey),
                    payload: staged.payload,
                    entityTag: staged.entityTag,
                    attributes: document.attributes,
                    expectation: .sequence(document.sequence)
                )
            )
        }
        return batch
    }

    /// The number of the change, or nil if what it expects does not hold.
    func commit(
        _ batch: WriteBatch,
        in namespace: Namespace
    ) async throws(ArrayWriteError) -> Int64? {
        do throws(StoreError) {
            return try await store.write(batch, in: namespace, actor: actor)
        } catch {
            guard error == .preconditionFailed else { throw .store(error) }
            return nil
        }
    }

    private func apply(
        _ update: ArrayUpdate,
        to array: ResolvedArray
    ) async throws(ArrayWriteError) -> WriteReceipt? {
        guard var document = try await document(of: array) else { return nil }
        if let shape = update.shape {
            guard array.metadata.dialect != .hub0 else {
                throw .dialectUnsupported(.hub0, .resize)
            }
            guard shape.count == array.metadata.rank else {
                throw .axesMismatch(array: array.metadata.shape, given: shape)
            }
            document.set("shape", .integers(shape))
        }
        let attributes = try await setAttributes(update, &document)
        let shape = try document.metadata().shape
        guard zip(shape, array.metadata.shape).contains(where: { $0 < $1 }) else {
            return try await commit(document, attributes)
        }
        return try await shrink(array, to: document, attributes)
    }

    private func apply(
        _ update: ArrayUpdate,
        toGroup group: CatalogNode,
        in namespace: Namespace
    ) async throws(ArrayWriteError) -> WriteReceipt? {
        guard var document = try await document(of: group, in: namespace) else { return nil }
        let attributes = try await setAttributes(update, &document)
        try document.requireGroup()
        return try await commit(document, attributes)
    }

    /// Writes a document that concerns no chunks; nil if somebody else replaced it.
    private func commit(
        _ document: MetadataDocument,
        _ attributes: AttributesChange
    ) async throws(ArrayWriteError) -> WriteReceipt? {
        let keys = ArrayKeys(document.node, in: document.namespace)
        // A file that comes behind the walk of a deletion would stay.
        return try await locks.withLocks(keys.sharedLocks.map { .shared($0) }) {
            () async throws(ArrayWriteError) -> WriteReceipt? in
            var batch = try await batch(document)
            attributes.add(to: &batch)
            guard let sequence = try await commit(batch, in: document.namespace) else { return nil }
            return WriteReceipt(chunks: 0, sequence: sequence)
        }
    }

    /// Changes the attributes in the document, or gives the file that has them, if the metadata is in a state
    /// that the update is for.
    private func setAttributes(
        _ update: ArrayUpdate,
        _ document: inout MetadataDocument
    ) async throws(ArrayWriteError) -> AttributesChange {
        AttributesChange(
            condition: try await condition(update, document),
            file: try await attributesFile(update, &document)
        )
    }

    /// What must hold of the attributes beside a document for an update; that the document itself stays as it
    /// is until the change, its batch expects anyhow.
    ///
    /// - Throws: ``ArrayWriteError/stateChanged``.
    private func condition(
        _ update: ArrayUpdate,
        _ document: MetadataDocument
    ) async throws(ArrayWriteError) -> WriteBatch.Condition? {
        guard let states = update.states else { return nil }
        let (node, store) = (document.node, store)
        let state = try await blocking { () throws(ArrayWriteError) in
            do throws(StoreError) {
                return try MetadataState(of: node, store)
            } catch {
                throw .store(error)
            }
        }
        guard states.contains(state) else { throw .stateChanged }
        return state.attributesCondition(
            try ArrayKeys(node, in: document.namespace).key(node.attributesKey)
        )
    }

    private func attributesFile(
        _ update: ArrayUpdate,
        _ document: inout MetadataDocument
    ) async throws(ArrayWriteError) -> WriteBatch.Put? {
        guard let attributes = update.attributes else { return nil }
        let node = document.node
        switch node.fact.dialect {
        case .hub0: throw .dialectUnsupported(.hub0, .setAttributes)
        case .zarr3:
            let before = document.content["attributes"] ?? .object([])
            document.set("attributes", update.attributes(after: before, attributes))
            return nil
        case .zarr2:
            let store = store
            let before = try await blocking { () throws(ArrayWriteError) in
                try AttributesDocument(beside: node, store)
            }
            // What cannot be read would be lost.
            guard let content = before.content ?? update.replacedAttributes else {
                throw .attributesUnreadable(key: before.key)
            }
            let after = update.attributes(after: content, attributes)
            guard let staged = try await stage([after]).first else { return nil }
            return WriteBatch.Put(
                key: try ArrayKeys(node, in: document.namespace).key(before.key),
                payload: staged.payload,
                entityTag: staged.entityTag,
                attributes: Self.documentAttributes,
                expectation: before.expectation
            )
        }
    }
}

/// What a change of metadata has to do with the attributes that Zarr v2 keeps beside it.
struct AttributesChange: Sendable {
    /// What must hold of them.
    let condition: WriteBatch.Condition?
    /// What they become.
    let file: WriteBatch.Put?

    /// Makes them part of a change.
    func add(to batch: inout WriteBatch) {
        if let condition { batch.conditions.append(condition) }
        if let file { batch.puts.append(file) }
    }
}

extension ArrayUpdate {
    /// What stands for attributes of which nothing stays; nil if some do.
    fileprivate var replacedAttributes: JSONValue? {
        switch attributePolicy {
        case .merge: nil
        case .replace: .object([])
        }
    }

    fileprivate func attributes(after before: JSONValue, _ new: JSONValue) -> JSONValue {
        switch attributePolicy {
        case .merge: before.merging(new)
        case .replace: new
        }
    }
}
