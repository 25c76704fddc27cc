import ArrayModel
import ObjectStorage
import StorageModel

/// What is to become of an array that exists.
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

    /// Makes an update of its parts.
    public init(shape: [Int]?, attributes: JSONValue?, attributePolicy: AttributePolicy) {
        self.shape = shape
        self.attributes = attributes
        self.attributePolicy = attributePolicy
    }
}

extension ArrayWriter {
    /// Gives an array another shape, other attributes, or both, in one change.
    ///
    /// What lies outside of a smaller shape is gone: chunks are deleted, and what sticks out of those at
    /// the edge becomes the fill value, so that an array that grows again does not show it. If more
    /// chunks go than one change deletes, the first go before it.
    ///
    /// - Returns: The number of the change, and how many chunks were deleted or cut.
    /// - Throws: ``ArrayWriteError``.
    public func update(
        _ reference: ArrayReference,
        in namespace: Namespace,
        _ update: ArrayUpdate
    ) async throws(ArrayWriteError) -> WriteReceipt {
        try await changing(reference, in: namespace) { array throws(ArrayWriteError) in
            try await apply(update, to: array)
        }
    }

    /// Runs a body with an array as it is now, while no other request changes its metadata; again, if
    /// the body returns nil because somebody else did.
    func changing<Value: Sendable>(
        _ reference: ArrayReference,
        in namespace: Namespace,
        _ body: (ResolvedArray) async throws(ArrayWriteError) -> Value?
    ) async throws(ArrayWriteError) -> Value {
        let found = try await resolve(reference, in: namespace)
        let lock = ArrayKeys(found.node, in: namespace).lock(found.node.metadataKey)
        return try await locks.withLocks([lock]) { () async throws(ArrayWriteError) in
            for _ in 0..<limits.attemptsMax {
                let now = try await resolve(reference, in: namespace)
                guard now.line == found.line, now.node.metadataKey == found.node.metadataKey
                else { throw .arrayChanged }
                if let value = try await body(now) { return value }
            }
            throw .contended
        }
    }

    /// The metadata of an array as it is stored; nil if it was replaced since.
    func document(of array: ResolvedArray) async throws(ArrayWriteError) -> MetadataDocument? {
        let store = store
        do throws(ArrayWriteError) {
            return try await blocking { () throws(ArrayWriteError) in
                try MetadataDocument(of: array, store)
            }
        } catch {
            guard error == .arrayChanged else { throw error }
            return nil
        }
    }

    /// A batch that writes a metadata document, if nobody else did since it was read.
    func batch(_ document: MetadataDocument) async throws(ArrayWriteError) -> WriteBatch {
        let node = document.resolved.node
        let keys = ArrayKeys(node, in: document.resolved.namespace)
        var batch = WriteBatch()
        for staged in try await stage([document.content]) {
            batch.puts.append(
                WriteBatch.Put(
                    key: try keys.key(node.metadataKey),
                    payload: staged.payload,
                    entityTag: staged.entityTag,
                    attributes: Self.documentAttributes,
                    expectation: .sequence(node.sequence)
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
        let attributesFile = try await setAttributes(update, &document)
        let metadata = try document.metadata()
        var batch = try await batch(document)
        if let attributesFile { batch.puts.append(attributesFile) }
        guard zip(metadata.shape, array.metadata.shape).contains(where: { $0 < $1 }) else {
            guard let sequence = try await commit(batch, in: array.namespace) else { return nil }
            return WriteReceipt(chunks: 0, sequence: sequence)
        }
        return try await shrink(array, to: metadata.grid, with: batch)
    }

    /// Changes the attributes in the document, or gives the file that has them.
    private func setAttributes(
        _ update: ArrayUpdate,
        _ document: inout MetadataDocument
    ) async throws(ArrayWriteError) -> WriteBatch.Put? {
        guard let attributes = update.attributes else { return nil }
        let array = document.resolved
        switch array.metadata.dialect {
        case .hub0: throw .dialectUnsupported(.hub0, .setAttributes)
        case .zarr3:
            let before = document.content["attributes"] ?? .object([])
            document.set("attributes", update.attributes(after: before, attributes))
            return nil
        case .zarr2:
            let key = array.node.path.isEmpty ? ".zattrs" : array.node.path + "/.zattrs"
            let store = store
            let before = try await blocking { () throws(ArrayWriteError) in
                try StoredDocument(key, line: array.line, store)
            }
            let after = update.attributes(after: before.content, attributes)
            guard let staged = try await stage([after]).first else { return nil }
            return WriteBatch.Put(
                key: try ArrayKeys(array.node, in: array.namespace).key(key),
                payload: staged.payload,
                entityTag: staged.entityTag,
                attributes: Self.documentAttributes,
                expectation: before.expectation
            )
        }
    }
}

extension ArrayUpdate {
    fileprivate func attributes(after before: JSONValue, _ new: JSONValue) -> JSONValue {
        switch attributePolicy {
        case .merge: before.merging(new)
        case .replace: new
        }
    }
}
