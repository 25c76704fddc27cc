import ArrayModel
import ObjectStorage
import StorageModel

extension ArrayCatalog {
    /// The most arrays of which a difference says what its chunks are.
    private static let comparedArraysMax = 1000

    /// The node that a reference names in what was committed.
    ///
    /// - Throws: ``ArrayCatalogError/arrayMissing(_:tags:)`` or ``ArrayCatalogError/store(_:)``.
    func node(
        _ reference: ArrayReference,
        committed digest: String,
        in namespace: Namespace
    ) throws(ArrayCatalogError) -> CatalogNode {
        let found: CatalogNode?
        do {
            let manifest = try (try? ManifestDigest(digest)).flatMap {
                try store.manifest($0, in: namespace)
            }
            found = try manifest.flatMap {
                try store.node(path: reference.member, line: $0.line)
            }
        } catch let error as StoreError {
            throw .store(error)
        } catch {
            throw .store(.indexFailed)
        }
        guard let found else { throw .arrayMissing(reference, tags: []) }
        return found
    }

    /// What the metadata of the arrays says in whose folders some keys lie, by the paths of the folders.
    ///
    /// - Parameters:
    ///   - keys: Keys of the lines.
    ///   - lines: Where to look for the arrays, in this order.
    /// - Returns: The arrays that can be read, of at most ``comparedArraysMax``.
    /// - Throws: ``ArrayCatalogError/store(_:)``.
    public func arrays(
        around keys: [String],
        in lines: [LineID]
    ) async throws(ArrayCatalogError) -> [String: ArrayMetadata] {
        try await onDiskThread { catalog throws(ArrayCatalogError) in
            var arrays: [String: ArrayMetadata] = [:]
            var seen: Set<String> = []
            var budget = DocumentBudget()
            for key in keys {
                var folder = CatalogFile.folder(of: key)
                while seen.insert(folder).inserted, arrays.count < Self.comparedArraysMax {
                    arrays[folder] = try catalog.array(at: folder, in: lines, &budget)
                    guard arrays[folder] == nil, !folder.isEmpty else { break }
                    folder = CatalogFile.folder(of: folder)
                }
            }
            return arrays
        }
    }

    private func array(
        at path: String,
        in lines: [LineID],
        _ budget: inout DocumentBudget
    ) throws(ArrayCatalogError) -> ArrayMetadata? {
        for line in lines {
            let node: CatalogNode?
            do {
                node = try store.node(path: path, line: line)
            } catch {
                throw .store(error)
            }
            guard let node, case .array = node.fact.kind else { continue }
            if case .array(let metadata) = try content(of: node, &budget) { return metadata }
        }
        return nil
    }
}
