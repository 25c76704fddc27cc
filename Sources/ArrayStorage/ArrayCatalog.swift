import ArrayModel
import DiskIO
import ObjectStorage
import StorageModel
import Synchronization

/// Finds and describes the arrays and groups that the engine's catalog knows.
///
/// What the engine keeps is that a metadata key was written and what it is; shapes and types are
/// read from the metadata itself, so that the catalog cannot disagree with what clients see.
///
/// State: `cache`, guarded by its mutex. Methods may be called from any task; what blocks runs on
/// the store's disk threads.
public final class ArrayCatalog: Sendable {
    let store: ObjectStore
    private let cache = Mutex(ArrayCatalogCache(entriesMax: ArrayCatalogLimits.cachedArraysMax))
    /// How often a look-up begins anew when a writer replaces the metadata under it.
    private static let attemptsMax = 4

    /// Makes a catalog of a store.
    public init(store: ObjectStore) {
        self.store = store
    }

    /// The namespace of a reference.
    ///
    /// - Throws: ``ArrayCatalogError/namespaceMissing(_:)``.
    public func namespace(named text: String) throws(ArrayCatalogError) -> Namespace {
        guard let name = try? NamespaceName(text), let namespace = store.namespace(name) else {
            throw .namespaceMissing(text)
        }
        return namespace
    }

    /// Finds the array that a reference names, with its metadata as it is now.
    ///
    /// Metadata that was read before is kept, so this is one look-up in the index.
    ///
    /// - Throws: Every case of ``ArrayCatalogError``.
    public func resolve(
        _ reference: ArrayReference,
        in namespace: Namespace
    ) async throws(ArrayCatalogError) -> ResolvedArray {
        for _ in 0..<Self.attemptsMax {
            let node = try node(reference, in: namespace)
            switch node.fact.kind {
            case .group: throw .groupNotSliceable(reference)
            case .unreadable(let note): throw .metadataUnreadable(reference, note: note)
            case .array: break
            }
            let identity = ArrayCatalogCache.Identity(node)
            if let metadata = cache.withLock({ $0.metadata(of: identity) }) {
                return ResolvedArray(namespace: namespace, node: node, metadata: metadata)
            }
            let content = try await onDiskThread { catalog throws(ArrayCatalogError) in
                var budget = DocumentBudget()
                return try catalog.content(of: node, &budget)
            }
            switch content {
            case .array(let metadata):
                let lean = metadata.withoutAttributes
                if lean.keptBytes <= ArrayCatalogLimits.cachedMetadataBytesMax {
                    cache.withLock { $0.keep(lean, for: identity) }
                }
                return ResolvedArray(namespace: namespace, node: node, metadata: lean)
            case .unreadable(let note): throw .metadataUnreadable(reference, note: note)
            case .group: throw .groupNotSliceable(reference)
            case .changing: continue
            }
        }
        throw .metadataReplaced(reference)
    }

    /// Finds the array that a reference names if its metadata is in memory; else nil.
    ///
    /// Takes some microseconds and never waits, so it may be called on an event loop.
    ///
    /// - Throws: ``ArrayCatalogError``, but for what only metadata itself can tell.
    public func resolveNow(
        _ reference: ArrayReference,
        in namespace: Namespace
    ) throws(ArrayCatalogError) -> ResolvedArray? {
        let node = try node(reference, in: namespace)
        guard case .array = node.fact.kind else { return nil }
        guard let metadata = cache.withLock({ $0.metadata(of: .init(node)) }) else { return nil }
        return ResolvedArray(namespace: namespace, node: node, metadata: metadata)
    }

    /// The metadata of an array that was resolved before, if it is in memory; never waits.
    func metadataNow(of node: CatalogNode) -> ArrayMetadata? {
        cache.withLock { $0.metadata(of: .init(node)) }
    }

    /// The node that a reference names.
    ///
    /// - Throws: ``ArrayCatalogError/arrayMissing(_:tags:)`` or ``ArrayCatalogError/store(_:)``.
    func node(
        _ reference: ArrayReference,
        in namespace: Namespace
    ) throws(ArrayCatalogError) -> CatalogNode {
        do {
            if let digest = reference.digest {
                return try node(reference, committed: digest, in: namespace)
            }
            if let node = try store.node(reference.place, in: namespace) { return node }
            let roots = try store.nodes(
                in: namespace,
                namePrefix: reference.name,
                scope: .roots,
                after: nil,
                limit: ArrayCatalogLimits.tagsInErrorMax
            )
            let tags = roots.filter { $0.place.name.utf8.elementsEqual(reference.name.utf8) }
                .map(\.place.tag)
            throw ArrayCatalogError.arrayMissing(reference, tags: tags)
        } catch let error as StoreError {
            throw .store(error)
        } catch let error as ArrayCatalogError {
            throw error
        } catch {
            throw .store(.indexFailed)
        }
    }

    /// What the metadata of a node says; blocks.
    func content(
        of node: CatalogNode,
        _ budget: inout DocumentBudget
    ) throws(ArrayCatalogError) -> ArrayDescription.Content {
        if case .unreadable(let note) = node.fact.kind { return .unreadable(note: note) }
        let key = node.metadataKey
        guard let bytes = try document(key, of: node, sequence: node.sequence, &budget) else {
            return .changing
        }
        guard let file = MetadataFile(lastSegment: lastSegment(node.metadataKey)) else {
            return .unreadable(note: "The metadata key has an unknown name.")
        }
        switch NodeRecognition.recognise(file, bytes: bytes) {
        case .array(let metadata):
            guard file == .zarr2Array else { return .array(metadata) }
            return .array(metadata.with(attributes: try attributesFile(of: node, &budget)))
        case .group:
            switch file {
            case .zarr3:
                let document = try? JSONValue(parsing: bytes)
                return .group(attributes: document?["attributes"] ?? .object([]))
            case .zarr2Group, .zarr2Array:
                return .group(attributes: try attributesFile(of: node, &budget))
            case .hubInfo:
                return .group(attributes: (try? JSONValue(parsing: bytes)) ?? .object([]))
            }
        case .unreadable(let error): return .unreadable(note: error.description)
        case .foreign: return .changing
        }
    }

    /// Runs blocking work on a disk thread, on the account of the current task.
    func onDiskThread<Value: Sendable>(
        _ work: @escaping @Sendable (ArrayCatalog) throws(ArrayCatalogError) -> Value
    ) async throws(ArrayCatalogError) -> Value {
        let result: Result<Value, ArrayCatalogError>
        do {
            result = try await store.diskPool.run(on: WorkAccount.current) {
                do throws(ArrayCatalogError) {
                    return .success(try work(self))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            // The pool refuses only when the store closes or the caller has gone.
            throw .store(.closed)
        }
        return try result.get()
    }

    /// The attributes that Zarr v2 keeps beside an array or a group.
    private func attributesFile(
        of node: CatalogNode,
        _ budget: inout DocumentBudget
    ) throws(ArrayCatalogError) -> JSONValue {
        guard let bytes = try document(node.attributesKey, of: node, sequence: nil, &budget),
            let value = try? JSONValue(parsing: bytes), value.members != nil
        else { return .object([]) }
        return value
    }

    /// The bytes of a small object beside a node; nil if it is not there, is too long, or is not
    /// the one that change number `sequence` wrote.
    func document(
        _ key: String,
        of node: CatalogNode,
        sequence: Int64?,
        _ budget: inout DocumentBudget
    ) throws(ArrayCatalogError) -> [UInt8]? {
        // One that was replaced, or whose bytes moved in the log, is looked up again.
        for _ in 0..<Self.documentAttemptsMax {
            do {
                guard let entry = try store.lookUp(key, line: node.line),
                    sequence == nil || entry.sequence == sequence,
                    entry.sizeBytes <= Int64(ArrayLimits.metadataBytesMax)
                else { return nil }
                budget.take(entry.sizeBytes)
                let bytes = try store.readBlocking(entry, range: 0..<entry.sizeBytes)
                return Array(bytes.readableBytesView)
            } catch StoreError.objectReplaced {
                continue
            } catch {
                throw .store(error)
            }
        }
        return nil
    }

    private static let documentAttemptsMax = 4

    private func lastSegment(_ key: String) -> String {
        String(key.split(separator: "/").last ?? "")
    }
}

extension ArrayReference {
    /// Where the engine's catalog knows what this names.
    var place: ArrayPlace { ArrayPlace(name: name, tag: tag, member: member) }
}

extension ArrayMetadata {
    /// The same metadata with other attributes.
    func with(attributes: JSONValue) -> ArrayMetadata {
        ArrayMetadata(
            dialect: dialect,
            shape: shape,
            dataType: dataType,
            chunkShape: chunkShape,
            chunkKeys: chunkKeys,
            codecs: codecs,
            fillValue: fillValue,
            dimensionNames: dimensionNames,
            attributes: attributes
        )
    }

    /// The same metadata without attributes, which may be large and which no reader of chunks
    /// needs.
    var withoutAttributes: ArrayMetadata { with(attributes: .object([])) }

    /// About how many bytes the parts of any length have, attributes left out.
    var keptBytes: Int {
        let names = (dimensionNames ?? []).reduce(0) { $0 + ($1?.utf8.count ?? 0) }
        let fill = fillValue.bytes.count + fillValue.spelling.serialized().count
        return names + fill + codecs.reduce(0) { $0 + $1.keptBytes }
    }
}

extension CodecDescription {
    fileprivate var keptBytes: Int {
        switch self {
        case .unknown(let name, let configuration):
            name.utf8.count + configuration.serialized().count
        case .sharding(let shards):
            (shards.codecs + shards.indexCodecs).reduce(0) { $0 + $1.keptBytes }
        case .transpose, .bytes, .gzip, .zlib, .zstandard, .blosc, .crc32c: 0
        }
    }
}
