import ArrayModel
import ObjectStorage
import StorageModel

extension ZarrView {
    /// Many chunks of one array, as one state of its line has them.
    public struct ChunkList: Sendable {
        /// A chunk that is stored.
        public struct Chunk: Sendable {
            /// Its key in the array's line.
            public let key: String
            /// What the store knows of it.
            public let entry: ObjectEntry
        }

        /// One element for each key that was asked for, in their order; nil for what is not stored.
        public let chunks: [Chunk?]
        /// The array, if its chunks are given decoded; nil if they are given as they are stored.
        public let decoded: ResolvedArray?
    }

    /// How often chunks that are replaced while they are opened are looked up again.
    private static let openingAttemptsMax = 16

    /// Finds an array or a group that a reference names, as a path to its document would.
    ///
    /// - Returns: Nil if nothing is there.
    /// - Throws: ``ArrayCatalogError/store(_:)``.
    public func find(
        _ reference: ArrayReference,
        in namespace: Namespace
    ) async throws(ArrayCatalogError) -> Found? {
        guard let path = ZarrPath(documentOf: reference) else { return nil }
        if let found = try findNow(path, in: namespace) { return found }
        return try await findImplied(path, in: namespace)
    }

    /// Looks many chunks up, all at one state of the array's line.
    ///
    /// - Parameters:
    ///   - keys: Keys of chunks below the array, as ``ZarrPath/isChunkKey(_:)`` has them.
    ///   - found: The array.
    ///   - namespace: Where it is.
    ///   - open: Runs with the chunks on a thread that may wait. If it throws
    ///     `StoreError.objectReplaced`, a writer replaced a chunk meanwhile, and all begins anew.
    /// - Returns: What `open` made of them.
    /// - Throws: ``ArrayCatalogError``, any case.
    public func withChunks<Value: Sendable>(
        _ keys: [String],
        of found: Found,
        in namespace: Namespace,
        _ open: @escaping @Sendable (ChunkList) throws(StoreError) -> Value
    ) async throws(ArrayCatalogError) -> Value {
        let places = try await places(keys, of: found, in: namespace)
        return try await catalog.onDiskThread { catalog throws(ArrayCatalogError) -> Value in
            for _ in 0..<Self.openingAttemptsMax {
                do throws(StoreError) {
                    return try open(try places.lookUp(in: catalog.store))
                } catch {
                    guard error == .objectReplaced else { throw .store(error) }
                }
            }
            throw .metadataReplaced(found.reference(in: namespace))
        }
    }

    private func places(
        _ keys: [String],
        of found: Found,
        in namespace: Namespace
    ) async throws(ArrayCatalogError) -> ChunkPlaces {
        let node = found.node
        if case .group = node.fact.kind {
            throw .groupNotSliceable(found.reference(in: namespace))
        }
        guard node.fact.dialect != .zarr3 else {
            let keys = keys.map { Self.key($0, below: node) }
            return ChunkPlaces(line: node.line, keys: keys, decoded: nil)
        }
        let array = try await catalog.resolve(found.reference(in: namespace), in: namespace)
        let isDecoded = reader.presentation(of: array) == .decoded
        return ChunkPlaces(
            line: array.node.line,
            keys: keys.map { key in
                let one = Found(node: array.node, key: key, digest: found.digest)
                switch source(one, array) {
                case .stored(let key), .decoded(let key, _): return key
                case .missing: return nil
                }
            },
            decoded: isDecoded ? array : nil
        )
    }
}

/// Where chunks of an array are in its line; nil for a key that no chunk of it has.
private struct ChunkPlaces: Sendable {
    let line: LineID
    let keys: [String?]
    let decoded: ResolvedArray?

    func lookUp(in store: ObjectStore) throws(StoreError) -> ZarrView.ChunkList {
        let known = keys.compactMap(\.self)
        var entries = try store.lookUp(known, line: line)[...]
        let chunks = keys.map { key -> ZarrView.ChunkList.Chunk? in
            guard let key, let entry = entries.popFirst() ?? nil else { return nil }
            return ZarrView.ChunkList.Chunk(key: key, entry: entry)
        }
        return ZarrView.ChunkList(chunks: chunks, decoded: decoded)
    }
}
