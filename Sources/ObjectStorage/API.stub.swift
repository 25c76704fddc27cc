import NIOCore
import StorageModel

extension ObjectStore {
    // MARK: principals

    /// Finds who signs with an access key. In memory; may be called on an event loop.
    public func principal(accessKey: String) -> Principal? { preconditionFailure() }
    /// Every principal, by name; root, from the configuration, included.
    public func principals() -> [Principal] { preconditionFailure() }
    /// Adds a principal.
    ///
    /// - Throws: ``StoreError/principalTaken(_:)`` and the failures of any write.
    public func addPrincipal(_ principal: Principal) async throws(StoreError) { preconditionFailure() }
    /// Removes a principal; the namespaces it owns remain.
    ///
    /// - Throws: ``StoreError/principalMissing(_:)`` and the failures of any write.
    public func removePrincipal(_ name: PrincipalName) async throws(StoreError) { preconditionFailure() }

    // MARK: namespaces

    /// Finds a namespace. In memory; may be called on an event loop.
    public func namespace(_ name: NamespaceName) -> Namespace? { preconditionFailure() }
    /// Every namespace, by name.
    public func namespaces() -> [Namespace] { preconditionFailure() }
    /// Creates a namespace.
    public func createNamespace(
        _ name: NamespaceName, owner: PrincipalName, access: NamespaceAccess
    ) async throws(StoreError) -> NamespaceCreation { preconditionFailure() }
    /// Changes who may read a namespace without keys.
    public func setAccess(_ access: NamespaceAccess, of name: NamespaceName) async throws(StoreError) -> Namespace { preconditionFailure() }
    /// Deletes an empty namespace.
    public func deleteNamespace(_ name: NamespaceName) async throws(StoreError) { preconditionFailure() }

    // MARK: objects

    /// Finds the object of a key. Synchronous, some microseconds.
    public func lookUp(_ key: ObjectKey, in namespace: Namespace) throws(StoreError) -> ObjectEntry? { preconditionFailure() }
    /// Lists keys and common prefixes.
    public func list(_ query: ListQuery, in namespace: Namespace) async throws(StoreError) -> ListPage { preconditionFailure() }
    /// Begins to take in a payload.
    public func stagePayload(expectedBytes: Int64?) -> PayloadStage { preconditionFailure() }
    /// Makes an object of a staged payload.
    public func put(
        _ key: ObjectKey, in namespace: Namespace, _ payload: StagedPayload, entityTag: String,
        attributes: ObjectAttributes, checksums: [ObjectChecksum], precondition: WritePrecondition
    ) async throws(StoreError) -> ObjectEntry { preconditionFailure() }
    /// Makes an object of another object's bytes; blobs are shared, nothing large is copied.
    ///
    /// - Throws: ``StoreError/objectReplaced`` if the source was replaced meanwhile.
    public func copy(
        from entry: ObjectEntry, to key: ObjectKey, in namespace: Namespace,
        attributes: ObjectAttributes, checksums: [ObjectChecksum], precondition: WritePrecondition
    ) async throws(StoreError) -> ObjectEntry { preconditionFailure() }
    /// Deletes the object of a key.
    public func delete(
        _ key: ObjectKey, in namespace: Namespace, precondition: WritePrecondition
    ) async throws(StoreError) -> DeleteOutcome { preconditionFailure() }
    /// Deletes the objects of many keys in one change; absent ones are passed over.
    public func delete(_ keys: [ObjectKey], in namespace: Namespace) async throws(StoreError) -> [DeleteOutcome] { preconditionFailure() }
    /// Begins to read a range of an object's bytes.
    ///
    /// The reader keeps the blobs from being removed. If they have been removed since the look-up,
    /// fails with ``StoreError/objectReplaced``: look up again.
    public func reader(_ entry: ObjectEntry, range: Range<Int64>) throws(StoreError) -> PayloadReader { preconditionFailure() }
    /// Reads a range of an object's bytes on the calling thread, which must be one of ``diskPool``.
    public func readBlocking(_ entry: ObjectEntry, range: Range<Int64>) throws(StoreError) -> ByteBuffer { preconditionFailure() }

    // MARK: multipart

    /// Begins a multipart upload.
    public func createUpload(
        _ key: ObjectKey, in namespace: Namespace, attributes: ObjectAttributes, checksum: UploadChecksum?
    ) async throws(StoreError) -> MultipartUpload { preconditionFailure() }
    /// Finds an upload in progress; nil if there is none of this name for this key. Synchronous, some microseconds.
    public func upload(_ id: UploadID, key: ObjectKey, in namespace: Namespace) throws(StoreError) -> MultipartUpload? { preconditionFailure() }
    /// Stores a part, in place of an earlier one of its number.
    public func putPart(
        _ number: Int, of upload: MultipartUpload, _ payload: StagedPayload, entityTag: String, checksum: ObjectChecksum?
    ) async throws(StoreError) -> UploadedPart { preconditionFailure() }
    /// Stores a range of an object as a part. `entityTag` and `checksum` are of the range's bytes, which the caller has read.
    public func copyPart(
        _ number: Int, of upload: MultipartUpload, from entry: ObjectEntry, range: Range<Int64>, entityTag: String, checksum: ObjectChecksum?
    ) async throws(StoreError) -> UploadedPart { preconditionFailure() }
    /// The parts of an upload with numbers greater than `number`, in order, at most `limit`.
    public func parts(of upload: MultipartUpload, after number: Int, limit: Int) throws(StoreError) -> [UploadedPart] { preconditionFailure() }
    /// Lists uploads in progress.
    public func uploads(_ query: UploadQuery, in namespace: Namespace) async throws(StoreError) -> UploadPage { preconditionFailure() }
    /// Makes an object of parts; no byte is copied. The entity tag is computed here (MD5 of MD5s, `-N`).
    ///
    /// `checksums` are of the whole object, computed by the caller from ``parts(of:after:limit:)``; the
    /// committer verifies that every listed part is still the one with that entity tag and checksum.
    /// A repeated completion of an upload that completed within a day, and whose object is still
    /// there, answers with that object.
    public func completeUpload(
        _ id: UploadID, key: ObjectKey, in namespace: Namespace, parts: [PartReference], checksums: [ObjectChecksum], precondition: WritePrecondition
    ) async throws(StoreError) -> ObjectEntry { preconditionFailure() }
    /// The object that an upload was completed to, if that was within a day and the object is still there.
    public func completedEntry(_ id: UploadID, key: ObjectKey, in namespace: Namespace) throws(StoreError) -> ObjectEntry? { preconditionFailure() }
    /// Drops an upload and its parts.
    public func abortUpload(_ id: UploadID, key: ObjectKey, in namespace: Namespace) async throws(StoreError) { preconditionFailure() }

    // MARK: catalog (for ArrayStorage; synchronous reads of the index)

    /// Nodes in the order of their places, of one scope, after a place (exclusive).
    public func nodes(
        in namespace: Namespace, namePrefix: String, scope: NodeScope, after place: ArrayPlace?, limit: Int
    ) throws(StoreError) -> [CatalogNode] { preconditionFailure() }
    /// Finds a node by its place. A version `name:tag` comes first, then (tag `latest`) the plain key
    /// path `name/member`, then a plain path `name/tag/member` in the layout of the original Hub client.
    public func node(_ place: ArrayPlace, in namespace: Namespace) throws(StoreError) -> CatalogNode? { preconditionFailure() }
    /// Versions of a name with lines of their own, by tag.
    public func versions(of name: String, in namespace: Namespace) throws(StoreError) -> [ArrayVersion] { preconditionFailure() }
    /// Finds an object in a line by its key there.
    public func lookUp(_ key: String, line: LineID) throws(StoreError) -> ObjectEntry? { preconditionFailure() }
    /// Finds many objects in a line at one state; the result has one element per key, in order.
    public func lookUp(_ keys: [String], line: LineID) throws(StoreError) -> [ObjectEntry?] { preconditionFailure() }
    /// Lists keys of a line (no delimiter): those that begin with `prefix`, after `marker`.
    public func list(prefix: String, line: LineID, after marker: String?, limit: Int) throws(StoreError) -> [ListedObject] { preconditionFailure() }
}

/// Which nodes of the catalog a listing gives.
public enum NodeScope: Hashable, Sendable {
    /// Every node.
    case all
    /// Nodes that are not inside a version's root: those with an empty member path.
    case roots
    /// Members of one version, its root included.
    case version(name: String, tag: String)
}
