import ArrayModel
import NIOCore
import ObjectStorage
import StorageModel

/// The metadata of an array or group as it is stored, to be changed in place: members that Nave does not
/// know stay as they are.
struct MetadataDocument: Sendable {
    /// What it describes, as it was found.
    let node: CatalogNode
    let namespace: Namespace
    /// The whole document.
    private(set) var content: JSONValue
    /// The number of the change that wrote it.
    var sequence: Int64
    /// The extents of the array before a shrink that still has chunks to delete; nil if none has.
    ///
    /// It is kept as user metadata of the stored document.
    var formerShape: [Int]?

    /// The name of the user metadata that holds ``formerShape``, as a JSON list.
    static let formerShapeHeader = "nave-former-shape"

    /// Reads the document of a node; blocks.
    ///
    /// - Throws: ``ArrayWriteError/arrayChanged`` if it was replaced since the node was found, and
    ///   ``ArrayWriteError/store(_:)``.
    init(
        of node: CatalogNode,
        in namespace: Namespace,
        _ store: ObjectStore
    ) throws(ArrayWriteError) {
        self.node = node
        self.namespace = namespace
        sequence = node.sequence
        let bytes: ByteBuffer
        do throws(StoreError) {
            guard let entry = try store.lookUp(node.metadataKey, line: node.line),
                entry.sequence == node.sequence
            else { throw StoreError.objectReplaced }
            formerShape = Self.formerShape(entry.attributes)
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

    /// What the document says of an array now.
    ///
    /// - Throws: ``ArrayWriteError/specificationInvalid(_:)``.
    func metadata() throws(ArrayWriteError) -> ArrayMetadata {
        switch try recognised() {
        case .array(let metadata): return metadata
        case .unreadable(let error): throw .specificationInvalid(.metadata(error))
        case .group, .foreign: throw .arrayChanged
        }
    }

    /// Checks that the document still describes a group.
    ///
    /// - Throws: ``ArrayWriteError/specificationInvalid(_:)``.
    func requireGroup() throws(ArrayWriteError) {
        switch try recognised() {
        case .group: break
        case .unreadable(let error): throw .specificationInvalid(.metadata(error))
        case .array, .foreign: throw .arrayChanged
        }
    }

    /// What S3 clients are told of the document, and what the next change of it has to know.
    var attributes: ObjectAttributes {
        var attributes = ArrayWriter.documentAttributes
        if let formerShape {
            let text = String(decoding: JSONValue.integers(formerShape).serialized(), as: UTF8.self)
            attributes.userMetadata.append(HeaderField(Self.formerShapeHeader, text))
        }
        return attributes
    }

    private func recognised() throws(ArrayWriteError) -> NodeRecognition {
        let name = node.metadataKey.split(separator: "/").last.map(String.init) ?? ""
        guard let file = MetadataFile(lastSegment: name) else { throw .arrayChanged }
        return NodeRecognition.recognise(file, bytes: content.serialized())
    }

    private static func formerShape(_ attributes: ObjectAttributes) -> [Int]? {
        let field = attributes.userMetadata.first { $0.name == formerShapeHeader }
        guard let field, let value = try? JSONValue(parsing: Array(field.value.utf8)) else {
            return nil
        }
        let extents = value.elements?.compactMap(\.integer) ?? []
        return extents.count == value.elements?.count ? extents : nil
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

/// The attributes that Zarr v2 keeps in a document beside an array or a group, which may not be there.
struct AttributesDocument: Sendable {
    /// The key, in the line.
    let key: String
    /// The attributes, none if there is no document; nil if there is one that is no JSON object, or is longer
    /// than ``ArrayLimits/metadataBytesMax``.
    let content: JSONValue?
    /// What holds as long as nobody replaces it.
    let expectation: KeyExpectation

    /// Reads the document beside a node; blocks.
    ///
    /// - Throws: ``ArrayWriteError/arrayChanged`` if it was replaced meanwhile, and
    ///   ``ArrayWriteError/store(_:)``.
    init(beside node: CatalogNode, _ store: ObjectStore) throws(ArrayWriteError) {
        key = node.attributesKey
        do throws(StoreError) {
            guard let entry = try store.lookUp(key, line: node.line) else {
                content = .object([])
                expectation = .absent
                return
            }
            expectation = .sequence(entry.sequence)
            guard entry.sizeBytes <= Int64(ArrayLimits.metadataBytesMax) else {
                content = nil
                return
            }
            let bytes = try store.readBlocking(entry, range: 0..<entry.sizeBytes)
            let value = try? JSONValue(parsing: Array(bytes.readableBytesView))
            content = value?.members == nil ? nil : value
        } catch {
            throw error == .objectReplaced ? .arrayChanged : .store(error)
        }
    }
}
