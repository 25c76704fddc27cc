import ArrayModel
import NIOCore
import ObjectStorage
import StorageModel

/// The metadata of an array as it is stored, to be changed in place: members that Nave does not know
/// stay as they are.
struct MetadataDocument: Sendable {
    let resolved: ResolvedArray
    /// The whole document.
    private(set) var content: JSONValue

    /// Reads the document of an array; blocks.
    ///
    /// - Throws: ``ArrayWriteError/arrayChanged`` if it was replaced since the array was resolved, and
    ///   ``ArrayWriteError/store(_:)``.
    init(of resolved: ResolvedArray, _ store: ObjectStore) throws(ArrayWriteError) {
        self.resolved = resolved
        let bytes: ByteBuffer
        do throws(StoreError) {
            guard
                let entry = try store.lookUp(resolved.node.metadataKey, line: resolved.line),
                entry.sequence == resolved.node.sequence
            else { throw StoreError.objectReplaced }
            bytes = try store.readBlocking(entry, range: 0..<entry.sizeBytes)
        } catch {
            throw error == .objectReplaced ? .arrayChanged : .store(error)
        }
        guard let content = try? JSONValue(parsing: Array(bytes.readableBytesView)) else {
            throw .arrayChanged
        }
        self.content = content
    }

    /// Gives a member another value, in its place.
    mutating func set(_ name: String, _ value: JSONValue) {
        content = content.setting(name, value)
    }

    /// What the document says now.
    ///
    /// - Throws: ``ArrayWriteError/specificationInvalid(_:)``.
    func metadata() throws(ArrayWriteError) -> ArrayMetadata {
        let file: MetadataFile =
            switch resolved.metadata.dialect {
            case .zarr3: .zarr3
            case .zarr2: .zarr2Array
            case .hub0: .hubInfo
            }
        switch NodeRecognition.recognise(file, bytes: content.serialized()) {
        case .array(let metadata): return metadata
        case .unreadable(let error): throw .specificationInvalid(.metadata(error))
        case .group, .foreign: throw .arrayChanged
        }
    }
}

extension JSONValue {
    /// The same object with another value of one member, which keeps its place or comes last.
    func setting(_ name: String, _ value: JSONValue) -> JSONValue {
        var members = self.members ?? []
        let member = JSONMember(name: name, value: value)
        if let index = members.lastIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            members[index] = member
        } else {
            members.append(member)
        }
        return .object(members)
    }

    /// This value after a merge patch.
    ///
    /// Source: RFC 7396, section 2, "Processing Merge Patch Documents".
    func merging(_ patch: JSONValue) -> JSONValue {
        guard let changes = patch.members else { return patch }
        var merged = members ?? []
        for change in changes {
            let index = merged.lastIndex { $0.name.utf8.elementsEqual(change.name.utf8) }
            if change.value == .null {
                if let index { merged.remove(at: index) }
                continue
            }
            let before = index.map { merged[$0].value } ?? .null
            let member = JSONMember(name: change.name, value: before.merging(change.value))
            if let index { merged[index] = member } else { merged.append(member) }
        }
        return .object(merged)
    }
}

/// A small document beside an array, which may not be there.
struct StoredDocument: Sendable {
    /// Its content; an empty object if there is none, or it is none.
    let content: JSONValue
    /// What holds as long as nobody replaces it.
    let expectation: KeyExpectation

    /// Reads the document of a key; blocks.
    ///
    /// - Throws: ``ArrayWriteError/arrayChanged`` if it was replaced meanwhile, and
    ///   ``ArrayWriteError/store(_:)``.
    init(_ key: String, line: LineID, _ store: ObjectStore) throws(ArrayWriteError) {
        do throws(StoreError) {
            guard let entry = try store.lookUp(key, line: line) else {
                content = .object([])
                expectation = .absent
                return
            }
            expectation = .sequence(entry.sequence)
            guard entry.sizeBytes <= Int64(ArrayLimits.metadataBytesMax) else {
                content = .object([])
                return
            }
            let bytes = try store.readBlocking(entry, range: 0..<entry.sizeBytes)
            let value = try? JSONValue(parsing: Array(bytes.readableBytesView))
            content = value?.members == nil ? .object([]) : value ?? .object([])
        } catch {
            throw error == .objectReplaced ? .arrayChanged : .store(error)
        }
    }
}
