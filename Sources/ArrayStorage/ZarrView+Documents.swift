import ArrayModel
import Checksums
import DiskIO
import NIOCore
import ObjectStorage
import StorageModel

extension ZarrView {
    /// A `zarr.json` that the view made.
    public struct Document: Sendable {
        /// The document in UTF-8.
        public let bytes: ViewBytes
        /// Equal for equal bytes.
        public let entityTag: String
    }

    /// Whether the document of an array or group is the stored one, at its ``CatalogNode/metadataKey``.
    ///
    /// The document of a group is made, because it lists what is below.
    public func isStored(_ node: CatalogNode) -> Bool {
        node.fact.dialect == .zarr3 && node.fact.kind != .group
    }

    /// Makes the document of an array or group; nil if Zarr v3 has no word for its data type.
    ///
    /// Waits while many others are being sent (``ArrayReaderLimits/viewBytesMax``).
    ///
    /// - Throws: ``ArrayCatalogError/metadataUnreadable(_:note:)``,
    ///   ``ArrayCatalogError/metadataReplaced(_:)`` or ``ArrayCatalogError/store(_:)``.
    public func document(
        of node: CatalogNode,
        in namespace: Namespace
    ) async throws(ArrayCatalogError) -> Document? {
        let client = WorkAccount.clientNow
        guard let made = try await madeDocument(of: node, in: namespace, for: client) else {
            return nil
        }
        // What makes the document again must not keep it.
        let entityTag = made.entityTag
        let bytes = ViewBytes(made.content, for: client, in: reader.viewMemory) {
            () throws(ArrayReadError) in
            let again: MadeDocument?
            do throws(ArrayCatalogError) {
                again = try await self.madeDocument(of: node, in: namespace, for: client)
            } catch {
                throw .chunkUnstable(key: node.metadataKey)
            }
            guard let again, again.entityTag == entityTag else {
                throw .chunkUnstable(key: node.metadataKey)
            }
            return again.content
        }
        return Document(bytes: bytes, entityTag: entityTag)
    }

    /// A document that was just made.
    private struct MadeDocument: Sendable {
        let content: ViewBytes.Content
        let entityTag: String
    }

    private func madeDocument(
        of node: CatalogNode,
        in namespace: Namespace,
        for client: String
    ) async throws(ArrayCatalogError) -> MadeDocument? {
        let view = self
        let share: ViewMemory.Share
        do {
            share = try await reader.viewMemory.reserve(
                ArrayCatalogLimits.viewDocumentBytesMax,
                for: client
            )
        } catch {
            // The client has gone, or the server stops.
            throw .store(.closed)
        }
        return try await catalog.onDiskThread { _ throws(ArrayCatalogError) -> MadeDocument? in
            var budget = DocumentBudget()
            guard var value = try view.value(of: node, in: namespace, &budget) else { return nil }
            if node.fact.kind == .group,
                let members = try view.members(of: node, in: namespace, &budget)
            {
                value = ZarrTranslation.consolidated(value, members: members)
            }
            // Compact: white space of lines that are nested deep would be many times the rest.
            let bytes = value.serialized()
            share.shrink(to: bytes.count)
            let digest = SHA256.digest(of: bytes).prefix(16)
            return MadeDocument(
                content: ViewBytes.Content(bytes: ByteBuffer(bytes: bytes), share: share),
                entityTag: Hexadecimal.encode(Array(digest))
            )
        }
    }

    /// The documents of everything below a group, by their paths; nil if they are too many or too long
    /// for one document.
    ///
    /// What is not understood, has no words in Zarr v3, or lies inside an array, which S3 clients can write, is left
    /// out, so that the rest can be opened.
    private func members(
        of group: CatalogNode,
        in namespace: Namespace,
        _ budget: inout DocumentBudget
    ) throws(ArrayCatalogError) -> [JSONMember]? {
        let nodes = try catalog.members(of: group, in: namespace)
        guard nodes.count <= ArrayCatalogLimits.versionsMax else { return nil }
        let prefix = group.path.isEmpty ? "" : group.path + "/"
        var documents: [String: JSONValue] = [:]
        let arrays = Set(nodes.lazy.filter { $0.fact.kind == .array }.map(\.path))
        for node in nodes where node.path.utf8.starts(with: prefix.utf8) {
            guard !budget.isSpent else { return nil }
            guard !Self.lies(node.path, insideOneOf: arrays) else { continue }
            if case .unreadable = node.fact.kind { continue }
            guard let value = try value(of: node, in: namespace, &budget) else { continue }
            let path = String(Substring(node.path.utf8.dropFirst(prefix.utf8.count)))
            documents[path] = node.fact.kind == .group ? ZarrTranslation.member(value) : value
        }
        Self.addGroups(to: &documents)
        return documents.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map {
            JSONMember(name: $0, value: documents[$0] ?? .null)
        }
    }

    /// Whether one of the folders that a path goes through is among some.
    private static func lies(_ path: String, insideOneOf folders: Set<String>) -> Bool {
        path.indices.contains { path[$0] == "/" && folders.contains(String(path[..<$0])) }
    }

    /// Adds the groups that nobody wrote but that the paths of others go through, up to the bound on
    /// members: clients look for a document at every step.
    private static func addGroups(to documents: inout [String: JSONValue]) {
        for path in Array(documents.keys) {
            var parent = path[...]
            while let slash = parent.lastIndex(of: "/") {
                parent = parent[..<slash]
                guard documents[String(parent)] == nil,
                    documents.count < 2 * ArrayCatalogLimits.versionsMax
                else { break }
                let group = ZarrTranslation.group(attributes: .object([]))
                documents[String(parent)] = ZarrTranslation.member(group)
            }
        }
    }

    /// The document of one array or group, without what is below it; blocks.
    private func value(
        of node: CatalogNode,
        in namespace: Namespace,
        _ budget: inout DocumentBudget
    ) throws(ArrayCatalogError) -> JSONValue? {
        let content = try catalog.content(of: node, &budget)
        switch content {
        case .unreadable(let note):
            throw .metadataUnreadable(node.reference(in: namespace), note: note)
        case .changing: throw .metadataReplaced(node.reference(in: namespace))
        case .group(let attributes):
            guard node.fact.dialect == .zarr3 else {
                return ZarrTranslation.group(attributes: attributes)
            }
            return try stored(node, in: namespace, &budget)
        case .array(let metadata):
            let document = try stored(node, in: namespace, &budget)
            guard node.fact.dialect != .zarr3 else { return document }
            let array = ResolvedArray(namespace: namespace, node: node, metadata: metadata)
            return ZarrTranslation.array(
                metadata,
                document: document,
                chunks: reader.presentation(of: array)
            )
        }
    }

    /// The metadata file of a node, parsed.
    private func stored(
        _ node: CatalogNode,
        in namespace: Namespace,
        _ budget: inout DocumentBudget
    ) throws(ArrayCatalogError) -> JSONValue {
        guard
            let bytes = try catalog.document(
                node.metadataKey,
                of: node,
                sequence: node.sequence,
                &budget
            ),
            let value = try? JSONValue(parsing: bytes)
        else { throw .metadataReplaced(node.reference(in: namespace)) }
        return value
    }
}
