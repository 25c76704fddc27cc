import ArrayModel
import Checksums
import ObjectStorage
import StorageModel

/// Shows arrays and groups of every dialect as Zarr v3: which document and which chunks a client finds
/// at which keys.
///
/// Chunks are given as they are stored wherever Zarr v3 has words for their codecs that its readers
/// know; where it has not and this server can decode them, they are given decoded; where neither is
/// so, they are given as they are stored, and the document names the codec that is missing.
public struct ZarrView: Sendable {
    let catalog: ArrayCatalog
    let reader: ArrayReader

    /// Makes a view of what a catalog finds and a reader reads.
    public init(catalog: ArrayCatalog, reader: ArrayReader) {
        self.catalog = catalog
        self.reader = reader
    }

    // MARK: - Finding

    /// An array or group that a path led to.
    public struct Found: Hashable, Sendable {
        /// The array or group.
        public let node: CatalogNode
        /// The key after its path.
        public let key: String
        /// The digest of the commit that it is shown of; nil for what is there now.
        let digest: String?

        /// The reference that leads to it.
        func reference(in namespace: Namespace) -> ArrayReference {
            guard let digest else { return node.reference(in: namespace) }
            return ArrayReference(
                namespace: namespace.name.text,
                name: node.place.name,
                explicitTag: nil,
                digest: digest,
                member: node.path
            )
        }
    }

    /// Finds what a path names, looking at no more than some paths; nil if that is not it.
    ///
    /// Some microseconds for each of ``ZarrPath/cuts``; never waits, so it may be called on an event
    /// loop.
    ///
    /// - Throws: ``ArrayCatalogError/store(_:)``.
    public func findNow(
        _ path: ZarrPath,
        in namespace: Namespace
    ) throws(ArrayCatalogError) -> Found? {
        try find(path, in: namespace) { path.place(cut: $0) }
    }

    /// Finds what a path without a tag names, among the members of versions that are called `latest`.
    ///
    /// - Throws: ``ArrayCatalogError/store(_:)``.
    public func findImplied(
        _ path: ZarrPath,
        in namespace: Namespace
    ) async throws(ArrayCatalogError) -> Found? {
        guard !path.impliedNames.isEmpty else { return nil }
        let view = self
        return try await catalog.onDiskThread { _ throws(ArrayCatalogError) -> Found? in
            for name in path.impliedNames {
                let root = path.impliedPlace(name: name, cut: name)
                guard let version = try view.node(root, committed: nil, in: namespace),
                    version.line != namespace.line
                else { continue }
                let found = try view.find(path, in: namespace) { cut in
                    cut < name ? nil : path.impliedPlace(name: name, cut: cut)
                }
                if let found { return found }
            }
            return nil
        }
    }

    private func find(
        _ path: ZarrPath,
        in namespace: Namespace,
        place: (Int) -> ArrayPlace?
    ) throws(ArrayCatalogError) -> Found? {
        let committed = try path.digest.map { digest throws(ArrayCatalogError) in
            try catalog.line(committed: digest, in: namespace)
        }
        for cut in path.cuts {
            guard let place = place(cut),
                let node = try node(place, committed: committed, in: namespace)
            else { continue }
            // A group has no chunks; what looks like one is of an array further down, or of none.
            if path.key == .chunk, node.fact.kind == .group { continue }
            return Found(node: node, key: path.key(cut: cut), digest: path.digest)
        }
        return nil
    }

    /// The node at a place: as it is now, or in what was committed, if a line is given for that.
    private func node(
        _ place: ArrayPlace,
        committed: LineID??,
        in namespace: Namespace
    ) throws(ArrayCatalogError) -> CatalogNode? {
        do throws(StoreError) {
            if let committed {
                guard let committed else { return nil }
                return try catalog.store.node(path: place.member, line: committed)
            }
            return try catalog.store.node(place, in: namespace)
        } catch {
            throw .store(error)
        }
    }

    // MARK: - Chunks

    /// Where the bytes of a chunk come from.
    public enum ChunkSource: Sendable {
        /// The object at a key of the node's line, as it is.
        case stored(key: String)
        /// The object at a key of the node's line, decoded.
        case decoded(key: String, of: ResolvedArray)
        /// The array has no such chunk.
        case missing
    }

    /// Says where a chunk's bytes come from; nil if the array's metadata must be read for that.
    ///
    /// Never waits, so it may be called on an event loop.
    ///
    /// - Throws: ``ArrayCatalogError``, any case.
    public func chunkSourceNow(
        _ found: Found,
        in namespace: Namespace
    ) throws(ArrayCatalogError) -> ChunkSource? {
        let node = found.node
        if node.fact.dialect == .zarr3 {
            // As whoever wrote the array sees it, also where its metadata is not understood here.
            return .stored(key: Self.key(found.key, below: node))
        }
        if case .unreadable(let note) = node.fact.kind {
            throw .metadataUnreadable(node.reference(in: namespace), note: note)
        }
        return catalog.metadataNow(of: node).map { metadata in
            source(found, ResolvedArray(namespace: namespace, node: node, metadata: metadata))
        }
    }

    /// Says where a chunk's bytes come from; may read the array's metadata.
    ///
    /// - Throws: ``ArrayCatalogError``, any case.
    public func chunkSource(
        _ found: Found,
        in namespace: Namespace
    ) async throws(ArrayCatalogError) -> ChunkSource {
        let reference = found.reference(in: namespace)
        return source(found, try await catalog.resolve(reference, in: namespace))
    }

    func source(_ found: Found, _ array: ResolvedArray) -> ChunkSource {
        let metadata = array.metadata
        switch (metadata.dialect, reader.presentation(of: array)) {
        case (.zarr3, _): return .stored(key: Self.key(found.key, below: array.node))
        case (.zarr2, .stored): return .stored(key: Self.key(found.key, below: array.node))
        case (.zarr2, .decoded):
            guard metadata.chunkKeys.coordinates(found.key, grid: metadata.grid) != nil else {
                return .missing
            }
            return .decoded(key: Self.key(found.key, below: array.node), of: array)
        case (.hub0, let chunks):
            let shown = ChunkKeyEncoding.zarr3(.slash)
            guard let coordinates = shown.coordinates(found.key, grid: metadata.grid) else {
                return .missing
            }
            let key = array.chunkKey(coordinates)
            switch chunks {
            case .stored: return .stored(key: key)
            case .decoded: return .decoded(key: key, of: array)
            }
        }
    }

    static func key(_ key: String, below node: CatalogNode) -> String {
        node.path.isEmpty ? key : "\(node.path)/\(key)"
    }
}

extension CatalogNode {
    /// The reference that leads here.
    func reference(in namespace: Namespace) -> ArrayReference {
        ArrayReference(
            namespace: namespace.name.text,
            name: place.name,
            explicitTag: place.tag,
            member: place.member
        )
    }
}
