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
        guard let line = try line(committed: digest, in: namespace) else {
            throw .arrayMissing(reference, tags: [])
        }
        let found: CatalogNode?
        do {
            found = try store.node(path: reference.member, line: line)
        } catch {
            throw .store(error)
        }
        guard let found else { throw .arrayMissing(reference, tags: []) }
        return found
    }

    /// The line that shows what was committed; nil if no such commit is kept.
    ///
    /// - Throws: ``ArrayCatalogError/store(_:)``.
    func line(
        committed digest: String,
        in namespace: Namespace
    ) throws(ArrayCatalogError) -> LineID? {
        guard let digest = try? ManifestDigest(digest) else { return nil }
        do {
            return try store.manifest(digest, in: namespace)?.line
        } catch {
            throw .store(error)
        }
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
