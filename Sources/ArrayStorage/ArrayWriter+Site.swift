import ArrayModel
import ObjectStorage
import StorageModel

/// What is created.
enum CreatedKind: Hashable, Sendable {
    case array
    case group
}

/// The folder in which an array or group is created.
struct CreationSite: Sendable {
    /// The line that its keys will be in: the version's, or the namespace's as long as there is no such version.
    let line: LineID
    /// The path of the folder in the line; empty for its root.
    let path: String
    /// What the keys begin with in the namespace.
    let keyPrefix: String

    /// The folders that it is in, from the line's root on.
    var parents: [String] {
        guard !path.isEmpty else { return [] }
        return [""] + path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) }
    }

    /// What keeps others from creating something around it or inside it, and from deleting a folder that it is
    /// in.
    var claims: [ChunkLockTable.Claim] {
        [.alone(lock(path))] + parents.map { .shared(lock($0)) }
    }

    private func lock(_ path: String) -> ChunkLockTable.Key {
        ChunkLockTable.Key(line: line, scope: .folder, path: path)
    }
}

extension ArrayWriter {
    /// Where an array or group of a reference is created.
    func site(
        of reference: ArrayReference,
        _ dialect: ArrayMetadata.Dialect,
        in namespace: Namespace
    ) throws(ArrayWriteError) -> CreationSite {
        let member = reference.member.isEmpty ? "" : "/" + reference.member
        switch dialect {
        case .hub0:
            let path = "\(reference.name)/\(reference.tag)\(member)"
            return CreationSite(line: namespace.line, path: path, keyPrefix: path + "/")
        case .zarr3, .zarr2:
            let path = "\(reference.name):\(reference.tag)\(member)"
            guard let line = try versionLine(of: reference, in: namespace) else {
                return CreationSite(line: namespace.line, path: path, keyPrefix: path + "/")
            }
            return CreationSite(line: line, path: reference.member, keyPrefix: path + "/")
        }
    }

    /// The line of the version that a reference names; nil if there is none.
    func versionLine(
        of reference: ArrayReference,
        in namespace: Namespace
    ) throws(ArrayWriteError) -> LineID? {
        let version = VersionName(trustedName: reference.name, tag: reference.tag)
        do throws(StoreError) {
            return try store.versionState(version, in: namespace)?.line
        } catch {
            throw .store(error)
        }
    }

    /// Refuses what would be inside an array, or an array with something inside.
    ///
    /// Readers of Zarr expect neither, and what is inside has keys among those of chunks.
    func refuseNesting(
        _ kind: CreatedKind,
        _ reference: ArrayReference,
        at site: CreationSite
    ) throws(ArrayWriteError) {
        for parent in site.parents {
            let node = try asking { () throws(StoreError) in
                try store.node(path: parent, line: site.line)
            }
            guard let node, node.fact.kind == .array else { continue }
            throw .insideArray(reference, Self.text(of: node))
        }
        guard kind == .array else { return }
        let folder = site.path.isEmpty ? "" : site.path + "/"
        let next = try asking { () throws(StoreError) in
            try store.nodes(line: site.line, after: folder, limit: 1)
        }.first
        guard let next, next.path.utf8.starts(with: folder.utf8) else { return }
        throw .membersInside(reference)
    }

    private static func text(of node: CatalogNode) -> String {
        let place = node.place
        return place.member.isEmpty
            ? "\(place.name):\(place.tag)" : "\(place.name):\(place.tag)/\(place.member)"
    }

    private func asking<Value>(
        _ question: () throws(StoreError) -> Value
    ) throws(ArrayWriteError) -> Value {
        do throws(StoreError) { return try question() } catch { throw .store(error) }
    }
}
