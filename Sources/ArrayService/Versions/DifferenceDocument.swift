import ArrayModel
import ArrayStorage
import StorageModel

/// How the difference of two versions is spelled in the API's JSON: changed keys, and for those of chunks
/// what part of which array they hold.
struct DifferenceDocument {
    /// The arrays of either version by the path of their folder, with what their metadata says.
    let arrays: [String: ArrayMetadata]

    /// The difference, `from` and `to` as they were asked for.
    func value(
        _ difference: LineDifference,
        from: String,
        to: String,
        next: String?
    ) -> JSONValue {
        .members([
            "from": .string(from), "to": .string(to),
            "changes": .array(difference.keys.map(change)),
            "truncated": .bool(difference.isTruncated),
            "next": next.map(JSONValue.string) ?? .null,
        ])
    }

    private func change(_ difference: KeyDifference) -> JSONValue {
        let key = difference.key.text
        var members = [
            JSONMember(name: "key", value: .string(key)),
            JSONMember(name: "change", value: .string(Self.word(difference))),
            JSONMember(name: "before", value: Self.object(difference.before)),
            JSONMember(name: "after", value: Self.object(difference.after)),
        ]
        if let chunk = chunk(key) {
            members += [
                JSONMember(name: "member", value: .string(chunk.member)),
                JSONMember(name: "chunk", value: .integers(chunk.coordinates)),
                JSONMember(name: "box", value: .array(chunk.box.map { .integers($0) })),
            ]
        }
        return .object(members)
    }

    private static func word(_ difference: KeyDifference) -> String {
        if difference.before == nil { return "added" }
        return difference.after == nil ? "removed" : "changed"
    }

    private static func object(_ object: KeyDifference.Object?) -> JSONValue {
        guard let object else { return .null }
        return .members([
            "etag": .string(object.entityTag), "bytes": .integer(Int(object.sizeBytes)),
        ])
    }

    // MARK: - Chunks

    private struct Chunk {
        let member: String
        let coordinates: [Int]
        /// Half-open per axis, clipped to the array: `[start, end]`.
        let box: [[Int]]
    }

    /// The chunk that a key names, of the array whose folder is nearest above it.
    private func chunk(_ key: String) -> Chunk? {
        var folder = CatalogFile.folder(of: key)
        while true {
            if let metadata = arrays[folder] { return chunk(key, in: folder, metadata) }
            guard !folder.isEmpty else { return nil }
            folder = CatalogFile.folder(of: folder)
        }
    }

    private func chunk(_ key: String, in folder: String, _ metadata: ArrayMetadata) -> Chunk? {
        let prefixBytes = folder.isEmpty ? 0 : folder.utf8.count + 1
        let relative = String(decoding: key.utf8.dropFirst(prefixBytes), as: UTF8.self)
        let grid = metadata.grid
        guard let coordinates = metadata.chunkKeys.coordinates(relative, grid: grid) else {
            return nil
        }
        let box = coordinates.indices.map { axis -> [Int] in
            let start = coordinates[axis] * grid.chunkShape[axis]
            return [start, min(start + grid.chunkShape[axis], grid.shape[axis])]
        }
        return Chunk(member: folder, coordinates: coordinates, box: box)
    }
}
