import ArrayModel
import ObjectStorage
import StorageModel

extension ObjectStore {
    /// Deletes the objects of many keys.
    ///
    /// - Returns: How many there were.
    /// - Throws: `StoreError`, a sealed version among them.
    @discardableResult
    func deleteAll(
        _ keys: [ObjectKey],
        in namespace: Namespace,
        actor: PrincipalName?
    ) async throws(StoreError) -> Int {
        var deleted = 0
        for outcome in try await delete(keys, in: namespace, actor: actor) {
            switch outcome {
            case .deleted: deleted += 1
            case .absent: break
            case .sealed(let version): throw .version(.sealed(version))
            }
        }
        return deleted
    }
}

extension ArrayWriter {
    /// Deletes an array or a group with everything below it.
    ///
    /// Keys go in the order of a listing, some at a time, and the metadata at the root with the last: who
    /// is interrupted finds the array still listed, and deletes it again. A whole version is gone at once,
    /// with the commits that nothing else goes on from; its room comes back in the background.
    ///
    /// - Returns: How many keys were deleted; nil if those of a version were never counted.
    /// - Throws: ``ArrayWriteError``.
    public func delete(
        _ reference: ArrayReference,
        in namespace: Namespace
    ) async throws(ArrayWriteError) -> Int? {
        let node = try node(reference, in: namespace)
        let names = ArrayKeys(node, in: namespace)
        let folder = node.path.isEmpty ? "" : node.path + "/"
        let isWholeLine = folder.isEmpty && node.line != namespace.line
        if isWholeLine { return try await deleteVersion(node.place, namespace) }
        guard !folder.isEmpty else {
            // An array at the root of a namespace: everything else there is not below it.
            return try await deleteAll([try names.key(node.metadataKey)], namespace)
        }
        // Nobody writes a chunk behind the walk.
        return try await locks.withLocks([.alone(names.folderLock)]) {
            () async throws(ArrayWriteError) in
            try await deleteAll(below: folder, node, names, namespace)
        }
    }

    private func deleteAll(
        below folder: String,
        _ node: CatalogNode,
        _ names: ArrayKeys,
        _ namespace: Namespace
    ) async throws(ArrayWriteError) -> Int {
        var kept: [String] = []
        var deleted = 0
        var marker: String?
        while true {
            let page = try await keys(folder, of: node, after: marker)
            var keys: [ObjectKey] = []
            for key in page {
                // The root's own documents come last.
                if CatalogFile.folder(of: key) == node.path, CatalogFile.namesMetadata(key) {
                    kept.append(key)
                } else {
                    keys.append(try names.key(key))
                }
            }
            deleted += try await deleteAll(keys, namespace)
            marker = page.last
            if page.count < limits.listedKeysMax { break }
        }
        var documents: [ObjectKey] = []
        for key in kept { documents.append(try names.key(key)) }
        return deleted + (try await deleteAll(documents, namespace))
    }

    private func deleteVersion(
        _ place: ArrayPlace,
        _ namespace: Namespace
    ) async throws(ArrayWriteError) -> Int? {
        let version = VersionName(trustedName: place.name, tag: place.tag)
        do throws(StoreError) {
            let total = try store.versionState(version, in: namespace)?.total
            try await store.deleteVersion(version, in: namespace, actor: actor)
            return total.map { Int(clamping: $0.keys) }
        } catch {
            throw .store(error)
        }
    }

    private func keys(
        _ prefix: String,
        of node: CatalogNode,
        after marker: String?
    ) async throws(ArrayWriteError) -> [String] {
        let (store, limit) = (store, limits.listedKeysMax)
        return try await blocking { () throws(ArrayWriteError) in
            do throws(StoreError) {
                return try store.list(
                    prefix: prefix,
                    line: node.line,
                    after: marker,
                    limit: limit
                ).map(\.key.text)
            } catch {
                throw .store(error)
            }
        }
    }

    private func deleteAll(
        _ keys: [ObjectKey],
        _ namespace: Namespace
    ) async throws(ArrayWriteError) -> Int {
        guard !keys.isEmpty else { return 0 }
        do throws(StoreError) {
            return try await store.deleteAll(keys, in: namespace, actor: actor)
        } catch {
            throw .store(error)
        }
    }
}
